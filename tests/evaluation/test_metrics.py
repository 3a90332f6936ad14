import numpy as np
import pytest
from sklearn import metrics as peer

from earmark import versions
from earmark.evaluation import metrics

GOLDEN = {
    4: {
        "n": 8,
        "accuracy": 0.625,
        "balanced_accuracy": 0.611111,
        "macro_f1": 0.634921,
        "loss": 0.809822,
        "ece": 0.275,
        "roc_auc": 0.788889,
    }
}
"""Figures of ``fixed_answers`` by evaluation version: when they change, bump ``versions.EVALUATE`` and add a line."""


def fixed_answers() -> tuple[np.ndarray, np.ndarray]:
    truth = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    probabilities = np.array(
        [
            [0.8, 0.1, 0.1],
            [0.5, 0.3, 0.2],
            [0.2, 0.7, 0.1],
            [0.1, 0.8, 0.1],
            [0.3, 0.5, 0.2],
            [0.4, 0.3, 0.3],
            [0.1, 0.1, 0.8],
            [0.3, 0.5, 0.2],
        ]
    )
    return truth, probabilities


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 500)
    logits = rng.normal(size=(500, 4)) + 1.5 * np.eye(4)[truth]
    shares = np.exp(np.round(logits, 1))  # rounding makes ties
    return truth, shares / shares.sum(axis=1, keepdims=True)


def test_golden_figures_belong_to_this_version():
    assert metrics.summary(*fixed_answers()) == pytest.approx(GOLDEN[versions.EVALUATE], abs=1e-6)


def test_scores_equal_scikit_learn(drawn):
    truth, probabilities = drawn
    found, predicted = metrics.summary(truth, probabilities), probabilities.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(peer.accuracy_score(truth, predicted), abs=1e-6)
    assert found["balanced_accuracy"] == pytest.approx(peer.balanced_accuracy_score(truth, predicted), abs=1e-6)
    assert found["macro_f1"] == pytest.approx(peer.f1_score(truth, predicted, average="macro"), abs=1e-6)
    assert found["loss"] == pytest.approx(peer.log_loss(truth, probabilities), abs=1e-6)
    assert found["roc_auc"] == pytest.approx(peer.roc_auc_score(truth, probabilities, multi_class="ovr"), abs=1e-6)


def test_per_class_equals_scikit_learn(drawn):
    truth, probabilities = drawn
    predicted = probabilities.argmax(axis=1)
    expected = peer.precision_recall_fscore_support(truth, predicted)
    rows = metrics.per_class(truth, predicted, list("abcd"))
    found = [[row[name] for row in rows] for name in ("precision", "recall", "f1", "n")]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_confusion_matrix_has_true_classes_as_rows():
    counts = metrics.confusion_matrix(np.array([0, 0, 1]), np.array([1, 0, 1]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_classes_without_clips_do_not_count():
    truth, probabilities = np.array([0, 0, 1]), np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.1, 0.9, 0]])
    assert metrics.summary(truth, probabilities)["balanced_accuracy"] == pytest.approx(0.75)


def test_one_class_has_no_curve_and_an_even_auc():
    assert metrics.roc_grid(np.zeros(3, int), np.ones((3, 1))) == {}
    assert metrics.macro_auc(np.zeros(3, int), np.ones((3, 1))) == 0.5


def test_roc_grid_is_the_curve_at_even_false_positive_rates(drawn):
    truth, probabilities = drawn
    grid = metrics.roc_grid(truth, probabilities)
    false, hit, _ = peer.roc_curve(truth == 2, probabilities[:, 2], drop_intermediate=False)
    for rate, value in zip(np.linspace(0, 1, metrics.ROC_POINTS), grid[2], strict=True):
        assert value == pytest.approx(hit[false <= rate].max())


def test_perfect_confidence_has_no_calibration_error():
    truth = np.array([0, 1, 1])
    assert metrics.expected_calibration_error(truth, np.eye(2)[truth]) == 0


def test_calibration_counts_every_clip_once(drawn):
    assert sum(row["count"] for row in metrics.calibration(*drawn)) == 500


def test_impossible_answers_cost_a_finite_loss():
    assert np.isfinite(metrics.cross_entropy(np.array([0]), np.array([[0.0, 1.0]])))
