"""Lineage: from a run's figures back to the recordings, link by link, and whether store, DVC and MLflow agree on it."""

from earmark.lineage.chain import lineage, plan_of_run
from earmark.lineage.link import Link

__all__ = ["Link", "lineage", "plan_of_run"]
