import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from earmark import config
from earmark.config import parse
from earmark.errors import EarmarkError
from earmark.tracking import RunLogger, record


@pytest.fixture
def recorded(params, prepared, model, evaluation, server):
    """Record the study (with changes) and return its run."""

    def recorded(params=params, evaluation=evaluation):
        client = server.client()
        return client.get_run(record(params, prepared, model, evaluation, server))

    return recorded


def files(client, run_id, folder=None):
    found = client.list_artifacts(run_id, folder)
    return {file.path for file in found if not file.is_dir}.union(
        *(files(client, run_id, f.path) for f in found if f.is_dir)
    )


def history(server, run_id, name="epoch/loss"):
    return [(point.step, point.value) for point in server.client().get_metric_history(run_id, name)]


def test_a_record_holds_the_whole_study(recorded, server, params):
    run = recorded()
    assert run.info.status == "FINISHED"
    assert history(server, run.info.run_id) == [(0, 1.0), (1, 0.5), (2, 0.25)]
    assert run.data.metrics["test/balanced_accuracy"] == 0.75
    assert run.data.metrics["test/balanced_accuracy.low"] == 0.5
    assert run.data.metrics["training/seconds"] == 0.5
    assert run.data.params["evaluate.bootstrap"] == "50"
    assert files(server.client(), run.info.run_id) == {
        "params.yaml", "figures/confusion.png", "report/index.html",
        "tables/metrics.json", "tables/predictions.parquet", "tables/roc.csv",
    }  # fmt: skip


def test_tags_carry_the_digests_that_the_metrics_carry(recorded, evaluation):
    tags, metrics = recorded().data.tags, json.loads((evaluation / "metrics.json").read_text())
    for name in ("params_digest", "data_digest"):
        assert tags[f"earmark.{name}"] == metrics[name]
    assert "**75.0% balanced accuracy** on 2 test clips" in tags["mlflow.note.content"]


def test_every_split_is_a_data_set(recorded):
    inputs = recorded().inputs.dataset_inputs
    assert [data.dataset.name for data in inputs] == ["toy-train", "toy-val", "toy-test"]
    assert len({data.dataset.digest for data in inputs}) == 3
    assert [{tag.key: tag.value for tag in data.tags}["mlflow.data.context"] for data in inputs] == [
        "train", "val", "test",
    ]  # fmt: skip
    assert json.loads(inputs[2].dataset.profile)["classes"] == {"a": 1, "b": 1}


def test_the_description_says_what_from_what_with_which_result_and_how_again(recorded):
    said = recorded().data.tags["mlflow.note.content"]
    for part in ("interval 50.0% to 100.0%", "| test | 2 | 1 | 0.0 | a 1, b 1 |", "Head `final` on", "git checkout"):
        assert part in said
    assert recorded(evaluation=None).data.tags["mlflow.note.content"] == said


def test_the_figures_belong_to_the_model_and_its_data_too(recorded, server):
    run = recorded()
    (output,) = run.outputs.model_outputs
    logged = {metric.key: metric for metric in server.client().get_logged_model(output.model_id).metrics}
    assert logged["test/balanced_accuracy"].value == 0.75
    assert logged["test/balanced_accuracy"].dataset_name == "toy-test"


def test_params_of_the_run_are_a_configuration_to_run_again(recorded, params, server, tmp_path):
    path = server.client().download_artifacts(recorded().info.run_id, "params.yaml", str(tmp_path))
    assert config.load(Path(path)).digest() == params.digest()


def test_times_of_the_stages_are_a_section(params, prepared, model, server):
    run_id = record(params, prepared, model, None, server, {"mel": 2.5, "train": 7.0})
    metrics = server.client().get_run(run_id).data.metrics
    assert (metrics["time/mel"], metrics["time/train"]) == (2.5, 7.0)
    assert metrics["training/images_per_second"] == 20


def test_recording_again_changes_nothing(recorded, server):
    first = recorded()
    again = recorded()
    assert again.to_dictionary() == first.to_dictionary()


def test_a_lost_receipt_doubles_nothing(recorded, server, tmp_path):
    first = recorded()
    shutil.rmtree(tmp_path / "store")
    again = recorded()
    assert again.info.run_id == first.info.run_id
    assert again.outputs == first.outputs
    assert len(again.inputs.dataset_inputs) == 3
    for name in first.data.metrics:
        assert len(history(server, first.info.run_id, name)) == (3 if name.startswith("epoch/") else 1)


def test_a_second_time_does_not_import_mlflow(recorded, params, prepared, model, evaluation, server):
    run = recorded()
    code = f"""
import sys
from pathlib import Path
from earmark import config
from earmark.config import parse
from earmark.tracking import Server, record
folders = [Path(folder) for folder in {[str(folder) for folder in (prepared, model, evaluation)]!r}]
print(record(parse({params.plain()!r}), *folders, Server({server.uri!r}, Path({str(server.artifacts)!r}))))
assert "mlflow" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == run.info.run_id


def test_a_deleted_store_is_recorded_anew(recorded, server):
    recorded()
    shutil.rmtree(server.artifacts / "toy")
    run = recorded()
    assert "report/index.html" in files(server.client(), run.info.run_id)


def test_the_evaluation_may_come_later(recorded, server):
    first = recorded(evaluation=None)
    assert "test/balanced_accuracy" not in first.data.metrics
    second = recorded()
    assert second.info.run_id == first.info.run_id
    assert second.data.metrics["test/balanced_accuracy"] == 0.75
    assert recorded(evaluation=None).data.metrics["test/balanced_accuracy"] == 0.75


def test_other_params_for_the_same_model_update_its_run(recorded, params, server):
    first = recorded()
    other = parse({**params.plain(), "evaluate": {"bootstrap": 7}})
    second = recorded(params=other)
    assert second.info.run_id == first.info.run_id
    assert second.data.tags["earmark.params_digest"] == other.digest()
    assert recorded().data.tags["earmark.params_digest"] == params.digest()


def test_a_record_completes_what_was_logged_live(recorded, params, provenance, server):
    with RunLogger(params, provenance, server) as logger:
        logger.on_begin({})
        logger.on_epoch(0, {"loss": 1.0, "val_accuracy": 0.5})
    run = recorded()
    assert history(server, run.info.run_id) == [(0, 1.0), (1, 0.5), (2, 0.25)]
    assert len(server.client().search_runs([run.info.experiment_id])) == 1


def test_another_task_is_another_experiment(recorded, params):
    first, second = recorded(), recorded(params=params.model_copy(update={"task": "other"}))
    assert first.info.experiment_id != second.info.experiment_id


def test_a_folder_without_provenance_is_named(params, prepared, model, server):
    (model / "provenance.json").unlink()
    with pytest.raises(EarmarkError, match=r"model: provenance\.json is missing"):
        record(params, prepared, model, None, server)


def test_a_server_that_is_away_is_explained(params, prepared, model, server, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(EarmarkError, match=r"127\.0\.0\.1:9.*Check the server"):
        record(params, prepared, model, None, replace(server, uri="http://127.0.0.1:9", artifacts=None))
