import pytest

from earmark.config import parse
from earmark.space import SearchParams
from earmark.sweeps.trials import Trials

SPACE = {"train.learning_rate": {"low": 1e-5, "high": 1e-2, "log": True}, "train.head": ["linear", "final", "first"]}


@pytest.fixture
def opened(tmp_path):
    """Opens the same trials anew, as after a kill."""

    def opened(**settings):
        return Trials(tmp_path / "trials.db", SearchParams.model_validate({"space": SPACE, **settings}))

    return opened


def value(proposal):
    return proposal.overrides["train.learning_rate"] * 10


def test_proposals_do_not_depend_on_interruptions(opened, tmp_path):
    whole = Trials(tmp_path / "other.db", SearchParams.model_validate({"space": SPACE}))
    expected = []
    for _ in range(12):
        expected.append((proposal := whole.propose()).overrides)
        whole.finish(proposal, value(proposal))
    found = []
    for number in range(12):
        trials = opened()
        (proposal,) = trials.unfinished() or [trials.propose()]
        if number in (3, 11):
            trials = opened()  # killed, the trial is still running
            (proposal,) = trials.unfinished()
        found.append(proposal.overrides)
        trials.finish(proposal, value(proposal))
    assert found == expected
    assert [record.number for record in opened().records()] == list(range(12))


def test_numbers_have_three_digits_and_stay_in_their_range(opened):
    trials = opened()
    for _ in range(10):
        rate = trials.propose().overrides["train.learning_rate"]
        assert 1e-5 <= rate <= 1e-2 and float(f"{rate:.3g}") == rate


def test_the_first_trial_is_the_study_as_it_is_if_it_may_be_tried(opened):
    trials = opened()
    trials.begin_with(parse({"train": {"head": "flat"}}))
    assert trials.propose().number == 0
    opened().begin_with(parse({}))  # too late
    assert [record.number for record in trials.records()] == [0]


def test_params_in_the_space_are_proposed_first(opened):
    trials = opened()
    trials.begin_with(parse({"train": {"learning_rate": 0.002, "head": "first"}}))
    assert trials.propose().overrides == {"train.learning_rate": 0.002, "train.head": "first"}


def test_records_tell_what_became_of_each_trial(opened):
    trials = opened()
    for state in ("refused", "failed", "repeated", "pruned"):
        trials.give_up(trials.propose(), state, f"because {state}")
    done = trials.propose()
    trials.note(done, {"run_id": "r"})
    trials.finish(done, 0.5)
    records = opened().records()
    assert [record.state for record in records] == ["refused", "failed", "pruned", "finished"]
    assert records[1].facts["reason"] == "because failed"
    assert (records[-1].value, records[-1].facts["run_id"], records[-1].overrides) == (0.5, "r", done.overrides)
    assert opened().best() == records[-1]


def test_what_failed_is_tried_again_once(opened):
    trials = opened()
    failed = trials.propose()
    trials.give_up(failed, "failed", "disk full")
    trials.retry_failed()
    again = trials.propose()
    assert again.overrides == failed.overrides
    trials.finish(again, 0.5)
    assert [(record.number, record.state) for record in trials.records()] == [(1, "finished")]
    trials.retry_failed()
    assert trials.propose().overrides != failed.overrides


def test_the_least_loss_is_best(opened):
    trials = opened(metric="loss")
    for loss in (0.5, 0.25, 0.25, 0.75):
        trials.finish(trials.propose(), loss)
    assert trials.best().number == 1
    assert trials.importance().keys() == SPACE.keys()


def test_a_trial_below_the_median_is_hopeless(opened):
    trials = opened(pruning="median")
    for _ in range(4):
        proposal = trials.propose()
        trials.report(proposal, {0: 0.5, 1: 0.6, 2: 0.7})
        trials.report(proposal, {2: 0.7, 3: 0.8})
        trials.finish(proposal, 0.8)
    good, bad = trials.propose(), trials.propose()
    for epochs in ({0: 0.5}, {1: 0.9, 2: 0.9}):
        trials.report(good, epochs)
        trials.report(bad, dict.fromkeys(epochs, 0.1))
    assert (trials.is_hopeless(good), trials.is_hopeless(bad)) == (False, True)


def test_whole_numbers_and_sections_can_be_searched(opened):
    space = {
        "train.batch_size": {"low": 8, "high": 64, "int": True},
        "backbone": [{"name": "earmark_base"}, {"name": "x"}],
    }
    trials = opened(space=space)
    trials.begin_with(parse({}))
    first = trials.propose().overrides
    assert first == {"train.batch_size": 50, "backbone": {"name": "earmark_base"}}
    assert isinstance(first["train.batch_size"], int)
