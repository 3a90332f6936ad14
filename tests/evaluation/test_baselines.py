import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as Peer

from earmark.errors import EarmarkError
from earmark.evaluation.baselines import LogisticRegression, majority, random_answers
from earmark.evaluation.metrics import scores


def test_majority_is_the_most_frequent_training_class():
    assert majority(["a", "b", "b"], ["a", "b"], 2).tolist() == [[0, 1], [0, 1]]


def test_majority_takes_the_first_of_equals():
    assert majority(["b", "a"], ["a", "b"], 1).argmax() == 0


def macro_f1(probabilities, truth):
    hits = probabilities[np.arange(len(truth)), truth]
    counts = [np.bincount(truth, hits, 2), np.bincount(truth, minlength=2).astype(float), probabilities.sum(axis=0)]
    return float(scores(*counts)["macro_f1"])


def test_one_class_and_random_answers_score_what_a_study_of_gender_published():
    """1362 men and 1320 women: macro F1 .34 and .49."""
    truth = np.repeat([0, 1], [1362, 1320])
    assert round(macro_f1(majority(["m", "m", "f"], ["m", "f"], 2682), truth), 2) == 0.34
    assert macro_f1(random_answers(2, 2682), truth) == pytest.approx(0.49, abs=0.02)


def test_random_answers_are_one_class_each_and_every_class_as_often():
    drawn = random_answers(4, 10_000)
    assert (drawn.sum(axis=1) == 1).all() and set(np.unique(drawn)) == {0, 1}
    np.testing.assert_allclose(drawn.mean(axis=0), 0.25, atol=0.02)


def test_random_answers_follow_the_seed():
    assert (random_answers(3, 50) == random_answers(3, 50)).all()
    assert (random_answers(3, 50, seed=1) != random_answers(3, 50)).any()


@pytest.mark.parametrize("k", [2, 3])
def test_reference_equals_scikit_learn(tmp_path, k):
    rng = np.random.default_rng(0)
    features, truth = rng.normal(3, 2, (60, 2, 4)).astype(np.float32), np.arange(60) % k
    flat = features.reshape(60, -1)
    mean, scale = flat.mean(axis=0), flat.std(axis=0)
    peer = Peer().fit((flat - mean) / scale, truth)
    np.savez(tmp_path / "reference.npz", coef=peer.coef_, intercept=peer.intercept_, mean=mean, scale=scale)
    found = LogisticRegression.load(tmp_path).probabilities(features)
    np.testing.assert_allclose(found, peer.predict_proba((flat - mean) / scale), atol=1e-6)


def test_a_missing_reference_is_named(tmp_path):
    with pytest.raises(EarmarkError, match=r"reference\.npz.*train the model again"):
        LogisticRegression.load(tmp_path)
