"""Where the validation figures of a study's model lie, and under which key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from earmark import versions
from earmark.digest import digest
from earmark.evaluation.validate import read_figures
from earmark.plan import Plan
from earmark.provenance import Provenance
from earmark.store import Store

STEP = "validate"


def key(model_key: str) -> str:
    """Content key of a model's figures: the model, which knows its validation clips, and how it is judged."""
    return digest(STEP, versions.EVALUATE, model_key)


def folder(store: Store, model_key: str) -> Path:
    """Folder of a model's figures."""
    return store.path(STEP, key(model_key), "")


def exists(plan: Plan) -> bool:
    """Whether those of a study's model are in the store."""
    return plan.store.has(STEP, key(plan.model_key), "")


def provenance(plan: Plan) -> Provenance:
    """What they record about themselves."""
    inputs = {"manifest": plan.prepare_key, "model": plan.model_key}
    return Provenance(STEP, versions.EVALUATE, key(plan.model_key), {}, inputs)


def figures(plan: Plan) -> dict[str, Any]:
    """Those of a study's model; raises EarmarkError if they were not made."""
    return read_figures(folder(plan.store, plan.model_key))
