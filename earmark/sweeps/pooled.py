"""The pooled figure of a cross-validation: every fold's answers to its test clips, judged together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from earmark.evaluation import metrics
from earmark.evaluation.bootstrap import Bootstrap, groups_of, interval
from earmark.plan import Plan

PREFIX = "p_"
"""Of the columns with probabilities in ``predictions.parquet``."""


def pooled(plans: Sequence[Plan], resamples: int) -> dict[str, Any]:
    """Scores of the test answers of all ``plans`` as one set, with 95 % intervals over ``resamples`` of the speakers.

    A clip that several seeds tested counts once for each; its speaker is still resampled as one. A class that one
    fold's model does not know has probability 0 there.
    """
    answers = [row for plan in plans for row in _answers(plan)]
    labels = sorted({name for answer in answers for name in answer["probabilities"]} | {a["label"] for a in answers})
    truth = np.array([labels.index(answer["label"]) for answer in answers], dtype=np.int64)
    shares = np.array([[answer["probabilities"].get(label, 0.0) for label in labels] for answer in answers])
    found = metrics.summary(truth, shares)
    if resamples:
        draws = Bootstrap(groups_of([answer["speaker"] for answer in answers]), resamples)
        replicates = draws.replicates(truth, shares.argmax(axis=1), len(labels))
        found["ci95"] = {name: interval(values) for name, values in replicates.items()}
    return found


def _answers(plan: Plan) -> list[dict[str, Any]]:
    """Label, speaker and probabilities by class of every test clip of a study."""
    clips = pq.ParquetFile(plan.manifest).read(columns=["clip_id", "speaker"]).to_pylist()
    speakers = {row["clip_id"]: row["speaker"] for row in clips}
    rows = pq.ParquetFile(plan.evaluation / "predictions.parquet").read().to_pylist()
    return [
        {
            "label": row["label"],
            "speaker": speakers[row["clip_id"]],
            "probabilities": {n.removeprefix(PREFIX): value for n, value in row.items() if n.startswith(PREFIX)},
        }
        for row in rows
        if row["split"] == "test"
    ]
