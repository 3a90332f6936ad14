"""What the HTML pages share: templates, embedded figures, bars with intervals, the leak audit and the confound probes.

A page is one file that stands alone (no network), for a phone or a desk, by day or by night.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from jinja2 import Environment

Figures: TypeAlias = Mapping[str, Mapping[str, bytes]]
"""PNG bytes of each figure by its name and its theme's name."""

AUDITED = {
    "speaker": "speakers",
    "sentence": "sentences",
    "audio": "files",
    "recording": "source recordings (copies, parts)",
    "near_duplicate": "groups of near-duplicate audio",
    "hold_out": "held-out values in training",
}
"""What the leak audit looks for, by its name there."""

PROBES = {
    "duration": "duration only",
    "level": "level only",
    "file": "codec, sample rate, size only",
    "silence": "quietest frames only",
    "spectrum": "mean spectrum only",
}
"""What each confound probe sees."""


@dataclass(frozen=True)
class Bar:
    """A classifier in a chart: name, score 0..1, interval if known, and whether it is the model judged."""

    name: str
    value: float
    interval: list[float] | None
    ours: bool = False


def render(template: str, **values: Any) -> str:
    """The page of a template (a file beside this one) as HTML text."""
    page: str = _environment().get_template(template).render(**values)
    return page


def leak_rows(leaks: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Per audited column: what it is, how many of its values cross splits, and the first of them."""
    return [
        {"what": AUDITED.get(kind, kind), "count": found["count"], "examples": found.get("examples", [])[:2]}
        for kind, found in leaks["crossing"].items()
    ]


def probe_bars(confounds: Mapping[str, Any]) -> list[Bar]:
    """The confound probes, best first."""
    bars = [Bar(PROBES[name], s["balanced_accuracy"], s["ci95"]) for name, s in confounds["probes"].items()]
    return sorted(bars, key=lambda bar: -bar.value)


def embedded(figures: Figures) -> dict[str, dict[str, str]]:
    """The figures as addresses that hold them, by name and theme."""
    return {
        name: {theme: data_uri("image/png", image) for theme, image in both.items()} for name, both in figures.items()
    }


def data_uri(kind: str, content: bytes) -> str:
    """An address that holds the content itself."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _hours(hours: float) -> str:
    """Hours in two or three figures."""
    if not hours:
        return "–"
    if hours >= 10:
        return f"{hours:,.0f}"
    return f"{hours:.2f}" if hours >= 0.1 else f"{hours:.3f}"


def _time(hours: float) -> str:
    """Hours in the unit that suits them."""
    if hours >= 1:
        return f"{_hours(hours)} h"
    return f"{60 * hours:.0f} min" if hours >= 1 / 60 else f"{3600 * hours:.0f} s"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("earmark.evaluation", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share, places=1: f"{100 * share:.{places}f} %"
    environment.filters["grouped"] = lambda number: f"{number:,}"
    environment.filters["hours"] = _hours
    environment.filters["time"] = _time
    environment.filters["median"] = lambda numbers: float(np.median(numbers))
    return environment
