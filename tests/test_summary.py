import json

import pytest

from earmark.errors import EarmarkError
from earmark.summary import read_metrics, summarise

METRICS = {
    "task": "language",
    "n_classes": 4,
    "test": {
        "n": 160,
        "accuracy": 0.9,
        "balanced_accuracy": 0.89,
        "macro_f1": 0.88,
        "ci95": {"accuracy": [0.85, 0.94]},
    },
    "baselines": {"majority": {"accuracy": 0.25}, "logistic_regression": {"accuracy": 0.8}},
    "quarantined": 3,
}


def test_the_figures_stand_beside_their_baselines():
    text = summarise(METRICS)
    assert "0.900   95 % interval 0.850 … 0.940" in text
    assert "majority 0.250, logistic regression 0.800" in text
    assert "quarantined clips   3" in text
    assert "make ui" in text


def test_without_an_evaluation_it_says_how_to_get_one(tmp_path):
    with pytest.raises(EarmarkError, match="snakemake --cores all"):
        read_metrics(tmp_path / "metrics.json")
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS))
    assert read_metrics(tmp_path / "metrics.json") == METRICS
