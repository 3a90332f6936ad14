"""Seeding: published products that the store does not know yet, as after ``git clone`` and ``dvc pull``."""

from __future__ import annotations

from pathlib import Path

from earmark.provenance import read_record
from earmark.store import Store, link, replacing


def seed(store: Store) -> int:
    """Take what is published here but unknown to ``store`` into it; returns how many products that were.

    After ``git clone`` and ``dvc pull`` the store is empty and the folders are full: nothing is computed again.
    """
    products = [("prepare", Path("data/manifest")), ("train", Path("results/model"))]
    products += [("confounds", Path("results/confounds")), ("evaluate", Path("results"))]
    products += [("mel", path) for path in sorted(Path("data/mel").glob("*.parquet"))]
    products += [("embed", path) for path in sorted(Path("data/features").glob("*.parquet"))]
    return sum(store.adopt(step, path) for step, path in products) + _seed_backbone(store)


def _seed_backbone(store: Store) -> int:
    """A published model carries its backbone, which extraction for the same study can use, unless it learned too."""
    published = Path("results/model")
    record = read_record(published) if published.is_dir() else None
    exported = published / "backbone.onnx"
    if record is None or record.get("params", {}).get("mode") != "frozen" or not exported.is_file():
        return 0
    key = record.get("inputs", {}).get("backbone")
    if not key or store.has("backbone", key, ".onnx"):
        return 0
    with replacing(store.path("backbone", key, ".onnx")) as part:
        link(exported, part)
    return 1
