"""Lines to read, CSV, JSON, Kaggle."""

import csv
import json

import pytest

from earmark.serving.batch import Result
from earmark.serving.tables import lines

LINE = [
    {"start": 0.0, "end": 1.25, "label": "de", "confidence": 0.91234567},
    {"start": 1.25, "end": 2.0, "label": "no speech", "confidence": 1.0},
]
ANSWER = {"label": "de", "confidence": 0.9, "seconds": 2.0, "speech_seconds": 1.25, "timeline": LINE}
RESULTS = [Result("a/ä, b.wav", ANSWER), Result("c.wav", ANSWER | {"label": "unknown"})]


def test_a_table_to_read():
    assert list(lines(RESULTS, "table", width=10)) == [
        "a/ä, b.wav  de              0.900      2.0 s, 1.2 s of speech",
        "c.wav       unknown         0.900      2.0 s, 1.2 s of speech",
    ]
    stretches = list(lines(RESULTS, "table", timeline=True, width=10))
    assert stretches[0] == "a/ä, b.wav      0.00 –     1.25 s  de              0.912"
    assert len(stretches) == 4


def test_csv():
    rows = list(csv.DictReader(lines(RESULTS, "csv")))
    assert [row["path"] for row in rows] == ["a/ä, b.wav", "c.wav"]
    assert rows[0] == {
        "path": "a/ä, b.wav",
        "label": "de",
        "confidence": "0.9",
        "seconds": "2.0",
        "speech_seconds": "1.25",
    }
    parts = list(csv.DictReader(lines(RESULTS, "csv", timeline=True)))
    assert [row["end"] for row in parts] == ["1.25", "2.0"] * 2


def test_kaggle():
    assert list(lines(RESULTS, "kaggle")) == ["fname,label", '"ä, b.wav",de', "c.wav,unknown"]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_json_is_one_array(count):
    found = json.loads("\n".join(lines(RESULTS[:count], "json")))
    assert found == [{"path": result.path, **result.answer} for result in RESULTS[:count]]
