"""Recipes: overlays of ``params.yaml``, one per study, that can be written into it without losing its comments."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from earmark import config
from earmark.errors import EarmarkError

FOLDER = Path("recipes")


def available(folder: Path = FOLDER) -> dict[str, Path]:
    """Recipe names and their files, sorted."""
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def describe(folder: Path = FOLDER) -> str:
    """One line per recipe: its name and the first comment line of its file."""
    lines = [f"{name:28} {_headline(path)}" for name, path in available(folder).items()]
    return "\n".join(lines) or f"no recipes in {folder}/"


def apply(name: str, params_file: Path, folder: Path = FOLDER) -> str:
    """Write recipe ``name`` into ``params_file``, keeping comments; returns what was changed.

    Raises EarmarkError for an unknown recipe or one that does not validate; the file is untouched then.
    """
    path = find(name, folder)
    config.load(params_file, path)
    yaml = YAML()
    yaml.width = 120
    values, overlay = yaml.load(params_file), yaml.load(path)
    changes = list(_overlay(values, overlay))
    yaml.dump(values, params_file)
    return "\n".join(changes) or f"{params_file} says what {name} says already"


def find(name: str, folder: Path = FOLDER) -> Path:
    """File of the recipe ``name``; raises EarmarkError with the nearest known name."""
    recipes = available(folder)
    if name not in recipes:
        near = difflib.get_close_matches(name, recipes, n=1, cutoff=0.4)
        hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(recipes)}"
        raise EarmarkError(f"no recipe '{name}' in {folder}/; {hint}")
    return recipes[name]


def _overlay(values: Any, overlay: Mapping[str, Any], prefix: str = "") -> list[str]:
    changes = []
    for key, value in overlay.items():
        if isinstance(value, Mapping):
            changes += _overlay(values.setdefault(key, {}), value, f"{prefix}{key}.")
        elif key not in values or values[key] != value:
            changes.append(f"{prefix}{key}: {values.get(key)} -> {value}")
            values[key] = value
    return changes


def _headline(path: Path) -> str:
    first = path.read_text().partition("\n")[0]
    return first.removeprefix("#").strip()
