"""A million catalogue rows through table, selection and split: seconds and memory of each step.

    python benchmarks/selection.py [ROWS]

The table is synthetic: five classes, speakers with a long tail of clips, votes, genders, ages. No audio is read: this
is the work per row that prepare does before and after the recordings are looked at.
"""

from __future__ import annotations

import csv
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from earmark.config import DataParams, SplitParams
from earmark.corpus.adapters.tables import read_rows, to_clip
from earmark.corpus.catalogue import Clip
from earmark.corpus.select import select
from earmark.corpus.split import split

T = TypeVar("T")
LABELS = ["de", "en", "es", "fr", "zh"]
HEADER = ["path", "language", "speaker", "gender", "age", "up_votes", "session"]
SELECTION = DataParams(
    filter="gender != 'other' and up_votes >= 1", rank_by="up_votes", max_per_speaker=200, top=150_000,
    balance=["label", "gender"], unseen=5_000,
)  # fmt: skip


def write_table(path: Path, rows: int) -> None:
    rng = np.random.default_rng(0)
    ranks = np.arange(1, rows // 20 + 1)
    speakers = rng.choice(ranks, rows, p=ranks**-0.6 / (ranks**-0.6).sum())
    genders = rng.choice(["male_masculine", "female_feminine", "other", ""], rows, p=[0.5, 0.3, 0.02, 0.18])
    ages, votes = rng.choice(["teens", "twenties", "thirties", ""], rows), rng.poisson(2, rows)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        writer.writerow(HEADER)
        for i in range(rows):
            label, speaker = LABELS[speakers[i] % 5], f"speaker{speakers[i]:06d}"
            writer.writerow(
                [f"clips/c{i:07d}.mp3", label, speaker, genders[i], ages[i], votes[i], f"{speaker}-{i % 7}"]
            )


def timed(name: str, work: Callable[[], T]) -> T:
    began = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{name:34}{seconds:8.1f} s   peak {peak:5.2f} GiB", flush=True)
    return result


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "clips.tsv"
        timed(f"write {rows:,} rows", lambda: write_table(table, rows))
        began = time.perf_counter()
        found = timed("read", lambda: [to_clip(row, row["path"], "language", "table") for row in read_rows(table, [])])
        clips = [clip for clip in found if isinstance(clip, Clip)]
        chosen = timed("select", lambda: select(clips, SELECTION, ["speaker"]))
        print(f"    kept {len(chosen.kept):,}, unseen {len(chosen.unseen):,}, left out {chosen.filtered}")
        timed("split the selection by speaker", lambda: split(chosen.kept, SplitParams()))
        print(f"{'read, select, split':34}{time.perf_counter() - began:8.1f} s")
        for by in ("speaker", "random", ["speaker", "session"]):
            timed(f"split all rows by {by}", lambda by=by: split(clips, SplitParams(by=by)))  # type: ignore[misc]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
