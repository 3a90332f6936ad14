"""The links that git and DVC keep: commit, version of the recordings, and the lock file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from earmark.digest import KEY_LENGTH, file_digest
from earmark.errors import EarmarkError
from earmark.lineage.link import Link

LOCK = Path("dvc.lock")


def recordings(root: Path) -> Link:
    """The data set: its version if DVC tracks it, by ``ROOT.dvc`` or as a stage's dependency in ``dvc.lock``."""
    tracked = root.with_name(f"{root.name}.dvc")
    if tracked.is_file():
        (out, *_) = yaml.safe_load(tracked.read_text())["outs"]
        return Link("recordings", str(out.get("md5", "")), f"{root}, by {tracked}")
    locked = {dep["path"]: dep for dep in _locked().get("prepare", {}).get("deps", [])}
    if found := locked.get(root.as_posix()):
        return Link("recordings", str(found.get("md5", "")), f"{root}, by {LOCK}")
    return Link("recordings", "–", f"{root}, which DVC does not track")


def lock() -> Link | None:
    """``dvc.lock``: whether data, params and results are what it says, as ``dvc status`` sees it; None without DVC."""
    if not Path(".dvc").is_dir() or not LOCK.is_file():
        return None
    return Link("dvc.lock", file_digest(LOCK)[:KEY_LENGTH], "", list(_changes()))


def _locked() -> dict[str, Any]:
    if not LOCK.is_file():
        return {}
    return dict((yaml.safe_load(LOCK.read_text()) or {}).get("stages", {}))


def _changes() -> Iterator[str]:
    """What ``dvc status`` reports, a sentence each."""
    command = [sys.executable, "-m", "dvc", "status", "--json"]  # also where the environment is not activated
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EarmarkError(f"dvc status failed: {done.stderr.strip()}")
    for stage, found in json.loads(done.stdout or "{}").items():
        for entry in found:
            for kind, items in entry.items() if isinstance(entry, dict) else [(entry, {})]:
                yield f"stage {stage}: {_sentence(kind, items)}; run `dvc repro`"


def _sentence(kind: str, items: Any) -> str:
    """``changed deps`` {path: how} and its like in words."""
    named = ", ".join(f"{path} {_how(how)}" for path, how in items.items()) if isinstance(items, dict) else ""
    return f"{kind}{': ' * bool(named)}{named}"


def _how(found: Any) -> str:
    return str(found) if isinstance(found, str) else ", ".join(f"{key} {how}" for key, how in found.items())


def commit() -> Link | None:
    """The commit that is checked out, and whether the files are its; None outside git."""
    try:
        head = _git("rev-parse", "HEAD")
        return Link("commit", head[:KEY_LENGTH], "with uncommitted changes" if _git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
