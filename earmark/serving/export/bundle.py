"""The folder for a device: the model in the formats asked for, its card, a script that runs it, and what was measured.

``model.onnx``, ``model-int8.onnx``, ``model.tflite``, ``model-int8.tflite``, each ``waveform`` → ``probabilities``
with the front end inside; ``card.json`` (labels, rate, windows, calibration, provenance, figures); ``run.py``;
``README.md``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np

from earmark import __version__
from earmark.digest import file_digest
from earmark.errors import EarmarkError
from earmark.provenance import read_record
from earmark.serving.export import material, run
from earmark.serving.export.material import Clip
from earmark.serving.export.parity import TOLERANCE, USUAL, Figures, answers, figures
from earmark.serving.export.quantise import CALIBRATION, quantise
from earmark.serving.export.readme import readme
from earmark.serving.export.runner import Runner, interpreter_class, runner
from earmark.serving.export.waveform import whole
from earmark.serving.facts import read_facts
from earmark.serving.predictor import Predictor
from earmark.serving.recogniser import Recogniser
from earmark.store import replacing_folder

Format = Literal["onnx", "tflite"]
Say = Callable[[str], None]

CARD, PIPELINE = "card.json", "pipeline"
"""File with all that a program needs to know; name of the row that the others are compared with."""

OFTEN = 0.05
"""Share of the clips without labels that may get another class before that is said."""


def export(
    model: Path,
    out: Path,
    formats: Sequence[Format],
    int8: bool = False,
    most: int | None = None,
    unknown: float = 0.0,
    say: Say = lambda _: None,
) -> dict[str, Figures]:
    """Write the folder ``out`` whole or not at all; gives what was measured of the pipeline and of each file in it.

    ``most`` test clips are measured (None: all), ``unknown`` is the confidence below which there is no label, ``say``
    hears what is being done. Raises EarmarkError if the model cannot be exported, ``out`` is something else, or a float
    model does not answer as the pipeline does.
    """
    refuse_other(out)
    if "tflite" in formats:
        interpreter_class()
    predictor = Predictor.load(model, threads=1)
    rate = predictor.params.features.sample_rate
    card = _card(model, predictor, unknown)
    with _replacing(out) as folder:
        _write_models(model, folder, predictor, card, formats, int8, say)
        clips = _material(model, rate, most, say)
        measured = _measured(folder, predictor, clips)
        _refuse_different(measured)
        card["files"] = {name: file_digest(folder / name) for name in measured if name != PIPELINE}
        card["measured"] = {name: each.plain() for name, each in measured.items()}
        (folder / CARD).write_text(
            json.dumps(card, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )
        (folder / "README.md").write_text(readme(card, measured, losses(measured)), encoding="utf-8")
        shutil.copyfile(Path(run.__file__), folder / "run.py")
    return measured


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """As ``replacing_folder``, with an EarmarkError where nothing can be written."""
    try:
        with replacing_folder(out.resolve()) as folder:
            yield folder
    except OSError as error:
        raise EarmarkError(f"--out: {out} cannot be written ({error}); name another folder") from error


def refuse_other(out: Path) -> None:
    """Raise EarmarkError if ``out`` is there and no earlier export, so that nothing else is replaced.

    Nor the folder that the command runs in: it would be another one under the same name, and its user in none.
    """
    if Path.cwd().is_relative_to(out.resolve()):
        raise EarmarkError(f"--out: {out} holds the folder you are in, and is replaced as a whole; name another folder")
    if out.exists() and not (out / CARD).is_file() and not (out.is_dir() and not any(out.iterdir())):
        raise EarmarkError(f"{out}: is there and is no earlier export; name another folder by --out")


def _material(model: Path, rate: int, most: int | None, say: Say) -> list[Clip]:
    """The test clips, or made sounds where they are not at hand."""
    try:
        clips = material.clips(model, "test", rate, most)
    except material.AbsentError as error:
        say(f"warning: {error}; until then made sounds are compared, and no accuracy is measured")
        clips = []
    say(f"comparing with the pipeline on {len(clips)} clips" if clips else "comparing with the pipeline on made sounds")
    return clips or material.made(rate)


def _ranges(model: Path, rate: int) -> list[Clip]:
    """Training clips that int8 is fitted to."""
    try:
        return material.clips(model, "train", rate, CALIBRATION)
    except material.AbsentError as error:
        raise EarmarkError(f"--int8: {error}, or export without --int8") from None


def _write_models(
    model: Path,
    folder: Path,
    predictor: Predictor,
    card: dict[str, Any],
    formats: Sequence[Format],
    int8: bool,
    say: Say,
) -> None:
    import onnx

    network = whole(model, predictor, {name: card[name] for name in ("labels", "sample_rate", "model", "earmark")})
    onnx.save(network, float_model := folder / "model.onnx")
    if int8 and "onnx" in formats:
        say("measuring ranges for int8 on training clips")
        rate = predictor.params.features.sample_rate
        quantise(float_model, folder / "model-int8.onnx", _ranges(model, rate))
    if "tflite" in formats:
        from earmark.models.litert import converted

        for name, quantised in (("model", False), ("model-int8", True))[: 1 + int8]:
            say(f"converting to {name}.tflite")
            (folder / f"{name}.tflite").write_bytes(converted(network, quantised))
    if "onnx" not in formats:
        float_model.unlink()


def _measured(folder: Path, predictor: Predictor, clips: Sequence[Clip]) -> dict[str, Figures]:
    """The figures of the pipeline, then those of each model in ``folder``, the float ones first."""

    def pipeline(samples: Any) -> Any:
        answer = predictor.predict_windows(predictor.frontend.windows(samples))
        return np.array(list(answer.probabilities.values()))

    paths = sorted(folder.glob("model*"), key=lambda path: (path.suffix, len(path.name)))
    runs: dict[str, Runner] = {PIPELINE: pipeline, **{path.name: _run(path) for path in paths}}
    given = answers(runs, clips)
    return {
        name: figures(given, name, PIPELINE, predictor.labels, run, path)
        for (name, run), path in zip(runs.items(), [None, *paths], strict=True)
    }


def _run(path: Path) -> Runner:
    """An exported file; what fails when it is loaded, or at an answer, is an EarmarkError that names it."""
    with _refusing(path.name):
        run = runner(path)

    def answer(samples: Any) -> Any:
        with _refusing(path.name):
            return run(samples)

    return answer


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # both libraries have exception classes of their own for every kind of failure
        raise EarmarkError(f"{name} was written and does not run ({' '.join(str(error).split())})") from error


def _refuse_different(measured: dict[str, Figures]) -> None:
    for name, each in measured.items():
        if "int8" not in name and not each.agrees:
            raise EarmarkError(
                f"{name} does not answer as the pipeline does: on the clip {each.worst} a probability differs by "
                f"{each.difference:.2g} (allowed: {TOLERANCE:g}), on 5 % of the clips by {each.usual_difference:.2g} "
                f"or more (allowed: {USUAL:g}). Nothing was written; please report it with the model's params.yaml"
            )


def losses(measured: dict[str, Figures]) -> list[str]:
    """A sentence for each int8 model that is worse than chance explains: below the interval of its float model.

    Without labels, for each that often gives another class.
    """
    sentences = []
    for name, each in measured.items():
        interval = measured[PIPELINE].interval
        if each.accuracy is not None and interval is not None and each.accuracy < interval[0]:
            sentences.append(
                f"{name}: accuracy {each.accuracy:.3f} is below the interval of the float model, {interval[0]:.3f} to "
                f"{interval[1]:.3f}; 8 bits cost this model something: use the float file, or train it larger"
            )
        elif each.accuracy is None and each.disagreements > OFTEN * each.n:
            sentences.append(
                f"{name}: on {each.disagreements} of {each.n} made sounds it says another class than the float model; "
                "export where the recordings are to see what that costs, or use the float file"
            )
    return sentences


def _card(model: Path, predictor: Predictor, unknown: float) -> dict[str, Any]:
    record, facts = read_record(model) or {}, read_facts(model)
    recogniser = Recogniser(predictor, facts)
    return {
        "labels": predictor.labels,
        "sample_rate": recogniser.rate,
        "window_seconds": recogniser.window_seconds,
        "hop_seconds": recogniser.hop_seconds,
        "longest_seconds": recogniser.whole_seconds,
        "temperature": facts.temperature,
        "unknown_below": unknown,
        "model": record.get("key"),
        "inputs": record.get("inputs", {}),
        "earmark": __version__,
        "features": predictor.params.features.front_end(),
        "backbone": predictor.params.backbone.decisive(),
    }
