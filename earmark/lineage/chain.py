"""The chain: every link from the recordings to the run in MLflow."""

from __future__ import annotations

from pathlib import Path

from earmark.errors import EarmarkError
from earmark.lineage import tracked, versioned
from earmark.lineage.link import Link, recorded_key
from earmark.lineage.products import products
from earmark.plan import Plan
from earmark.store import Store
from earmark.tracking import Server, find


def lineage(plan: Plan, server: Server | None = None) -> list[Link]:
    """Every link of a study.

    Of one that an MLflow run names, the folders that people see are part where they hold it, and ``dvc.lock``, which
    speaks of the params as they are now, is not.
    """
    is_current = plan.known_manifest is None
    published = is_current or is_shown(plan)
    links = [
        versioned.recordings(Path(plan.params.data.root)),
        Link("params", plan.params.digest(), plan.params.task),
        *(products(plan, published) if plan.is_prepared else [_unprepared(plan)]),
        versioned.lock() if is_current else None,
        versioned.commit(),
        tracked.run_of(plan, server or Server.find()) if plan.is_prepared else None,
    ]
    return [link for link in links if link is not None]


def is_shown(plan: Plan) -> bool:
    """Whether the folders that people see hold the results of this study."""
    return recorded_key(Path("results")) == plan.evaluation_key


def _unprepared(plan: Plan) -> Link:
    return Link("manifest", plan.prepare_key, "", [f"{plan.prepared} is not in the store; run `snakemake`"])


def plan_of_run(name: str, server: Server | None = None) -> Plan:
    """The plan of the study that an MLflow run (its id or name) is of, as its manifest was then.

    Raises EarmarkError if there is no such run, or its manifest has left the store.
    """
    run = find(name, server or Server.find())
    digest = run.data.tags["earmark.data_digest"]
    manifest = Store.find().path("prepare", digest, "")
    if not manifest.is_dir():
        raise EarmarkError(f"run {name}: its manifest {digest} is no longer in the store; check out its commit "
                           f"({run.data.tags.get('earmark.commit', 'unknown')}) and say `dvc checkout`")  # fmt: skip
    return Plan.of(tracked.params_of(run).plain(), manifest)
