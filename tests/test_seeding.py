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


@pytest.mark.parametrize("record", [{}, {"inputs": {}}, {"inputs": {"backbone": "b" * 20}}])
def test_a_model_whose_network_is_not_there_or_not_named_gives_none(store, tmp_path, record):
    model = tmp_path / "results/model"
    model.mkdir(parents=True)
    (model / FOLDER_FILE).write_text(json.dumps({"key": "a" * 20, "outputs": {}, **record}))
    before = seed(store)
    (model / "backbone.onnx").write_text("network")
    assert seed(store) == (1 if record.get("inputs") else 0), "the rest is known by now"
    assert before in (0, 1)
    assert store.has("backbone", "b" * 20, ".onnx") == bool(record.get("inputs"))
