"""The model's answers to the judged clips, given through the same predictor that serves it: one per clip."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from earmark.errors import EarmarkError
from earmark.evaluation.metrics import Floats, Ints
from earmark.provenance import Provenance
from earmark.serving.predictor import mean_over_windows
from earmark.shards.read import ImageRow, read_images

if TYPE_CHECKING:
    from earmark.serving.predictor import Predictor

BATCH = 64
"""Windows predicted at a time: features are dropped after each batch (a ResNet50 map is 400 kB a clip)."""

Image = npt.NDArray[Any]
Windows = dict[str, list[npt.NDArray[Any]]]
"""Probabilities (k,) of each window of a clip, by clip id."""


@dataclass(frozen=True)
class Predictions:
    """Class probabilities (n, k) beside the manifest rows (n) they belong to; columns follow ``labels`` (k)."""

    rows: Sequence[dict[str, Any]]
    labels: Sequence[str]
    probabilities: Floats

    @property
    def truth(self) -> Ints:
        """Indices (n,) of the true classes; raises EarmarkError for a class that the model does not know."""
        index = {label: i for i, label in enumerate(self.labels)}
        unknown = sorted({row["label"] for row in self.rows} - set(index))
        if unknown:
            raise EarmarkError(f"manifest: the model was not trained on class {', '.join(unknown)}; train it again")
        return np.array([index[row["label"]] for row in self.rows], dtype=np.int64)

    @property
    def predicted(self) -> Ints:
        """Indices (n,) of the most probable classes."""
        return self.probabilities.argmax(axis=1).astype(np.int64)

    def of(self, split: str) -> Self:
        """The predictions of one split."""
        mask = np.array([row["split"] == split for row in self.rows], dtype=bool)
        rows = [row for row in self.rows if row["split"] == split]
        return type(self)(rows, self.labels, self.probabilities[mask])

    def write(self, output: Path, provenance: Provenance) -> None:
        """Write clip_id, split, label, predicted and one float32 column ``p_<class>`` per class as Parquet."""
        named = [pa.field(name, pa.string()) for name in ("clip_id", "split", "label", "predicted")]
        scores = [pa.field(f"p_{label}", pa.float32()) for label in self.labels]
        columns: list[Any] = [[row[name] for row in self.rows] for name in ("clip_id", "split", "label")]
        columns.append([self.labels[i] for i in self.predicted])
        columns.extend(self.probabilities.T.astype(np.float32))
        schema = provenance.stamp(pa.schema(named + scores))
        pq.write_table(pa.table([pa.array(c) for c in columns], schema=schema), output)


@dataclass(frozen=True)
class Answers:
    """What one pass over the shards yields: head and reference probabilities, and the images that were asked for.

    Those are of the first kind, and of a clip's first window.
    """

    head: Predictions
    reference: Predictions
    images: dict[str, Image] = field(default_factory=dict)


def predict(
    rows: Sequence[dict[str, Any]],
    mels: Sequence[Path],
    predictor: Predictor,
    reference: Callable[[npt.NDArray[np.float32]], Floats],
    keep: Collection[str] = (),
) -> Answers:
    """Answer every row (manifest order kept) from its images in ``mels``, computing its features once.

    A clip's answer is the ``mean_over_windows``, as when it is served. ``reference`` maps features (n, *shape) to
    probabilities (n, k); images of the clip ids in ``keep`` are returned. Raises EarmarkError if a row has no image.
    """
    wanted = {row["clip_id"] for row in rows}
    head: Windows = defaultdict(list)
    other: Windows = defaultdict(list)
    images: dict[str, Image] = {}
    with tqdm(total=len(rows), desc="evaluate", unit="clip", disable=None) as progress:
        for batch in _batches(mels, wanted):
            features = predictor.features([row.images for row in batch])
            for row, ours, theirs in zip(batch, predictor.probabilities(features), reference(features), strict=True):
                head[row.clip_id].append(ours)
                other[row.clip_id].append(theirs)
                if row.clip_id in keep:
                    images.setdefault(row.clip_id, next(iter(row.images.values())))
            progress.update(len(head) - progress.n)
    _refuse_missing(wanted - head.keys())
    ids, labels = [row["clip_id"] for row in rows], list(predictor.labels)
    ours, theirs = (_of_clips(found, ids, len(labels)) for found in (head, other))
    return Answers(Predictions(rows, labels, ours), Predictions(rows, labels, theirs), images)


def _of_clips(windows: Windows, ids: Sequence[str], k: int) -> Floats:
    """Probabilities (n, k) of the clips ``ids`` (n)."""
    return np.array([mean_over_windows(np.stack(windows[name])) for name in ids]).reshape(len(ids), k)


def _batches(mels: Sequence[Path], wanted: Collection[str]) -> Iterator[list[ImageRow]]:
    rows = (row for path in mels for row in read_images(path) if row.clip_id in wanted)
    return iter(lambda: list(islice(rows, BATCH)), [])


def _refuse_missing(missing: Collection[str]) -> None:
    if missing:
        raise EarmarkError(f"mel shards: {len(missing)} clips are missing, e.g. {min(missing)}; run `earmark mel`")
