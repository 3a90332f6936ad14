import pytest

from earmark.errors import EarmarkError
from earmark.tracking import find, run_of_model
from earmark.tracking.found import runs_of_model
from earmark.tracking.run import Training


@pytest.fixture
def run(params, provenance, server):
    return Training(params, provenance.key, "d" * 20).run(server.client(), server)


def test_a_run_is_found_by_its_name_and_its_id(run, server):
    for name in (run.info.run_name, run.info.run_id):
        assert find(name, server).info.run_id == run.info.run_id


def test_a_run_is_found_by_its_task_and_model(run, provenance, server):
    assert run_of_model("toy", provenance.key, server).info.run_id == run.info.run_id
    assert runs_of_model("other", provenance.key, server) == []
    with pytest.raises(EarmarkError, match="no run of the model 0000 in experiment toy"):
        run_of_model("toy", "0000", server)


def test_a_name_that_means_no_model_or_several_is_explained(run, server):
    client = server.client()
    with pytest.raises(EarmarkError, match="no run nothing at sqlite"):
        find("nothing", server)
    client.create_run(run.info.experiment_id, run_name="parent")
    with pytest.raises(EarmarkError, match="parent is of no model"):
        find("parent", server)
    client.create_run(run.info.experiment_id, run_name="parent")
    with pytest.raises(EarmarkError, match="2 runs are called parent"):
        find("parent", server)
