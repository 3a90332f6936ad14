"""Recipes: overlays of ``params.yaml``, one per study or variant of it, that can be written into it, comments kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from earmark import config, overlay
from earmark.config import Params
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


def apply(name: str, params_file: Path, folder: Path = FOLDER, over: bool = False) -> str:
    """Write recipe ``name`` with all that it extends into ``params_file``, keeping comments; returns what was changed.

    What a whole study (one with a ``task``) does not say becomes the default, whatever stood there before, but for the
    section ``search``. A part of one, or any recipe ``over`` what is there, changes only what it says. Raises
    EarmarkError for an unknown recipe or one that does not validate; the file is untouched then.
    """
    path = find(name, folder)
    said = overlay.recipe(path)
    if over or "task" not in said:
        new = config.load(params_file, path).plain()
    else:
        complete = config.parse(said, str(path)).plain()
        new = {key: value for key, value in complete.items() if key in said or key != "search"}
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 120
    values = yaml.load(params_file)
    changes = _written(values, new)
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


def recipe_of(params: Params, folder: Path = FOLDER) -> str | None:
    """Name of the recipe that says exactly these ``params``, by itself or over ``params.yaml``; None if none does."""
    return _digests(folder.absolute()).get(params.digest())


@cache
def _digests(folder: Path) -> dict[str, str]:
    """Params digest → recipe, for those that are whole studies."""
    base, found = folder.parent / overlay.BASE, dict[str, str]()
    values = overlay.read(base) if base.is_file() else {}
    for name, path in available(folder).items():
        said = overlay.recipe(path)
        for study in (said, overlay.merge(values, said)) if "task" in said else ():
            try:
                found.setdefault(config.parse(study).digest(), name)
            except EarmarkError:
                continue  # of another version, or no whole study over these params
    return found


def _written(values: Any, new: Mapping[str, Any]) -> list[str]:
    """Set every param that differs, and say which; what ``values`` do not say has its default."""
    changes, defaults = [], config.parse({}).plain()
    for section, content in new.items():
        is_section = isinstance(content, Mapping)
        target, prefix = (values.setdefault(section, {}), f"{section}.") if is_section else (values, "")
        default = defaults[section] if is_section else defaults
        for key, value in (content if is_section else {section: content}).items():
            before = target.get(key, default[key])
            if before != value:
                changes.append(f"{prefix}{key}: {before} -> {value}")
                target[key] = value
    return changes


def _headline(path: Path) -> str:
    first = path.read_text().partition("\n")[0]
    return first.removeprefix("#").strip()
