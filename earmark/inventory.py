"""What the store holds, what is still needed of it, and the removal of the rest.

Every publication notes the products it needed. What no note of the last days names is garbage: an older study that DVC
committed comes back from DVC's cache by ``dvc checkout``, because published products are taken into the store again.
"""

from __future__ import annotations

import json
import shutil
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from earmark.provenance import read_record
from earmark.recordings import COMPLETE
from earmark.store import Store, acquire, replacing

STEPS = (
    *("unpacked", "synthetic", "prepare", "mel", "backbone", "embed", "rates", "train", "validate", "confounds"),
    *("explore", "evaluate"),
)
DAY = 86400.0


@dataclass(frozen=True)
class Entry:
    """One product: its step and key, its size in bytes, and the params it was made with (empty if it records none)."""

    step: str
    key: str
    path: str
    size: int
    params: dict[str, Any]


def note(store: Store, name: str, products: Iterable[Path]) -> None:
    """Remember that the study ``name`` needs ``products``, as of now."""
    with replacing(store.root / "needed" / f"{name}.json") as part:
        part.write_text(json.dumps(sorted({path.relative_to(store.root).as_posix() for path in products}), indent=0))


def entries(store: Store) -> Iterator[Entry]:
    """Every product in the store, by step and key."""
    for step in STEPS:
        for path in sorted(p for p in (store.root / step).glob("*") if _is_product(p)):
            params = (read_record(path) or {}).get("params", {})
            yield Entry(step, path.stem, path.relative_to(store.root).as_posix(), _size(path), params)


def overview(store: Store) -> str:
    """The store as a table: per step and set of params how many products and how big."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for entry in entries(store):
        groups[entry.step, json.dumps(entry.params, sort_keys=True)].append(entry.size)
    lines = [f"{'step':10}{'products':>9}{'MiB':>10}  params"]
    lines += [
        f"{step:10}{len(sizes):9}{sum(sizes) / 2**20:10.1f}  {params}" for (step, params), sizes in groups.items()
    ]
    return "\n".join(lines)


def as_dicts(store: Store) -> list[dict[str, Any]]:
    """Every product as JSON-serialisable facts."""
    return [asdict(entry) for entry in entries(store)]


def collect(store: Store, days: float, keep: Iterable[Path] = (), dry_run: bool = False) -> list[Entry]:
    """Remove products that no note of the last ``days`` names and that are not in ``keep``; returns what went.

    Holds the store's lock, so that no running study loses anything.
    """
    with acquire(store.root):
        needed = {path.relative_to(store.root).as_posix() for path in keep}
        for old in (store.root / "needed").glob("*.json"):
            if time.time() - old.stat().st_mtime <= days * DAY:
                needed.update(json.loads(old.read_text()))
            elif not dry_run:
                old.unlink()
        garbage = [entry for entry in entries(store) if entry.path not in needed]
        for entry in [] if dry_run else garbage:
            _remove(store.root / entry.path)
    return garbage


def _is_product(path: Path) -> bool:
    """A finished product, not a part of one, a receipt or a note of the latest."""
    if path.is_dir():
        return (path / "provenance.json").is_file() or (path / COMPLETE).is_file()
    return path.suffix in (".parquet", ".onnx") and not path.name.startswith(".")


def _size(path: Path) -> int:
    files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
