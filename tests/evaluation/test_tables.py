import csv

import numpy as np
import pytest

from earmark.evaluation import metrics, tables


def read(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_confusion_has_one_line_per_clip(tmp_path, answers):
    test = answers.head.of("test")
    tables.confusion(tmp_path / "c.csv", test)
    rows = read(tmp_path / "c.csv")
    assert [row["actual"] for row in rows] == [row["label"] for row in test.rows]
    assert [row["predicted"] for row in rows] == [test.labels[i] for i in test.predicted]


def test_roc_averages_the_classes(tmp_path, answers):
    tables.roc(tmp_path / "r.csv", answers.head.of("test"))
    rows = read(tmp_path / "r.csv")
    assert list(rows[0]) == ["fpr", "tpr", "tpr_de", "tpr_en", "tpr_es", "tpr_zh"]
    assert (len(rows), rows[-1]["tpr"]) == (metrics.ROC_POINTS, "1.0")
    for row in rows:
        curves = [float(value) for name, value in row.items() if name.startswith("tpr_")]
        assert float(row["tpr"]) == pytest.approx(np.mean(curves), abs=1e-5)


def test_roc_of_one_class_is_the_diagonal(tmp_path, answers):
    only = type(answers.head)(answers.head.rows[:2], ["de"], np.ones((2, 1)))
    tables.roc(tmp_path / "r.csv", only)
    assert all(row == {"fpr": row["fpr"], "tpr": row["fpr"]} for row in read(tmp_path / "r.csv"))


def test_calibration_has_one_line_per_bin(tmp_path):
    bins = [{"lower": 0.4, "confidence": 0.45, "accuracy": 0.5, "count": 2}]
    tables.calibration(tmp_path / "b.csv", bins)
    assert [{name: float(value) for name, value in row.items()} for row in read(tmp_path / "b.csv")] == bins


def test_history_is_read_by_column(tmp_path):
    tables.write_csv(tmp_path / "history.csv", ["epoch", "loss"], [[0, 1.5], [1, 1.25]])
    assert tables.read_history(tmp_path / "history.csv") == {"epoch": [0, 1], "loss": [1.5, 1.25]}
