"""What a sweep found best as a recipe: an overlay of ``params.yaml`` that holds only what differs from it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from earmark import config
from earmark.config import Params

PARAMS_FILE = Path("params.yaml")


def difference(base: Params, wanted: Params) -> dict[str, Any]:
    """The overlay that makes ``wanted`` of ``base``, section by section."""
    before, after = base.plain(), wanted.plain()
    found: dict[str, Any] = {}
    for name, value in after.items():
        if not isinstance(value, dict):
            found |= {} if value == before[name] else {name: value}
        elif changed := {key: inner for key, inner in value.items() if inner != before[name][key]}:
            found[name] = changed
    return found


def write_recipe(path: Path, wanted: Params, comments: Iterable[str]) -> None:
    """Write the overlay of the project's ``params.yaml`` (of the defaults, if there is none) that makes ``wanted``."""
    base = config.load(PARAMS_FILE) if PARAMS_FILE.is_file() else config.parse({})
    text = yaml.safe_dump(difference(base, wanted), sort_keys=False, allow_unicode=True)
    path.write_text("".join(f"# {line}\n" for line in comments) + text)
