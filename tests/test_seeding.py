"""The network inside a published model; what else is taken into the store is told by the plan's test."""

import json

import pytest

from earmark.provenance import FOLDER_FILE
from earmark.seeding import seed
from earmark.store import Store


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Store(tmp_path / "store")


def test_there_may_be_nothing(store):
    assert seed(store) == 0


FROZEN = {"params": {"mode": "frozen"}}


def write_model(folder, record):
    folder.mkdir(parents=True)
    (folder / FOLDER_FILE).write_text(json.dumps({"key": "a" * 20, "outputs": {}, **record}))


@pytest.mark.parametrize("mode", ["tune", "scratch"])
def test_a_network_that_learned_is_not_the_one_that_it_began_as(store, tmp_path, mode):
    model = tmp_path / "results/model"
    write_model(model, {"params": {"mode": mode}, "inputs": {"backbone": "b" * 20}})
    (model / "backbone.onnx").write_text("network that learned")
    assert seed(store) == 0
    assert not store.has("backbone", "b" * 20, ".onnx")


@pytest.mark.parametrize("record", [{}, {"inputs": {}}, {"inputs": {"backbone": "b" * 20}}])
def test_a_model_whose_network_is_not_there_or_not_named_gives_none(store, tmp_path, record):
    model = tmp_path / "results/model"
    write_model(model, FROZEN | record)
    before = seed(store)
    (model / "backbone.onnx").write_text("network")
    assert seed(store) == (1 if record.get("inputs") else 0), "the rest is known by now"
    assert before in (0, 1)
    assert store.has("backbone", "b" * 20, ".onnx") == bool(record.get("inputs"))
