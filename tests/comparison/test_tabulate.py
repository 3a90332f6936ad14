import csv
import io

from earmark.comparison.outcome import outcome_of
from earmark.comparison.spec import Spec
from earmark.comparison.tabulate import fill

SPEC = {
    "title": "Tones",
    "note": "Of two recipes.",
    "columns": ["accuracy", "published.accuracy", "honest.accuracy", "parameters", "leaks"],
    "rows": [
        {"label": "plain", "recipe": "plain", "honest": "fast", "published": {"accuracy": 0.9}},
        {"label": "always one", "recipe": "plain", "baseline": "majority"},
        {"label": "elsewhere", "recipe": "elsewhere"},
    ],
}


def table(**change):
    spec = Spec.model_validate({**SPEC, **change})
    outcomes = {name: outcome_of(name, {}) for name in spec.recipes()}
    return fill(spec, outcomes, lambda outcome, classes: {"macs": 7 * classes, "image": "2 × 3 × 1"})


def test_a_run_stands_beside_the_published_figure_and_its_twin(judged):
    judged("plain", right=3, leaks="leaks")
    judged("fast", right=2)
    found = table()
    assert found.cells == [
        [0.75, 0.9, 0.5, 1000, "leaks"],
        [0.5, None, None, None, None],
        [None, None, None, None, None],
    ]
    assert (
        found.markdown()
        == """\
# Tones

|  | accuracy | published accuracy | accuracy, new speakers | parameters | splits |
| --- | ---: | ---: | ---: | ---: | --- |
| plain | 0.750 | 0.900 | 0.500 | 1,000 | leaks |
| always one | 0.500 | – | – | – | – |
| elsewhere | – | – | – | – | – |

Of two recipes.

* `elsewhere`: no data: nowhere
"""
    )


def test_what_was_not_run_is_said(judged):
    judged("plain")
    assert "* `fast`: not trained" in table().markdown()


def test_figures_go_on_as_csv_and_by_name(judged):
    judged("plain")
    found = table()
    first = next(csv.DictReader(io.StringIO(found.csv())))
    assert (first["label"], first["recipe"], first["accuracy"], first["honest.accuracy"]) == (
        "plain", "plain", "0.75", "",
    )  # fmt: skip
    assert found.as_dicts()[0]["lacks"] == "`fast`: not trained"
    assert found.as_dicts()[0]["published.accuracy"] == 0.9


def test_what_is_counted_in_the_network_needs_no_run(study):
    rows = [{"label": "plain", "recipe": "plain", "classes": 3}]
    found = table(columns=["image", "macs"], rows=rows)
    assert (found.cells, found.states) == ([["2 × 3 × 1", 21]], [""])
