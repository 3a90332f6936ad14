"""Results as lines: a table to read, CSV, a time line, or what Kaggle takes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from earmark.serving.batch import Result

Row = Sequence[Any]

LABEL_WIDTH = 14
"""Characters of a column that is meant for eyes; what is longer moves the others."""

SUMMARY = ("path", "label", "confidence", "seconds", "speech_seconds")
STRETCH = ("path", "start", "end", "label", "confidence")
KAGGLE = ("fname", "label")


def lines(results: Iterable[Result], layout: str, timeline: bool = False, width: int = 40) -> Iterator[str]:
    """``results``, which have answers, as they come: layout table, csv, json (an array, all of it) or kaggle.

    With ``timeline`` tables have a line for each stretch of one label. ``width`` is that of the paths to be read.
    """
    if layout == "json":
        return _json(results)
    if layout == "kaggle":
        return _csv(KAGGLE, ((Path(found.path).name, _of(found)["label"]) for found in results))
    rows = (row for found in results for row in (stretches if timeline else summary)(found))
    if layout == "csv":
        return _csv(STRETCH if timeline else SUMMARY, rows)
    words = _stretch_words if timeline else _summary_words
    return (f"{row[0]:{width}}  {words(row)}" for row in rows)


def summary(found: Result) -> list[Row]:
    """One row of ``SUMMARY``."""
    answer = _of(found)
    numbers = (round(answer[name], 4) for name in SUMMARY[2:])
    return [(found.path, answer["label"], *numbers)]


def stretches(found: Result) -> list[Row]:
    """Rows of ``STRETCH``, one for each stretch of one label."""
    names = STRETCH[1:]
    rows = [[part[name] for name in names] for part in _of(found)["timeline"]]
    return [(found.path, *(round(v, 4) if isinstance(v, float) else v for v in row)) for row in rows]


def _of(found: Result) -> dict[str, Any]:
    return found.answer or {}


def _summary_words(row: Row) -> str:
    _, label, confidence, seconds, speech = row
    return f"{label:{LABEL_WIDTH}} {confidence:6.3f} {seconds:8.1f} s, {speech:.1f} s of speech"


def _stretch_words(row: Row) -> str:
    _, start, end, label, confidence = row
    return f"{start:8.2f} – {end:8.2f} s  {label:{LABEL_WIDTH}} {confidence:6.3f}"


def _csv(header: Row, rows: Iterable[Row]) -> Iterator[str]:
    for row in chain([header], rows):
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="").writerow(row)
        yield buffer.getvalue()


def _json(results: Iterable[Result]) -> Iterator[str]:
    """An array with an object on each line."""
    before = "["
    for found in results:
        yield before + json.dumps({"path": found.path, **_of(found)}, ensure_ascii=False)
        before = ","
    yield "]" if before == "," else "[]"
