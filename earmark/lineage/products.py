"""The links in the store: each product is there, says what it should, and is what people and DVC are shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from earmark.digest import digest, file_digest
from earmark.lineage.link import Link, recorded_key
from earmark.plan import Plan
from earmark.provenance import read_record

RERUN = "run `snakemake`"


def products(plan: Plan, published: bool) -> Iterator[Link]:
    """The links from the manifest to the figures; of the folders that people see only where ``published``."""
    yield _manifest(plan, published)
    yield _shards(plan, "mel", published)
    if not plan.learns_from_images:
        yield Link("backbone", plan.backbone_key, "", list(_missing(plan.backbone)))
        yield _shards(plan, "embed", published)
    yield _folder("model", plan.model, plan.model_key, Path("results/model") if published else None)
    yield _evaluation(plan, published)


def _manifest(plan: Plan, published: bool) -> Link:
    faults = [*_missing(plan.prepared, plan.prepare_key), *_altered(plan.prepared)]
    if published:
        faults += _differs(Path("data/manifest"), plan.prepare_key)
    words = "" if faults else _counted(plan)
    return Link("manifest", plan.prepare_key, words, faults)


def _counted(plan: Plan) -> str:
    found = json.loads((plan.prepared / "leaks.json").read_text())
    splits = {name: sum(labels.values()) for name, labels in found["counts"].items()}
    return ", ".join(f"{count} {name}" for name, count in splits.items()) + f"; splits {found['verdict']}"


def _shards(plan: Plan, step: str, published: bool) -> Link:
    """All shards of a step as one link, named by the digest of their keys."""
    keys = {shard.name: shard.mel_key if step == "mel" else shard.feature_key for shard in plan.shards}
    path = plan.mel_path if step == "mel" else plan.feature_path
    faults = [fault for shard in plan.shards for fault in _missing(path(shard), keys[shard.name])]
    folder = Path("data/mel" if step == "mel" else "data/features")
    if published:
        faults += [fault for name, key in keys.items() for fault in _differs(folder / f"{name}.parquet", key)]
        strange = sorted({file.stem for file in folder.glob("*.parquet")} - keys.keys())
        faults += [f"{folder}/{name}.parquet is no shard of this study; {RERUN}" for name in strange]
    name = {"mel": "images", "embed": "features"}[step]
    return Link(name, digest(step, keys), f"{len(keys)} shard{'s' * (len(keys) != 1)}", faults)


def _folder(name: str, path: Path, key: str, published: Path | None) -> Link:
    faults = [*_missing(path, key), *_altered(path)]
    if published is not None:
        faults += [*_differs(published, key), *_altered(published, is_shown=True)]
    return Link(name, key, "", faults)


def _evaluation(plan: Plan, published: bool) -> Link:
    link = _folder("figures", plan.evaluation, plan.evaluation_key, Path("results") if published else None)
    metrics = figures(plan)
    if metrics is None:
        return link
    expected = {
        "model_key": plan.model_key,
        "data_digest": plan.prepare_key,
        "params_digest": plan.params.digest(),
    }
    faults = [
        f"{plan.evaluation}/metrics.json says {name} {metrics.get(name)}, not {value}; remove the folder and {RERUN}"
        for name, value in expected.items()
        if metrics.get(name) != value
    ]
    test = metrics["test"]
    words = f"test balanced accuracy {test['balanced_accuracy']:.3f} of {test['n']} clips"
    return Link(link.name, link.key, words, [*link.faults, *faults])


def figures(plan: Plan) -> dict[str, Any] | None:
    """What is in the study's ``metrics.json``; None if it is not there or cannot be read."""
    try:
        found: dict[str, Any] = json.loads((plan.evaluation / "metrics.json").read_text())
    except (OSError, ValueError):
        return None
    return found


def _missing(path: Path, key: str | None = None) -> Iterator[str]:
    """That a product is not in the store, or is another one than its name says."""
    if not path.exists():
        yield f"{path} is not in the store; {RERUN}"
    elif key is not None and (found := recorded_key(path)) != key:
        yield f"{path} records key {found}, not {key}; remove it and {RERUN}"


def _differs(path: Path, key: str) -> Iterator[str]:
    """That what is shown is missing or was made for other params or data."""
    if not path.exists():
        yield f"{path} is missing; {RERUN}"
    elif (found := recorded_key(path)) != key:
        yield f"{path} is of {found or 'unknown origin'}, the params and data ask for {key}; {RERUN}"


def _altered(folder: Path, is_shown: bool = False) -> Iterator[str]:
    """Files of a folder that are not what its record says. Publishing mends what is shown, but nothing in the store."""
    remedy = RERUN if is_shown else f"remove {folder} and {RERUN}"
    record: Mapping[str, Any] = (read_record(folder) if folder.is_dir() else None) or {}
    for name, sha in record.get("outputs", {}).items():
        path = folder / name
        if not path.is_file():
            yield f"{path} is missing; {remedy}"
        elif file_digest(path) != sha:
            yield f"{path} was changed after it was made; {remedy}"
