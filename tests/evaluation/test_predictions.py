import numpy as np
import pyarrow.parquet as pq
import pytest

from earmark.errors import EarmarkError
from earmark.evaluation.predictions import Predictions
from earmark.provenance import Provenance, read_record


def test_written_predictions_hold_one_column_per_class(tmp_path, answers):
    path = tmp_path / "predictions.parquet"
    answers.head.write(path, Provenance("evaluate", 1, "k" * 20))
    table = pq.read_table(path)
    assert table.column_names == ["clip_id", "split", "label", "predicted", "p_de", "p_en", "p_es", "p_zh"]
    scores = np.column_stack([table[f"p_{label}"] for label in answers.head.labels])
    np.testing.assert_allclose(scores, answers.head.probabilities, atol=1e-7)
    assert table["predicted"].to_pylist() == [answers.head.labels[i] for i in scores.argmax(axis=1)]
    assert read_record(path)["key"] == "k" * 20


def test_of_a_split_keeps_rows_and_probabilities_together(answers):
    test = answers.head.of("test")
    assert {row["split"] for row in test.rows} == {"test"}
    position = next(i for i, row in enumerate(answers.head.rows) if row["split"] == "test")
    np.testing.assert_array_equal(test.probabilities[0], answers.head.probabilities[position])


def test_a_class_the_model_does_not_know_is_named():
    with pytest.raises(EarmarkError, match="not trained on class xx"):
        _ = Predictions([{"label": "xx"}], ["a"], np.ones((1, 1))).truth
