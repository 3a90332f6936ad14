"""Exporting: the model as files for a device that has neither earmark nor TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path

import click

from earmark.commands.options import json_option


@click.command()
@click.argument("model", type=click.Path(path_type=Path, file_okay=False), default=Path("results/model"))
@click.option(
    "--to", "formats", type=click.Choice(["onnx", "tflite"]), multiple=True, default=["onnx"], show_default=True,
    help="Format; may be given twice. tflite needs ai-edge-litert (pip install \"earmark[device]\").",
)  # fmt: skip
@click.option("--int8", is_flag=True, help="Beside each float file one with 8-bit integers, a third of the size.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("results/device"), show_default=True,
    help="Folder to write; an earlier export there is replaced.",
)  # fmt: skip
@click.option("--clips", type=click.IntRange(1), help="Test clips to measure, evenly over the classes. [all]")
@click.option(
    "--unknown", type=click.FloatRange(0, 1), default=0.0, show_default=True,
    help="Confidence below which run.py answers `unknown`.",
)  # fmt: skip
@json_option
def export(
    model: Path, formats: tuple[str, ...], int8: bool, out: Path, clips: int | None, unknown: float, as_json: bool
) -> None:
    """Write the trained model in the folder MODEL for a device: sound in, probabilities out, front end included.

    The folder has the model in each format, card.json (labels, rate, calibration, provenance), run.py, which needs
    neither earmark nor TensorFlow, and a README.md with the table that is printed: accuracy on the test clips, how far
    answers are from those of `earmark predict`, size and time. If a float model answers otherwise, nothing is written
    and the exit code is 1.

    \b
      earmark export
      earmark export --to onnx --to tflite --int8 --out device
      python device/run.py clip.wav
    """
    from earmark.serving.export.bundle import export as write
    from earmark.serving.export.bundle import losses
    from earmark.serving.export.readme import table

    measured = write(model, out, formats, int8, clips, unknown, lambda words: click.echo(f"earmark: {words}", err=True))  # type: ignore[arg-type]
    for sentence in losses(measured):
        click.secho(f"earmark: warning: {sentence}", fg="yellow", err=True)
    if as_json:
        click.echo(
            json.dumps(
                {name: each.plain() for name, each in measured.items()}, indent=2, ensure_ascii=False, allow_nan=False
            )
        )
        return
    click.echo(f"{table(measured)}\n\n{out}: python {out / 'run.py'} RECORDING")
