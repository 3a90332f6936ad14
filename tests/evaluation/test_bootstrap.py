import numpy as np
import pytest

from earmark.evaluation import bootstrap
from earmark.evaluation.bootstrap import Bootstrap, groups_of, interval
from earmark.evaluation.metrics import summary


def test_clips_of_one_speaker_are_one_group_and_unknown_speakers_stand_alone():
    groups = groups_of(["b", "a", None, "b", None])
    assert groups[0] == groups[3]
    assert len(set(groups.tolist())) == 4


def test_replicates_equal_a_plain_loop():
    rng = np.random.default_rng(1)
    groups, truth, predicted = rng.integers(0, 7, 60), rng.integers(0, 3, 60), rng.integers(0, 3, 60)
    draws = Bootstrap(groups, 20)
    found = draws.replicates(truth, predicted, 3)
    weights = np.concatenate(draws._weights(7))
    for i, row in enumerate(weights.astype(int)):
        clips = np.repeat(np.arange(60), row[groups])
        expected = summary(truth[clips], np.eye(3)[predicted[clips]])
        for name, values in found.items():
            assert values[i] == pytest.approx(expected[name], abs=1e-6)


def test_blocks_do_not_change_the_draws_size(monkeypatch):
    monkeypatch.setattr(bootstrap, "BLOCK", 30)
    groups = np.arange(10)
    found = Bootstrap(groups, 100).replicates(np.zeros(10, int), groups % 2, 2)
    assert found["accuracy"].shape == (100,)
    assert found["accuracy"].mean() == pytest.approx(0.5, abs=0.05)


def test_the_same_seed_draws_the_same():
    groups, truth = np.arange(30), np.arange(30) % 2
    first, second = (Bootstrap(groups, 50).replicates(truth, truth[::-1], 2) for _ in range(2))
    np.testing.assert_array_equal(first["macro_f1"], second["macro_f1"])


def test_voices_widen_the_interval():
    """Ten voices, each always right or always wrong, are ten observations and not a hundred."""
    speakers = np.repeat(np.arange(10), 10)
    truth, predicted = np.zeros(100, int), (speakers % 2).astype(int)
    by_voice, by_clip = (
        interval(Bootstrap(groups, 500).replicates(truth, predicted, 2)["accuracy"])
        for groups in (speakers, np.arange(100))
    )
    assert by_voice[1] - by_voice[0] > 2 * (by_clip[1] - by_clip[0])


def test_interval_covers_the_central_95_percent():
    assert interval(np.arange(1001) / 1000) == [0.025, 0.975]
