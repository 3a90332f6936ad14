import base64

import pytest

from earmark.evaluation import page

CONFOUNDS = {
    "probes": {
        "level": {"balanced_accuracy": 0.5, "ci95": [0.4, 0.6]},
        "spectrum": {"balanced_accuracy": 0.9, "ci95": [0.8, 0.95]},
    }
}


def test_leak_rows_name_what_crosses():
    leaks = {"crossing": {"speaker": {"count": 3, "examples": [1, 2, 3]}, "session": {"count": 0}}}
    assert page.leak_rows(leaks) == [
        {"what": "speakers", "count": 3, "examples": [1, 2]},
        {"what": "session", "count": 0, "examples": []},
    ]


def test_probes_come_best_first():
    assert [(bar.name, bar.interval) for bar in page.probe_bars(CONFOUNDS)] == [
        ("mean spectrum only", [0.8, 0.95]),
        ("level only", [0.4, 0.6]),
    ]


def test_figures_are_embedded_whole():
    found = page.embedded({"one": {"light": b"1", "dark": b"2"}})
    kind, _, content = found["one"]["dark"].partition(",")
    assert kind == "data:image/png;base64" and base64.b64decode(content) == b"2"


@pytest.mark.parametrize(
    ("hours", "figures", "words"),
    [
        (0, "–", "0 s"),
        (0.0042, "0.004", "15 s"),
        (0.05, "0.050", "3 min"),
        (0.5, "0.50", "30 min"),
        (3.456, "3.46", "3.46 h"),
        (1234.5, "1,234", "1,234 h"),
    ],
)
def test_times_are_told_in_two_or_three_figures(hours, figures, words):
    filters = page._environment().filters
    assert (filters["hours"](hours), filters["time"](hours)) == (figures, words)
