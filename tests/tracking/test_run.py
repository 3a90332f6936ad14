import subprocess

import pytest
import yaml

from earmark.config import parse, vary
from earmark.tracking.run import Epochs, Training, log_scalars, metric_name, section


@pytest.fixture
def client(server):
    return server.client()


@pytest.fixture
def training(params):
    return Training(params, "ab" * 10, "d" * 20)


def test_a_training_has_one_run(client, server, training):
    first, second = (training.run(client, server) for _ in range(2))
    assert first.info.run_id == second.info.run_id
    assert first.info.run_name == "earmark_base-final-ababab"
    assert first.info.artifact_uri.startswith(server.location("toy").as_uri())


@pytest.fixture
def committed(tmp_path, monkeypatch, params):
    """A repository that holds ``params``, in which the test stands."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params.plain()))
    for words in ("init -q", "add params.yaml", "-c user.name=a -c user.email=a@b.invalid commit -qm first"):
        subprocess.run(["git", *words.split()], check=True)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, "earmark_base-final-ababab"),
        ({"train.learning_rate": 0.02}, "lr=0.02 ababab"),
        ({"train.seed": 1, "split.seed": 2}, "split.seed=2 train.seed=1 ababab"),
        ({"evaluate.bootstrap": 7, "search.trials": 3}, "earmark_base-final-ababab"),
        ({"task": "another", "train.seed": 1}, "earmark_base-final-ababab"),
        (
            {"train.seed": 1, "train.epochs": 2, "train.batch_size": 3, "train.head": "linear"},
            "earmark_base-linear-ababab",
        ),
    ],
)
def test_a_run_is_named_by_the_few_params_that_are_not_as_committed(committed, params, change, name):
    assert Training(vary(params, change), "ab" * 10, "d" * 20).name == name


def test_params_that_cannot_be_read_at_the_commit_name_nothing(committed, params, tmp_path):
    (tmp_path / "params.yaml").write_text("features: {n_mel: 3}\n")
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.invalid", "commit", "-qam", "second"], check=True)
    assert Training(params, "ab" * 10, "d" * 20).name == "earmark_base-final-ababab"


def test_another_training_has_another(client, server, training, params):
    other = Training(params, "cd" * 10, "d" * 20)
    assert training.run(client, server).info.run_id != other.run(client, server).info.run_id


def test_params_and_tags_say_what_it_is(client, server, training, monkeypatch):
    monkeypatch.setenv("DVC_EXP_NAME", "puffy-daks")
    data = training.run(client, server).data
    assert (data.params["train.learning_rate"], data.params["data.filter"]) == ("0.0001", "null")
    assert data.params["split.fractions"] == "[0.6, 0.2, 0.2]"
    assert len(data.params) == len(training.params.flat())
    assert data.tags["earmark.params_digest"] == training.params.digest()
    assert (data.tags["earmark.data_digest"], data.tags["earmark.dvc_experiment"]) == ("d" * 20, "puffy-daks")


def test_a_param_that_the_model_does_not_depend_on_may_change_and_return(client, server, training):
    training.run(client, server)
    params = parse({**training.params.plain(), "evaluate": {"bootstrap": 7}})
    changed = Training(params, training.key, training.data)
    tags = changed.run(client, server).data.tags
    assert (tags["earmark.now.evaluate.bootstrap"], tags["earmark.params_digest"]) == ("7", changed.params.digest())
    assert "earmark.now.evaluate.bootstrap" not in training.run(client, server).data.tags


def test_epochs_that_the_run_has_are_not_sent_again(client, server, training):
    run_id = training.run(client, server).info.run_id
    for last in (2, 5):
        epochs = Epochs(client, run_id)
        for epoch in range(last):
            epochs.add(epoch, {"loss": 1 / (epoch + 1), "accuracy": 0.5})
        epochs.flush()
    assert sorted(point.step for point in client.get_metric_history(run_id, "epoch/accuracy")) == [0, 1, 2, 3, 4]


def test_a_scalar_is_logged_again_only_when_it_changed(client, server, training):
    for value in (0.5, 0.5, 0.25):
        log_scalars(client, training.run(client, server), {"test/accuracy": value})
    run = training.run(client, server)
    assert run.data.metrics["test/accuracy"] == 0.25
    assert len(client.get_metric_history(run.info.run_id, "test/accuracy")) == 2


def test_nested_metrics_become_flat():
    nested = {"task": "x", "n": 3, "ci95": {"accuracy": [0.1, 0.2]}, "per_class": [{"n": 1}], "gain": {"accuracy": 0.5}}
    assert section("test", nested) == {
        "test/n": 3,
        "test/accuracy.low": 0.1,
        "test/accuracy.high": 0.2,
        "test/gain.accuracy": 0.5,
    }


def test_names_are_what_mlflow_takes():
    assert metric_name("f1 (zh-TW) ü") == "f1 _zh-TW_ _"
