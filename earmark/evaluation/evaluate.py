"""Judge a model on clips it never saw: metrics, predictions, plots and the report, as one folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt

from earmark.config import Params
from earmark.errors import EarmarkError
from earmark.evaluation import metrics, plots, tables
from earmark.evaluation.baselines import LogisticRegression
from earmark.evaluation.confounds import read_confounds
from earmark.evaluation.findings import findings
from earmark.evaluation.material import Material
from earmark.evaluation.page import Figures
from earmark.evaluation.predictions import Answers, predict
from earmark.evaluation.report import Report, render
from earmark.evaluation.scorecard import scorecard
from earmark.evaluation.style import DARK, LIGHT, png
from earmark.provenance import Provenance
from earmark.serving.predictor import Predictor
from earmark.store import replacing_folder


@dataclass(frozen=True)
class Model:
    """What an evaluation reads of a model folder: provenance, summary of the training, and its course by epoch."""

    record: dict[str, Any]
    training: dict[str, Any]
    history: dict[str, list[float]]

    @classmethod
    def read(cls, folder: Path) -> Model:
        """Read a model folder; raises EarmarkError if it is incomplete."""
        try:
            record, training = (
                json.loads((folder / name).read_text()) for name in ("provenance.json", "training.json")
            )
            return cls(record, training, tables.read_history(folder / "history.csv"))
        except (OSError, ValueError) as error:
            raise EarmarkError(f"{folder}: not a complete model folder ({error}); run `earmark train`") from None


def evaluate(
    params: Params,
    prepared: Path,
    mels: Sequence[Path],
    confounds: Path,
    model: Path,
    output: Path,
    provenance: Provenance,
) -> dict[str, Any]:
    """Judge ``model`` on the val, test, unseen and external clips of ``prepared`` and write the folder ``output``.

    ``mels`` are the shards that hold the clips' images, ``confounds`` the folder of the confound probes. Returns what
    is in ``metrics.json``. Raises EarmarkError if a part is incomplete or they do not belong together.
    """
    material, trained = Material.read(prepared), Model.read(model)
    if not material.of("test"):
        raise EarmarkError(f"{prepared}: no clip is in the test split; nothing to judge")
    chosen = material.examples()
    reference = LogisticRegression.load(model)
    rows, keep = material.of(*material.judged), {row["clip_id"] for row in chosen.values()}
    answers = predict(rows, mels, Predictor.load(model), reference.probabilities, keep)
    card = scorecard(params, material, answers, str(trained.record["key"]))
    images = {label: answers.images[row["clip_id"]] for label, row in chosen.items()}
    probed = read_confounds(confounds)
    found = findings(card, material, trained.training, probed)
    report = Report(params, material, trained.training, card, answers.head, probed, found)
    with replacing_folder(output) as folder:
        _write(folder, report, answers, trained, images, provenance)
    return card


def _write(
    folder: Path,
    report: Report,
    answers: Answers,
    trained: Model,
    images: dict[str, npt.NDArray[Any]],
    provenance: Provenance,
) -> None:
    (folder / "metrics.json").write_text(json.dumps(report.metrics, indent=2, ensure_ascii=False) + "\n")
    answers.head.write(folder / "predictions.parquet", provenance)
    figures = _figures(report, trained, images)
    _write_plots(folder / "plots", report, figures)
    (folder / "report").mkdir()
    (folder / "report" / "index.html").write_text(render(report, figures, provenance), encoding="utf-8")
    provenance.write(folder)


def _figures(report: Report, trained: Model, images: dict[str, npt.NDArray[Any]]) -> Figures:
    test = report.predictions.of("test")
    counts = metrics.confusion_matrix(test.truth, test.predicted, len(test.labels))
    bins = metrics.calibration(test.truth, test.probabilities)
    drawings = {
        "confusion": partial(plots.confusion, counts=counts, labels=test.labels),
        "curves": partial(plots.curves, history=trained.history, best_epoch=int(trained.training["best_epoch"])),
        "calibration": partial(plots.calibration, bins=bins),
        "examples": partial(plots.examples, images=images, features=report.params.features),
    }
    return {name: {theme.name: png(draw, theme) for theme in (LIGHT, DARK)} for name, draw in drawings.items()}


def _write_plots(folder: Path, report: Report, figures: Figures) -> None:
    folder.mkdir()
    test = report.predictions.of("test")
    tables.confusion(folder / "confusion.csv", test)
    tables.roc(folder / "roc.csv", test)
    tables.calibration(folder / "calibration.csv", metrics.calibration(test.truth, test.probabilities))
    for name, versions in figures.items():
        (folder / f"{name}.png").write_bytes(versions[LIGHT.name])
