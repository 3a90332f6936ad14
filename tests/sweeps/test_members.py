import pytest

from earmark.errors import EarmarkError
from earmark.sweeps.members import AT_A_TIME, Member, Outcome, at_a_time, sweep_of
from earmark.sweeps.runner import Runner


def test_a_member_says_its_params_as_they_are_read(study):
    member = Member.of(study(), {"train.learning_rate": "1e-3", "features.window": {"seconds": 2}})
    assert member.overrides == {"train.learning_rate": 0.001, "features.window": {"seconds": 2}}
    assert member.name == "lr=0.001 seconds=2"


def test_heads_are_trained_side_by_side_and_networks_alone(study):
    assert [at_a_time(study(), 9, workers) for workers in (1, 2, 16)] == [1, 2, AT_A_TIME]
    assert at_a_time(study(train__mode="scratch"), 9, 16) == 1


def test_a_sweep_is_known_by_its_members(study):
    base, runner = study(), Runner()
    members = [Member.of(base, {"train.seed": seed}) for seed in (0, 1)]
    runner.prepare(base)
    sweep = sweep_of("grid", base, members, {})
    assert sweep.varied == {"train.seed": [0, 1]} and sweep.data == base.prepare_key
    assert sweep_of("grid", base, members[:1], {}).key != sweep.key
    assert sweep.name == f"grid-{sweep.key[:6]}"
    with pytest.raises(EarmarkError, match="no run could be prepared: no clips"):
        sweep_of("grid", base, members, {0: "no clips", 1: "no clips"})


def test_a_member_without_metrics_has_no_figure(study):
    assert Outcome(Member.of(study(), {})).figure("test", "loss") is None
