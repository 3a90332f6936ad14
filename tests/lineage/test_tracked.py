"""The run in MLflow against the store."""

import pytest

from earmark.lineage.tracked import params_of, run_of
from earmark.tracking import Server, find

pytestmark = pytest.mark.xdist_group("lineage")  # one study, one start of TensorFlow


@pytest.fixture
def server(study):
    return Server.find()


@pytest.fixture
def run(plan, server):
    return find(run_of(plan, server).key, server)


def test_the_run_of_a_finished_study_agrees(plan, server, run):
    link = run_of(plan, server)
    assert link.is_whole and link.words == run.info.run_name
    assert params_of(run) == plan.params
    assert find(run.info.run_name, server).info.run_id == run.info.run_id


def test_what_a_run_says_otherwise_is_named(plan, server, run):
    client, run_id = server.client(), run.info.run_id
    client.set_tag(run_id, "earmark.data_digest", "other")
    client.log_metric(run_id, "test/accuracy", 0.123)
    client.set_tag(run_id, "earmark.now.train.epochs", "9")
    client.set_terminated(run_id, "FAILED")
    said = "\n".join(run_of(plan, server).faults)
    assert " is FAILED" in said and "tag earmark.data_digest is other" in said
    assert "metric test/accuracy is 0.123" in said and "train.epochs is 9" in said


def test_a_second_run_of_the_same_model_is_named(plan, server, run):
    client = server.client()
    twin = client.create_run(run.info.experiment_id, tags={"earmark.model_key": plan.model_key})
    assert any("is of the same model" in said for said in run_of(plan, server).faults)
    client.delete_run(twin.info.run_id)
    assert run_of(plan, server).is_whole


def test_a_model_without_a_run_is_said(plan, server, run):
    server.client().delete_run(run.info.run_id)
    (said,) = run_of(plan, server).faults
    assert f"no run of model {plan.model_key} in experiment tones" in said
