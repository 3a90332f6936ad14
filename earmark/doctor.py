"""The machine's check-up: what is here, what is missing, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from earmark.models.registry import Backbone

REQUIRED = ("snakemake", "dvc", "mlflow", "tensorflow", "keras", "librosa", "soundfile", "pandas", "numpy", "pyarrow")
MARKS = {"ok": "✓", "note": "·", "missing": "✗"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: its name, what was found, and whether that is good, a note, or a lack."""

    name: str
    found: str
    level: Literal["ok", "note", "missing"] = "ok"


def examine() -> list[Finding]:
    """Everything worth knowing about this machine, without importing anything heavy."""
    return [*_machine(), *_packages(), *_weights(), *_project()]


def explain(findings: list[Finding]) -> str:
    """The findings, one a line, with a closing verdict."""
    lines = [f"{MARKS[f.level]} {f.name:22} {f.found}" for f in findings]
    lacking = sum(f.level == "missing" for f in findings)
    return "\n".join([*lines, "", f"{lacking} thing(s) missing" if lacking else "all that is needed is here"])


def _machine() -> Iterator[Finding]:
    yield Finding("python", platform.python_version())
    yield Finding("cores", str(len(os.sched_getaffinity(0))))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield Finding("memory", f"{memory:.0f} GiB")
    yield Finding("disk", f"{shutil.disk_usage('.').free / 2**30:.0f} GiB free here")
    yield _gpu()


def _gpu() -> Finding:
    if not shutil.which("nvidia-smi"):
        return Finding("gpu", "none; embed and train run on the CPU", "note")
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False)
    return Finding("gpu", answer.stdout.strip().replace("\n", "; ") or "nvidia-smi finds none", "ok")


def _packages() -> Iterator[Finding]:
    for name in REQUIRED:
        try:
            yield Finding(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "not installed; `make install` installs everything", "missing")


def _weights() -> Iterator[Finding]:
    from earmark.models import backbones
    from earmark.models.weight_files import imagenet_path, keras_cache

    rows = backbones.rows()
    yield Finding("backbones", f"{len(rows)}; ImageNet weights are looked for in {keras_cache()}")
    for row in rows:
        is_cached = bool(row.url) and imagenet_path(row).is_file()
        weights = f"weights {', '.join(_kinds(row, is_cached))}"
        missing = bool(row.url) and not is_cached
        yield Finding(row.name, f"{_size(row)}{weights}", "note" if missing else "ok")


def _size(row: Backbone) -> str:
    if not row.parameters:
        return "to train on images of any size, "
    size = f"{row.size} pixels, " if row.size else ""
    return f"{row.parameters / 1e6:.1f} M parameters, {row.width} channels, {size}"


def _kinds(row: Backbone, is_cached: bool) -> list[str]:
    """What ``backbone.weights`` may be."""
    imagenet = ["imagenet" if is_cached else "imagenet (not here yet)"] if row.url else []
    embedded = ["embedded"] if row.pixels == "decibels" else []
    return [*embedded, *imagenet, "none", "a file"]


def _project() -> Iterator[Finding]:
    for name in ("git", "ffmpeg"):
        found = shutil.which(name)
        optional = "not found; only video and m4a need it" if name == "ffmpeg" else "not found; DVC needs it"
        yield Finding(name, found or optional, "ok" if found else "note" if name == "ffmpeg" else "missing")
    yield Finding(
        "params.yaml",
        "here" if Path("params.yaml").is_file() else "not here; run from the project's folder",
        "ok" if Path("params.yaml").is_file() else "missing",
    )
