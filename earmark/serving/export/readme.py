"""The page that lies beside an exported model: how to run it, and the table of what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from earmark.serving.export.parity import Figures

HEADER = (
    "| | clips | accuracy (95 %) | other class | difference: mean, largest | size | time, 1 core (95 %) |\n"
    + "|---" * 7
    + "|"
)

TEXT = """# An earmark model for a device

Each file takes `waveform`, mono float32 samples of any length at {sample_rate} Hz in -1..1, and gives `probabilities`
of {classes}. The front end (mel image, trimming, normalisation) is inside. Resampling is not: give it {sample_rate} Hz.

```sh
pip install numpy soundfile {packages}
python run.py recording.wav            # file, label, confidence
python run.py --help
```

`run.py` cuts recordings longer than {longest_seconds:.3g} s into windows of {window_seconds:.3g} s and averages them.
{calibration} Unlike `earmark predict` it does not look for speech: silence gets a class too. `card.json` holds
labels, rate, windows, calibration, the settings of the front end, and the keys of the model and of its data.

## Measured

{table}

{warnings}On {material}; times are for {seconds:.2g} s of sound. `pipeline` is what training and `earmark predict`
compute; float models must agree with it to {usual:g} on 95 % of the clips and to {tolerance:g} on each, or nothing is
written (a pixel that falls on the other side of a half is a grey level off). Intervals count clips as independent.
"""


def readme(card: Mapping[str, Any], measured: Mapping[str, Figures], warnings: Sequence[str] = ()) -> str:
    """The page, as Markdown; ``warnings`` are sentences that stand out below the table."""
    from earmark.serving.export.parity import TOLERANCE, USUAL

    first = next(iter(measured.values()))
    suffixes = {name.rpartition(".")[2] for name in measured}
    packages = [name for suffix, name in (("onnx", "onnxruntime"), ("tflite", "ai-edge-litert")) if suffix in suffixes]
    known = card["temperature"] is not None
    return TEXT.format(
        **{name: card[name] for name in ("sample_rate", "longest_seconds", "window_seconds")},
        classes=", ".join(card["labels"]),
        packages=" ".join(packages),
        calibration="Its confidence is calibrated." if known else "Its confidence is not calibrated.",
        table=table(measured),
        warnings="".join(f"**{sentence}**\n\n" for sentence in warnings),
        material="made sounds (no recordings of the study were at hand)" if first.accuracy is None else "test clips",
        seconds=first.samples / card["sample_rate"],
        tolerance=TOLERANCE,
        usual=USUAL,
    )


def table(measured: Mapping[str, Figures]) -> str:
    """One row for the pipeline and for each file, as Markdown."""
    return "\n".join([HEADER, *(_row(name, each) for name, each in measured.items())])


def _row(name: str, each: Figures) -> str:
    low, high = each.interval or (0, 0)
    accuracy = "–" if each.accuracy is None else f"{each.accuracy:.3f} ({low:.3f}–{high:.3f})"
    size = f"{each.kilobytes:,.0f} kB" if each.kilobytes else "–"
    differences = f"{each.mean_difference:.1e}, {each.difference:.1e}"
    times = f"{each.median_ms:.1f} ms ({each.p95_ms:.1f})"
    cells = (f"`{name}`", str(each.n), accuracy, str(each.disagreements), differences, size, times)
    return f"| {' | '.join(cells)} |"
