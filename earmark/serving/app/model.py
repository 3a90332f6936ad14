"""A model as the page offers it, and what a person must know before trusting it, in plain sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from earmark import config
from earmark.config import Params
from earmark.provenance import read_record
from earmark.serving.facts import manifest_of

NAMED = 12
"""Classes that a sentence lists."""

DEMO = "demo"
"""The adapter of the corpus that a synthesiser speaks."""


@dataclass(frozen=True)
class Served:
    """A model ``folder``, its name on the page, and whether its study is ``open``: test clips and report are shown."""

    folder: Path
    name: str
    open: bool = True

    @property
    def report(self) -> Path | None:
        """The report of its study, if it is there to be shown."""
        found = self.folder.parent / "report" / "index.html"
        return found if self.open and self.metrics is not None and found.is_file() else None

    @cached_property
    def labels(self) -> list[str]:
        """Its classes."""
        return list(self._json(self.folder / "labels.json"))

    @cached_property
    def metrics(self) -> dict[str, Any] | None:
        """What it reached, if ``metrics.json`` beside it is of this model."""
        found = self._json(self.folder.parent / "metrics.json")
        key = (read_record(self.folder) or {}).get("key")
        return dict(found) if found and key and found.get("model_key") == key else None

    def about(self) -> dict[str, Any]:
        """All that the page says about it, as JSON-serialisable values."""
        params = config.load(self.folder / "params.yaml")
        return {
            "name": self.name,
            "task": (self.metrics or {}).get("task"),
            "labels": self.labels,
            "network": f"{params.backbone.name}, {params.train.head}",
            "image": _image(params),
            "findings": [{"level": level, "text": text} for level, text in self.findings()],
            "report": self.report is not None,
        }

    def findings(self) -> Iterator[tuple[str, str]]:
        """(``warn``, ``note`` or ``good``; a sentence), warnings first."""
        found = [*self._origin(), *_judgement(self.metrics), *self._classes()]
        yield from sorted(found, key=lambda one: ("warn", "note", "good").index(one[0]))

    def _classes(self) -> Iterator[tuple[str, str]]:
        clips = (self._json(self.folder / "training.json") or {}).get("clips", {}).get("train", {})
        names = ", ".join(f"{label} {clips[label]:,}" if label in clips else label for label in self.labels[:NAMED])
        more = f" and {len(self.labels) - NAMED} more" if len(self.labels) > NAMED else ""
        learnt = f"Trained on {sum(clips.values()):,} clips ({names}{more})" if clips else f"Knows {names}{more}"
        yield "note", f"{learnt}. Whatever else is said gets one of these {len(self.labels)} classes, or “unknown”."

    def _origin(self) -> Iterator[tuple[str, str]]:
        manifest = manifest_of(self.folder)
        data = (read_record(manifest) or {}).get("params", {}).get("data", {}) if manifest else {}
        if data.get("adapter") == DEMO:
            yield "warn", "It learnt from the demo corpus, which a synthesiser speaks: it has never heard a person."

    @staticmethod
    def _json(path: Path) -> Any:
        try:
            return json.loads(path.read_text())
        except (OSError, ValueError):
            return None


def _judgement(metrics: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """The test figure with its interval, and whether anything crosses the splits."""
    if metrics is None:
        yield "warn", "Nobody knows how good it is: no metrics.json of this model lies beside its folder."
        return
    test = metrics["test"]
    interval = test.get("ci95", {}).get("balanced_accuracy")
    bounds = f" (95 % interval {interval[0]:.1%} to {interval[1]:.1%})" if interval else ""
    speakers = f" of {test['speakers']:,} speakers" if test.get("speakers") else ""
    right = f"{test['balanced_accuracy']:.1%}{bounds} of {test['n']:,} test clips{speakers}"
    yield "note", _spaced(f"It is right on {right}, each class counted alike.")
    if metrics.get("leaks") == "clean":
        yield "good", "No speaker, sentence or recording of the test clips was in training."
    else:
        yield "warn", "Part of the test clips is known to the model (the splits leak): the figure flatters it."


def _spaced(text: str) -> str:
    """As everywhere in earmark: a space before the percent sign."""
    return text.replace("%", " %").replace("  %", " %")


def _image(params: Params) -> dict[str, Any]:
    """What the rows and columns of the front end's image are."""
    features = params.features
    names = ("fmin", "fmax", "top_db", "dtype", "scale", "trim_db", "vad")
    frame_seconds = features.hop_length / features.sample_rate
    values = {name: getattr(features, name) for name in names}
    return {"kind": features.kinds[0], "frame_seconds": frame_seconds, "sample_rate": features.sample_rate, **values}
