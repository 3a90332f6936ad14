"""Parameter files laid over each other: ``params.yaml``, recipes over it, and the recipes that a recipe ``extends``.

A recipe's own top-level key ``extends`` names another recipe beside it, or a list of them: its values come on top of
theirs, so that thirty variants of a study need not repeat its data. Mappings merge key by key, all else is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from earmark.errors import EarmarkError, nearest

EXTENDS = "extends"
BASE = Path("params.yaml")


def read(path: Path) -> dict[str, Any]:
    """The values of one YAML file; raises EarmarkError if it is missing or holds no sections."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EarmarkError(f"{path}: no such file") from None
    except yaml.YAMLError as error:
        raise EarmarkError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(values, dict):
        raise EarmarkError(f"{path}: expected 'section: {{key: value}}' pairs")
    return values


def recipe(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The values of a recipe over those of the recipes it extends, of which a later one comes over an earlier one.

    ``above`` are the recipes that led here. Raises EarmarkError for an unknown name, and for a circle of names.
    """
    if path in above:
        circle = " extends ".join(file.stem for file in (*above[above.index(path) :], path))
        raise EarmarkError(f"{above[0]}: {EXTENDS} leads in a circle: {circle}")
    values, merged = read(path), dict[str, Any]()
    for name in _names(values.pop(EXTENDS, []), path):
        merged = merge(merged, recipe(_beside(path, name), (*above, path)))
    return merge(merged, values)


def stack(base: Path, overlays: Iterable[Path]) -> dict[str, Any]:
    """``base`` with recipes over it; raises EarmarkError for a file that cannot be read, or a base that extends."""
    values = read(base)
    if EXTENDS in values:
        raise EarmarkError(f"{base}: {EXTENDS} is for recipes; `earmark use NAME` writes a recipe's values here")
    for overlay in overlays:
        values = merge(values, recipe(overlay))
    return values


def resolved(values: Mapping[str, Any], files: Iterable[str | Path], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What Snakemake made of ``params.yaml``, the configuration ``files`` and the ``settings`` of its command line.

    Its ``values`` are right unless a file extends a recipe: then the files are merged anew, each over what it extends,
    and the settings on top.
    """
    return merge(stack(BASE, map(Path, files)), settings) if EXTENDS in values else dict(values)


def settings(assignments: Iterable[str]) -> dict[str, Any]:
    """Nested values of ``section.key=value`` texts, the value read as YAML; raises EarmarkError for any other text."""
    values: dict[str, Any] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise EarmarkError(f"'{text}': expected section.key=value, e.g. train.epochs=1")
        try:
            found: Any = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise EarmarkError(f"'{text}': not a YAML value: {error}") from None
        for part in reversed(name.split(".")):
            found = {part: found}
        values = merge(values, found)
    return values


def merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``overlay`` on top: mappings merge key by key, everything else is replaced."""
    merged = dict(base)
    for key, value in overlay.items():
        inner = merged.get(key)
        merged[key] = merge(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return merged


def _names(found: Any, path: Path) -> list[str]:
    names = [found] if isinstance(found, str) else found
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise EarmarkError(f"{path}: {EXTENDS}: expected the name of a recipe or a list of names, found {found!r}")
    return names


def _beside(path: Path, name: str) -> Path:
    """The file of the recipe ``name`` in the folder of ``path``."""
    wanted = path.with_name(f"{name}.yaml")
    if not wanted.is_file():
        known = sorted(file.stem for file in path.parent.glob("*.yaml"))
        raise EarmarkError(f"{path}: {EXTENDS} '{name}', but {path.parent}/ has no such recipe; {nearest(name, known)}")
    return wanted
