from dataclasses import replace

import pytest

from earmark.evaluation.findings import findings
from earmark.evaluation.scorecard import scorecard

PROBES = {"chance": 0.333, "probes": {"level": {"balanced_accuracy": 0.34, "ci95": [0.3, 0.38]}}}
TRAINING = {"warnings": [], "stopped": "early", "epochs": 20, "best_epoch": 9}


@pytest.fixture
def tell(params, material, answers):
    """Findings with changes to the metrics of the test set, the leak audit, the training and the probes."""
    card = scorecard(params, material, answers, "m")

    def told(test=None, gain=None, leaks=None, training=None, probes=None):
        baselines = {**card["baselines"]}
        baselines["logistic_regression"] = {**baselines["logistic_regression"], **({"gain": gain} if gain else {})}
        changed = {**card, "test": {**card["test"], **(test or {})}, "baselines": baselines}
        audited = replace(material, leaks={**material.leaks, **(leaks or {})})
        told = findings(changed, audited, {**TRAINING, **(training or {})}, {**PROBES, **(probes or {})})
        return [(found.level, found.text) for found in told]

    return told


def has(found, level, text):
    return any(one == level and text in sentence for one, sentence in found)


def test_a_sound_result_has_no_warning(tell):
    found = tell()
    assert not any(level == "warn" for level, _ in found)
    assert has(found, "good", "No speaker, sentence, recording or near-duplicate")
    assert has(found, "good", "Neither duration, level")
    assert has(found, "good", "Better than logistic regression")


def test_losses_of_clips_are_told(tell):
    assert has(tell(), "note", "3 recording(s) in quarantine, not used: 2 silent, 1 unreadable")
    assert has(tell(), "note", "top 7")


def test_a_leak_comes_first(tell):
    found = tell(leaks={"verdict": "leaks", "crossing": {"speaker": {"count": 5}, "audio": {"count": 0}}})
    assert found[0][0] == "warn"
    assert has(found, "warn", "5 speaker(s) in more than one")
    assert has(found, "note", "`earmark table twins`")
    assert not has(tell(), "note", "`earmark table twins`")


def test_a_probe_that_tells_the_classes_apart_is_a_warning(tell):
    telling = {"spectrum": {"balanced_accuracy": 0.8, "ci95": [0.75, 0.85]}}
    assert has(tell(probes={"probes": telling}), "warn", "mean spectrum alone reaches 80.0 % balanced accuracy")
    assert has(tell(probes={"probes": {}}), "note", "No confound probe")


def test_new_words_are_told_unless_they_leak(tell):
    held_out = {"column": "word", "folds": 4, "fold": 0, "count": 6, "examples": ["a", "b"]}
    clean = {"hold_out": held_out, "crossing": {"hold_out": {"count": 0}}}
    assert has(tell(leaks=clean), "good", "6 value(s) of word are new to the model (a, b, …)")
    found = tell(leaks={**clean, "verdict": "leaks", "crossing": {"hold_out": {"count": 2}}})
    assert has(found, "warn", "2 held-out value(s)")
    assert not any("are new to the model" in text for _, text in found)


def test_synthetic_clips_are_told_apart(tell):
    spoken = {"clips": 1200, "speakers": 30, "counts": {"en": 800, "zh": 400}, "left_out": {"hold_out": 7}}
    found = tell(leaks={"synthetic": spoken})
    assert has(found, "note", "1,200 synthetic training clips by 30 voices (en 800, zh 400)")
    assert has(found, "note", "left out: hold_out 7")
    assert not any("synthetic" in text for _, text in tell())


def test_crossing_that_the_split_allows_is_a_note(tell):
    assert has(tell(leaks={"crossing": {"sentence": {"count": 2}}}), "note", "2 sentence(s)")


@pytest.mark.parametrize(
    ("test", "text"),
    [
        ({"speakers": 0}, "speakers of the test clips are unknown"),
        ({"speakers": 4}, "Only 4 speakers"),
        ({"balanced_accuracy": 0.2}, "no better than always answering"),
        ({"per_class": [{"label": "zh", "n": 3}]}, "Few test clips of zh (3)"),
    ],
)
def test_doubts_about_the_test_set_are_warnings(tell, test, text):
    assert has(tell(test=test), "warn", text)


@pytest.mark.parametrize(
    ("interval", "level", "text"),
    [([-0.2, -0.1], "warn", "is better"), ([-0.1, 0.1], "note", "Not distinguishable")],
)
def test_a_head_that_adds_nothing_is_told(tell, interval, level, text):
    gain = {"balanced_accuracy": sum(interval) / 2, "ci95": {"balanced_accuracy": interval}}
    assert has(tell(gain=gain), level, text)


def test_warnings_of_the_training_are_passed_on(tell):
    assert has(tell(training={"warnings": ["collapsed to one class"]}), "warn", "collapsed to one class")


def test_training_cut_off_by_its_epochs_is_told(tell):
    assert has(tell(training={"stopped": "epochs", "best_epoch": 19}), "note", "still improving")
