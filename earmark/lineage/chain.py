"""The chain: every link from the recordings to the run in MLflow."""

from __future__ import annotations

from pathlib import Path

from earmark.errors import EarmarkError
from earmark.lineage import tracked, versioned
from earmark.lineage.link import Link
from earmark.lineage.products import products
from earmark.plan import Plan
from earmark.store import Store
from earmark.tracking import Server


def lineage(plan: Plan, published: bool = True, server: Server | None = None) -> list[Link]:
    """Every link of a study; those that only the current one has (folders, ``dvc.lock``) where it is ``published``."""
    found = [versioned.recordings(Path(plan.params.data.root))]
    found += products(plan, published) if plan.is_prepared else [_unprepared(plan)]
    found += [link for link in (versioned.lock() if published else None, versioned.commit()) if link]
    found += [tracked.run_of(plan, server or Server.find())] if plan.is_prepared else []
    params = Link("params", plan.params.digest(), plan.params.task)
    return [found[0], params, *found[1:]]


def _unprepared(plan: Plan) -> Link:
    return Link("manifest", plan.prepare_key, "", [f"{plan.prepared} is not in the store; run `snakemake`"])


def plan_of_run(name: str, server: Server | None = None) -> Plan:
    """The plan of the study that an MLflow run (its id or name) is of, as its manifest was then.

    Raises EarmarkError if there is no such run, or its manifest has left the store.
    """
    run = tracked.find(name, server or Server.find())
    digest = run.data.tags["earmark.data_digest"]
    manifest = Store.find().path("prepare", digest, "")
    if not manifest.is_dir():
        raise EarmarkError(f"run {name}: its manifest {digest} is no longer in the store; check out its commit "
                           f"({run.data.tags.get('earmark.commit', 'unknown')}) and say `dvc checkout`")  # fmt: skip
    return Plan.of(tracked.params_of(run).plain(), manifest)
