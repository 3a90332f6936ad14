"""The data sets of a run: each split of the manifest by itself, with digest, size, duration and class profile."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.digest import digest
from earmark.recordings import SYNTHETIC
from earmark.splits import in_order

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import DatasetInput

CONTEXT_TAG = "mlflow.data.context"

IDENTITY = ["clip_id", "audio_digest", "start", "end", "label"]
"""Columns that make a clip what it is: which sound, heard as what."""


@dataclass(frozen=True)
class DataSet:
    """Clips of one use: a split, or its synthetic part; ``context`` is ``train``, ``train/synthetic``, ``test``, …"""

    task: str
    context: str
    clips: pd.DataFrame

    @property
    def name(self) -> str:
        """``language-train``."""
        return f"{self.task}-{self.context}"

    @cached_property
    def digest(self) -> str:
        """Content of the clips, whatever else the manifest tells of them."""
        return digest("split", self.clips[IDENTITY].to_csv(index=False))

    def profile(self) -> dict[str, Any]:
        """Clips, speakers that are known, duration (s), and clips per class."""
        classes = self.clips["label"].value_counts().sort_index()
        return {
            "clips": len(self.clips),
            "speakers": int(self.clips["speaker"].nunique()),
            "seconds": round(float(self.clips["duration"].sum()), 1),
            "classes": {str(name): int(count) for name, count in classes.items()},
        }

    def as_input(self, manifest: Path) -> DatasetInput:
        """The input of a run; columns come from the clips, the source is the ``manifest``."""
        from mlflow.data.pandas_dataset import from_pandas
        from mlflow.entities import Dataset, DatasetInput, InputTag

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # guesses about the source, hints about integers
            data = from_pandas(self.clips, str(manifest), targets="label", name=self.name, digest=self.digest).to_dict()
        data["profile"] = json.dumps(self.profile())  # MLflow's own counts the rows, which are the clips, once more
        tags = {CONTEXT_TAG: self.context, **{name: _text(value) for name, value in self.profile().items()}}
        return DatasetInput(Dataset.from_dictionary(data), [InputTag(name, value) for name, value in tags.items()])


def data_sets(task: str, manifest: Path) -> list[DataSet]:
    """The data sets of a study in the order of the splits; synthetic training clips are apart."""
    import pandas as pd

    clips = pd.read_parquet(manifest)
    spoken = clips["source"] == SYNTHETIC
    uses = [
        DataSet(task, context, clips[(clips["split"] == split) & (spoken == is_spoken)])
        for split in in_order(clips["split"])
        for context, is_spoken in ((split, False), (f"{split}/{SYNTHETIC}", True))
    ]
    return [use for use in uses if len(use.clips)]


def table(found: Sequence[DataSet]) -> str:
    """The data sets as lines of Markdown: clips, speakers, minutes, and clips per class."""
    lines = ["| data | clips | speakers | minutes | classes | digest |", "|---|---:|---:|---:|---|---|"]
    for each in found:
        told = each.profile()
        classes = _few(told["classes"])
        lines.append(
            f"| {each.context} | {told['clips']:,} | {told['speakers']:,} | {told['seconds'] / 60:,.1f} | {classes} "
            f"| `{each.digest[:8]}` |"
        )
    return "\n".join(lines)


def _few(classes: dict[str, int], most: int = 8) -> str:
    """Clips per class in a table's cell; of many classes how many there are, and the smallest and largest."""
    if len(classes) <= most:
        return ", ".join(f"{name} {count:,}" for name, count in classes.items())
    return f"{len(classes)} of {min(classes.values()):,} to {max(classes.values()):,} clips"


def _text(value: Any) -> str:
    """A tag's value, of which MLflow keeps 500 characters."""
    return _few(value) if isinstance(value, dict) else str(value)
