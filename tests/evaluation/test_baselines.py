import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as Peer

from earmark.errors import EarmarkError
from earmark.evaluation.baselines import LogisticRegression, majority


def test_majority_is_the_most_frequent_training_class():
    assert majority(["a", "b", "b"], ["a", "b"], 2).tolist() == [[0, 1], [0, 1]]


def test_majority_takes_the_first_of_equals():
    assert majority(["b", "a"], ["a", "b"], 1).argmax() == 0


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
