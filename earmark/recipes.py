"""Recipes: overlays of ``params.yaml``, one per study or variant of it, that can be written into it, comments kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from earmark import config, overlay
from earmark.errors import EarmarkError, nearest

FOLDER = Path("recipes")


def available(folder: Path = FOLDER) -> dict[str, Path]:
    """Recipe names and their files, sorted."""
    return {path.stem: path for path in sorted(folder.glob("*.yaml"), key=lambda path: path.stem)}


def describe(folder: Path = FOLDER) -> str:
    """The recipes by study (``task``), one line each: its name and the first comment line of its file."""
    studies: dict[str, list[str]] = defaultdict(list)
    for name, path in available(folder).items():
        studies[str(overlay.recipe(path).get("task", "part of other recipes"))].append(f"  {name:38} {_headline(path)}")
    blocks = ["\n".join([study, *lines]) for study, lines in sorted(studies.items())]
    return "\n\n".join(blocks) or f"no recipes in {folder}/"


def apply(name: str, params_file: Path, folder: Path = FOLDER) -> str:
    """Write recipe ``name`` with all that it extends into ``params_file``, keeping comments; returns what was changed.

    Raises EarmarkError for an unknown recipe or one that does not validate; the file is untouched then.
    """
    path = find(name, folder)
    config.load(params_file, path)
    yaml = YAML()
    yaml.width = 120
    values = yaml.load(params_file)
    changes = list(_overlay(values, overlay.recipe(path)))
    yaml.dump(values, params_file)
    return "\n".join(changes) or f"{params_file} says what {name} says already"


def find(name: str, folder: Path = FOLDER) -> Path:
    """File of the recipe ``name``, or the file itself if it is one; raises EarmarkError with the nearest known name."""
    if name.endswith((".yaml", ".yml")) and Path(name).is_file():
        return Path(name)
    recipes = available(folder)
    if name not in recipes:
        raise EarmarkError(f"no recipe '{name}' in {folder}/; {nearest(name, recipes)}")
    return recipes[name]


def _overlay(values: Any, added: Mapping[str, Any], prefix: str = "") -> list[str]:
    changes = []
    for key, value in added.items():
        if isinstance(value, Mapping) and isinstance(values.get(key), Mapping):
            changes += _overlay(values[key], value, f"{prefix}{key}.")
        elif key not in values or values[key] != value:
            changes.append(f"{prefix}{key}: {values.get(key)} -> {value}")
            values[key] = value
    return changes


def _headline(path: Path) -> str:
    first = path.read_text().partition("\n")[0]
    return first.removeprefix("#").strip()
