"""Confound probes: can the labels be had without the speech?

Each probe sees one thing that should not tell the classes apart (how long or loud a clip is, how its file was made, the
sound of its quietest moments, its mean spectrum) and is scored by cross-validation over the same groups that the split
keeps together. A probe that is far above chance means that a model may have learned the channel or the collection
instead of the speech (Geirhos et al. 2020, "Shortcut learning in deep neural networks").
"""

from __future__ import annotations

import json
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from earmark.config import SplitParams
from earmark.digest import digest
from earmark.errors import EarmarkError
from earmark.evaluation import metrics
from earmark.evaluation.bootstrap import Bootstrap, groups_of, interval
from earmark.evaluation.metrics import Floats, Ints, rounded
from earmark.provenance import Provenance
from earmark.recordings import SYNTHETIC
from earmark.shards.read import first_kind, read_images
from earmark.splits import SPLITS
from earmark.store import replacing_folder

FILE = "confounds.json"

NO_WIDTH = 1e-6
"""Range below which a scalar counts as constant: parts of one length differ by what rounding leaves."""

MOST_CLIPS = 5000
"""Clips that are probed, drawn by a hash of their ids: more would only narrow the intervals."""

FOLDS = 5
BINS = 10
"""Quantile bins of a scalar, so that a linear probe can use any dependence on it."""

QUIET = 0.1
"""Share of a clip's frames, the quietest, that count as its silence."""

RESAMPLES = 1000

COLUMNS = [
    *("clip_id", "label", "split", "speaker", "source", "duration", "level"),
    *("codec", "sample_rate", "channels", "bytes"),
]


@dataclass(frozen=True)
class Evidence:
    """What a probe sees: numbers (n, d) that are used as they are, or binned, and categories (n, c) one-hot encoded."""

    numbers: Floats
    binned: bool = False
    categories: npt.NDArray[np.str_] | None = None


def confounds(
    manifest: Path, mels: Sequence[Path], split: SplitParams, output: Path, provenance: Provenance
) -> dict[str, Any]:
    """Probe the clips of ``manifest`` with the images in ``mels`` and write the folder ``output`` (confounds.json).

    Returns what is in the file: chance, clips, what folds keep together, and per probe its balanced accuracy with a
    95 % interval. Raises EarmarkError if an image is missing.
    """
    rows = _sample(manifest, split)
    groups, grouped_by = _groups(rows, split)
    truth = _indices([row["label"] for row in rows])
    folds = _folds(truth, groups)
    found = {
        "chance": rounded(1 / (int(truth.max()) + 1)),
        "clips": len(rows),
        "grouped_by": grouped_by,
        "folds": len(folds),
        "probes": {name: _score(seen, truth, groups, folds) for name, seen in _evidence(rows, mels).items()}
        if folds
        else {},
    }
    with replacing_folder(output) as folder:
        (folder / FILE).write_text(json.dumps(found, indent=2) + "\n")
        provenance.write(folder)
    return found


def read_confounds(folder: Path) -> dict[str, Any]:
    """What ``confounds`` found; raises EarmarkError if the folder is incomplete."""
    try:
        found: dict[str, Any] = json.loads((folder / FILE).read_text())
    except (OSError, ValueError) as error:
        raise EarmarkError(f"{folder}: no usable {FILE} ({error}); run `snakemake confounds`") from None
    return found


def _sample(manifest: Path, split: SplitParams) -> list[dict[str, Any]]:
    """At most MOST_CLIPS rows of train, val and test, in order of clip id; no synthetic speech."""
    names = list(dict.fromkeys([*COLUMNS, *_known(manifest, split)]))
    rows = pq.ParquetFile(manifest).read(columns=names).to_pylist()
    probed = [row for row in rows if row["split"] in SPLITS and row["source"] != SYNTHETIC]
    rows = sorted(probed, key=lambda row: digest(row["clip_id"]))
    return sorted(rows[:MOST_CLIPS], key=lambda row: str(row["clip_id"]))


def _known(manifest: Path, split: SplitParams) -> list[str]:
    """Columns of the manifest that the split keeps together."""
    columns = [split.by] if isinstance(split.by, str) else split.by
    return [name for name in columns if name in pq.ParquetFile(manifest).schema_arrow.names]


def _groups(rows: Sequence[Mapping[str, Any]], split: SplitParams) -> tuple[Ints, str | None]:
    """Group index (n,) of each clip by the first column that the split keeps together; None if it keeps none."""
    columns = [split.by] if isinstance(split.by, str) else split.by
    column = next((name for name in columns if rows and name in rows[0]), None)
    return groups_of([str(row[column]) if column and row[column] is not None else None for row in rows]), column


def _indices(labels: Sequence[str]) -> Ints:
    return np.unique(np.array(labels, dtype=str), return_inverse=True)[1].astype(np.int64)


