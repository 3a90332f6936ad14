from dataclasses import replace

import pytest

from earmark.config import vary
from earmark.tracking import ParentRun, Sweep
from earmark.tracking.run import Training

DATA = "d" * 20


@pytest.fixture
def sweep(params):
    return Sweep("grid", "5" * 20, params, DATA, {"train.seed": [0, 1]})


@pytest.fixture
def opened(sweep, server):
    return lambda **changes: ParentRun(replace(sweep, **changes), server)


def member(parent, params, seed, key):
    return parent.child(vary(params, {"train.seed": seed}), key, DATA, f"seed={seed}")


def test_a_parent_holds_what_its_children_share(opened, server, params):
    with opened() as parent:
        children = [member(parent, params, seed, f"{seed}" * 20) for seed in (0, 1)]
        parent.conclude({"val/accuracy": 0.5}, "words", {}, children[1].run_id)
    client = server.client()
    run = client.get_run(parent.run_id)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "grid-555555")
    assert "train.seed" not in run.data.params and run.data.params["varied.train.seed"] == "[0, 1]"
    assert run.data.params["train.head"] == "final" and "earmark.model_key" not in run.data.tags
    assert run.data.tags["earmark.best_run"] == children[1].run_id
    assert run.data.metrics["val/accuracy"] == 0.5 and run.data.tags["mlflow.note.content"] == "words"
    for seed, child in enumerate(children):
        found = client.get_run(child.run_id)
        assert found.data.tags["mlflow.parentRunId"] == parent.run_id
        assert found.info.run_name == f"seed={seed}" and found.data.params["train.seed"] == str(seed)


def test_the_same_sweep_is_the_same_run(opened, params):
    with opened() as first:
        child = member(first, params, 0, "a" * 20)
    with opened() as again:
        assert again.run_id == first.run_id
        assert member(again, params, 0, "a" * 20) == replace(child, is_new=False)


def test_a_finished_sweep_keeps_its_end_unless_a_member_ends_later(opened, server, params):
    client = server.client()
    ends = []
    for seeds in ((0,), (0,), (0, 1)):
        with opened() as parent:
            for seed in seeds:
                child = member(parent, params, seed, f"{seed}" * 20)
                if child.is_new:
                    client.set_terminated(child.run_id, "FINISHED")
        ends.append(client.get_run(parent.run_id).info.end_time)
    assert ends[0] == ends[1] < ends[2] == client.get_run(child.run_id).info.end_time


def test_a_run_of_its_own_becomes_a_child_and_a_name_given_by_hand_stays(opened, server, params):
    client = server.client()
    usual, named = (Training(params, key, DATA).run(client, server) for key in ("a" * 20, "b" * 20))
    client.update_run(named.info.run_id, name="my favourite")
    with opened() as parent:
        member(parent, params, 0, "a" * 20)
        member(parent, params, 1, "b" * 20)
    names = [client.get_run(run.info.run_id).info.run_name for run in (usual, named)]
    assert names == ["seed=0", "my favourite"]


def test_a_child_of_another_sweep_stays_where_it_is_and_is_tagged(opened, server, params):
    with opened() as first:
        child = member(first, params, 0, "a" * 20)
    with opened(key="7" * 20, kind="folds") as second:
        assert not member(second, params, 0, "a" * 20).is_below
    client = server.client()
    tags = client.get_run(child.run_id).data.tags
    assert tags["mlflow.parentRunId"] == first.run_id
    assert (tags["earmark.in.grid-555555"], tags["earmark.in.folds-777777"]) == ("seed=0", "seed=0")
    client.delete_run(first.run_id)
    with opened(key="7" * 20, kind="folds") as second:
        assert member(second, params, 0, "a" * 20).is_below, "its first parent is gone"


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (ValueError("disk full"), "FAILED", "ValueError: disk full"),
        (KeyboardInterrupt(), "KILLED", "KeyboardInterrupt"),
    ],
)
def test_a_bad_ending_is_told_and_taken_back_by_a_good_one(opened, server, error, status, reason):
    with pytest.raises(type(error)), opened() as parent:
        raise error
    run = server.client().get_run(parent.run_id)
    assert (run.info.status, run.data.tags["earmark.reason"]) == (status, reason)
    with opened():
        pass
    run = server.client().get_run(parent.run_id)
    assert run.info.status == "FINISHED" and "earmark.reason" not in run.data.tags


def test_members_that_wait_end_with_a_sweep_that_is_stopped(opened, server, params):
    client = server.client()
    with pytest.raises(KeyboardInterrupt), opened() as parent:
        waiting, done = member(parent, params, 0, "a" * 20), member(parent, params, 1, "b" * 20)
        client.set_terminated(done.run_id, "FINISHED")
        raise KeyboardInterrupt
    runs = [client.get_run(run_id) for run_id in (parent.run_id, waiting.run_id, done.run_id)]
    assert [run.info.status for run in runs] == ["KILLED", "KILLED", "FINISHED"]
    assert runs[0].data.tags["earmark.reason"] == runs[1].data.tags["earmark.reason"]


def test_a_member_that_never_began_to_train_is_marked(opened, server, params):
    with opened() as parent:
        child, done = member(parent, params, 0, "a" * 20), member(parent, params, 1, "b" * 20)
        parent.ended(child, "no images")
        server.client().set_terminated(done.run_id, "FINISHED")
        parent.ended(done, "not told")
    runs = [server.client().get_run(run.run_id) for run in (child, done)]
    assert [run.info.status for run in runs] == ["FAILED", "FINISHED"]
    assert runs[0].data.tags["earmark.reason"] == "no images"


def test_points_are_logged_once_by_step(opened, server):
    with opened() as parent:
        for step in (0, 1, 1):
            parent.point(step, {"search/best": 0.5 + step})
    history = server.client().get_metric_history(parent.run_id, "search/best")
    assert [(point.step, point.value) for point in history] == [(0, 0.5), (1, 1.5)]


def test_epochs_are_what_the_training_logged(opened, server, params):
    with opened() as parent:
        child = member(parent, params, 0, "a" * 20)
        for step in (1, 0):
            server.client().log_metric(child.run_id, "epoch/val_loss", step / 2, step=step)
        assert parent.epochs(child, "val_loss") == [(0, 0.0), (1, 0.5)]
