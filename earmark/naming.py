"""What runs are called: by the params in which they differ from others, and by nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

LONGEST = 120
"""Characters of a name; the run's params say the rest."""

ABBREVIATED = {"learning_rate": "lr"}
"""MLflow's columns show 16 characters of a name: what varies most often must leave room for its value and a second."""


def name_of(overrides: Mapping[str, Any], names: Iterable[str] | None = None) -> str:
    """``lr=0.001 head=linear``, params without their section where that leaves them apart.

    ``names`` are all the params that vary among those that are named, if not those of ``overrides``.
    """
    flat = dict(_leaves(overrides))
    short = short_names(flat if names is None else {*flat, *names})
    text = " ".join(f"{ABBREVIATED.get(short[name], short[name])}={text_of(value)}" for name, value in flat.items())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]} …"


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Dotted name → its last part, or the whole where two names end alike."""
    names = list(names)
    ends = Counter(name.rpartition(".")[2] for name in names)
    return {name: end if ends[end := name.rpartition(".")[2]] == 1 else name for name in names}


def text_of(value: Any) -> str:
    """A value as short text: numbers with four digits, lists and mappings as JSON."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names with the values of a section that is replaced as a whole, too."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