def _folds(truth: Ints, groups: Ints) -> list[tuple[Ints, Ints]]:
    """(training, test) indices of each fold; none if a class has only one group, which nothing can be learned from."""
    from sklearn.model_selection import StratifiedGroupKFold

    members: defaultdict[int, set[int]] = defaultdict(set)
    for label, group in zip(truth, groups, strict=True):
        members[int(label)].add(int(group))
    count = min(FOLDS, *(len(found) for found in members.values()))
    if count < 2:
        return []
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=0).split(truth, truth, groups)
    return [(training, test) for training, test in folds if len(set(truth[training])) > 1]


def _evidence(rows: Sequence[Mapping[str, Any]], mels: Sequence[Path]) -> dict[str, Evidence]:
    """What each probe sees of every clip."""

    def numbers(*names: str) -> Floats:
        return np.nan_to_num([[float(row[name]) for name in names] for row in rows], neginf=-120.0)

    made = np.array([[str(row[name]) for name in ("codec", "sample_rate", "channels")] for row in rows])
    mean, quiet = _spectra([str(row["clip_id"]) for row in rows], mels)
    return {
        "duration": Evidence(numbers("duration"), binned=True),
        "level": Evidence(numbers("level"), binned=True),
        "file": Evidence(numbers("bytes"), binned=True, categories=made),
        "silence": Evidence(quiet),
        "spectrum": Evidence(mean),
    }


def _spectra(clip_ids: Sequence[str], mels: Sequence[Path]) -> tuple[Floats, Floats]:
    """Mean over all frames, and over the quietest frames, of each clip's windows: two arrays (n, height).

    Of the first kind of image; frames where windows overlap count in each of them.
    """
    wanted = set(clip_ids)
    mean: dict[str, Floats] = {}
    quiet: dict[str, Floats] = {}
    for clip_id, image in ((name, image) for path in mels for name, image in _images(path) if name in wanted):
        loudness = image.mean(axis=0)
        quietest = np.argsort(loudness, kind="stable")[: max(1, round(QUIET * len(loudness)))]
        mean[clip_id], quiet[clip_id] = image.mean(axis=1), image[:, quietest].mean(axis=1)
    missing = wanted - mean.keys()
    if missing:
        raise EarmarkError(f"mel shards: {len(missing)} clips are missing, e.g. {min(missing)}; run `snakemake mel`")
    return np.array([mean[name] for name in clip_ids]), np.array([quiet[name] for name in clip_ids])


def _images(path: Path) -> Iterator[tuple[str, Floats]]:
    """Each clip of a shard with all its windows' frames side by side, (height, frames)."""
    kind = first_kind(path)
    for clip_id, windows in groupby(read_images(path, [kind]), lambda row: row.clip_id):
        yield clip_id, np.concatenate([row.images[kind] for row in windows], axis=1, dtype=np.float64)


def _score(seen: Evidence, truth: Ints, groups: Ints, folds: Sequence[tuple[Ints, Ints]]) -> dict[str, Any]:
    """Balanced accuracy over all folds' test clips, with its 95 % interval by resampling groups."""
    answers = np.full(len(truth), Counter(truth.tolist()).most_common(1)[0][0])
    for training, test in folds:
        answers[test] = _answer(seen, truth, training, test)
    k = int(truth.max()) + 1
    draws = Bootstrap(groups, RESAMPLES).replicates(truth, answers, k)["balanced_accuracy"]
    score = metrics.summary(truth, np.eye(k)[answers])["balanced_accuracy"]
    return {"balanced_accuracy": score, "ci95": interval(draws)}


def _answer(seen: Evidence, truth: Ints, training: Ints, test: Ints) -> Ints:
    """Classes of the test clips by balanced logistic regression on the training clips."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    known, asked = _encoded(seen, training, test)
    with threadpool_limits(1):  # the same bits on every machine
        model = LogisticRegression(max_iter=1000, class_weight="balanced").fit(known, truth[training])
        return np.asarray(model.predict(asked), dtype=np.int64)


def _encoded(seen: Evidence, training: Ints, test: Ints) -> tuple[Floats, Floats]:
    """Training and test inputs of the classifier, prepared from what the training clips show."""
    from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler

    scale: Any = StandardScaler()
    if seen.binned and np.ptp(seen.numbers[training], axis=0).min() > NO_WIDTH:
        scale = KBinsDiscretizer(BINS, encode="onehot-dense", quantile_method="averaged_inverted_cdf")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Bins whose width")  # a scalar that takes few values has fewer bins
        parts: list[tuple[Any, Any]] = [(scale.fit(seen.numbers[training]), seen.numbers)]
    if seen.categories is not None:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        parts.append((encoder.fit(seen.categories[training]), seen.categories))
    known, asked = (
        np.hstack([fitted.transform(values[part]) for fitted, values in parts]) for part in (training, test)
    )
    return known, asked
