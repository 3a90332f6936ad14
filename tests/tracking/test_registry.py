import pytest

from earmark.errors import EarmarkError
from earmark.serving.facts import Facts
from earmark.tracking import Registry, judged, record
from earmark.tracking.served import log_served_model


@pytest.fixture
def registry(server):
    return Registry(server, "toy")


@pytest.fixture
def run(params, prepared, model, evaluation, server):
    return server.client().get_run(record(params, prepared, model, evaluation, server))


def test_a_task_has_no_champion_at_first(registry):
    assert registry.champion() is None


def test_a_champion_is_a_version_that_says_what_it_reached(registry, run, server, tmp_path):
    assert registry.promote(judged(run, server, tmp_path / "files"), "It is the first.") == "1"
    assert registry.champion().info.run_id == run.info.run_id
    version = server.client().get_model_version_by_alias("earmark-toy", "champion")
    assert "**75.0% balanced accuracy** on 2 test clips (95 % interval 50.0% to 100.0%)" in version.description
    assert "It is the first." in version.description
    assert version.tags["balanced_accuracy"] == "0.7500 (0.5000 to 1.0000)"
    assert version.tags["params_digest"] == run.data.tags["earmark.params_digest"]
    assert "Champion is version 1" in server.client().get_registered_model("earmark-toy").description


def test_promoting_it_again_makes_no_second_version(registry, run, server, tmp_path):
    chosen = judged(run, server, tmp_path / "files")
    assert [registry.promote(chosen, "first"), registry.promote(chosen, "again")] == ["1", "1"]


def test_a_model_that_was_logged_again_is_a_new_version(registry, run, params, prepared, model, server, tmp_path):
    client = server.client()
    assert registry.promote(judged(run, server, tmp_path / "files"), "first") == "1"
    with server.explained():
        again = log_served_model(run, params, prepared, model, Facts(temperature=2.0))
    rerun = client.get_run(run.info.run_id)
    assert registry.promote(judged(rerun, server, tmp_path / "more"), "calibrated") == "2"
    assert client.get_model_version_by_alias("earmark-toy", "champion").source == f"models:/{again}"
    assert registry.promote(judged(rerun, server, tmp_path / "same"), "again") == "2"


def test_a_run_without_a_model_or_figures_is_explained(params, prepared, model, server, tmp_path):
    client = server.client()
    bare = client.get_run(record(params, prepared, model, None, server))
    with pytest.raises(EarmarkError, match="was not judged; run `snakemake evaluate`"):
        judged(bare, server, tmp_path / "files")
    empty = client.create_run(bare.info.experiment_id, run_name="empty")
    with pytest.raises(EarmarkError, match="run empty has no model; run `snakemake train`"):
        judged(empty, server, tmp_path / "files")
