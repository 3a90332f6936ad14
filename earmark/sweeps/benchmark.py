"""Time and memory of a sweep's commands, measured and kept as Snakemake's ``benchmark:`` does for a rule's jobs.

The only module that imports snakemake. A product made by a sweep thus has the record that one made by a rule has, which
``earmark profile`` and the stage times of a run read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from earmark.profile import FOLDER
from earmark.store import Store, replacing

RULES = {
    "demo": "demo_corpus",
    "prepare": "manifest",
    "mel": "mel_shards",
    "export-backbone": "backbone_onnx",
    "embed": "feature_shards",
    "train": "network",
    "validate": "validation",
    "confounds": "confounds",
    "evaluate": "judgement",
}
"""The rule that calls a command; ``validate`` has none, since only searches call it."""


@contextmanager
def benchmarked(store: Store, step: str, key: str, process: int) -> Iterator[None]:
    """Measure ``process`` and its children until the end of the context; keep the record if that is reached.

    The record is of the command ``earmark STEP`` that makes ``key``.
    """
    from snakemake import benchmark

    path = store.root / FOLDER / RULES[step] / f"{key}.tsv"
    with benchmark.benchmarked(process) as record:
        yield
    with replacing(path) as part:
        benchmark.write_benchmark_records([record], str(part), False)
