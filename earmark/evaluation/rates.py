"""The learning-rate range test as a product: its numbers, its plot, and the rate that it suggests."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from earmark.config import Params
from earmark.evaluation import plots
from earmark.evaluation.style import png
from earmark.models.range_test import range_test
from earmark.provenance import Provenance
from earmark.store import replacing_folder

COLUMNS = ("step", "learning_rate", "loss", "smoothed")


def rates(
    params: Params, manifest: Path, shards: Sequence[Path], output: Path, provenance: Provenance, stage: int = 1
) -> None:
    """Write the folder ``output`` with the range test of a stage of the training: rates.csv, rates.png, rates.json.

    See ``range_test`` for the arguments and errors. The weights are not kept.
    """
    found = range_test(params, manifest, shards, stage)
    with replacing_folder(output) as folder:
        with (folder / "rates.csv").open("w", newline="", encoding="utf-8") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(COLUMNS)
            table.writerows(zip(range(len(found.rates)), found.rates, found.losses, found.smoothed, strict=True))
        (folder / "rates.png").write_bytes(png(partial(plots.rates, found=found)))
        (folder / "rates.json").write_text(json.dumps({"stage": stage} | found.plain(), indent=2) + "\n")
        provenance.write(folder)


def told(folder: Path, params: Params) -> str:
    """What the range test in ``folder`` says, in a sentence or two, beside the rate that ``params`` have."""
    found: dict[str, Any] = json.loads((folder / "rates.json").read_text())
    stage = params.train.plan()[found["stage"] - 1]
    where = f"stage {found['stage']}: " if params.train.stages else ""
    if found["suggestion"] is None:
        return (
            f"{where}no learning rate made the loss fall within {found['steps']} steps; see {folder / 'rates.png'}. "
            "Likely cause: wrong labels, or features of very different size (train.standardise: true)"
        )
    return (
        f"{where}learning_rate {found['suggestion']:g} suggested, a tenth of {found['lowest']:.2g}, where the loss is "
        f"lowest (it falls fastest at {found['steepest']:.2g}); the params have {stage.learning_rate:g}. "
        f"Plot: {folder / 'rates.png'}"
    )
