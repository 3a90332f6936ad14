import json

import pytest

from earmark.config import parse
from earmark.tracking import note_twin, record

FIGURES = {"test": {"n": 40, "accuracy": 0.5, "balanced_accuracy": 0.512, "macro_f1": 0.4}, "leaks": "clean"}


@pytest.fixture
def run(params, prepared, model, evaluation, server):
    """The recorded run, as it is now."""
    run_id = record(params, prepared, model, evaluation, server)
    return lambda: server.client().get_run(run_id)


def note(params, server, key, **change):
    return note_twin(params, {"model_key": key}, "toy-honest", {**FIGURES, **change}, server)


def test_a_run_shows_what_its_twin_reached(run, params, server, provenance):
    before = run().data.tags["mlflow.note.content"]
    assert note(params, server, provenance.key)
    told = run().data.tags["mlflow.note.content"]
    assert told.startswith(before)
    assert told.endswith("Its twin `toy-honest` reaches **51.2%** on 40 test clips; nothing crosses its splits.")
    assert run().data.metrics["twin/accuracy"] == 0.5


def test_a_later_figure_takes_the_place_of_an_earlier_one(run, params, server, provenance):
    note(params, server, provenance.key)
    note(params, server, provenance.key, leaks="leaks")
    told = run().data.tags["mlflow.note.content"]
    assert told.count("Its twin") == 1
    assert told.endswith("part of its test material is known to it.")


def test_a_new_record_keeps_what_was_noted(run, params, prepared, model, evaluation, server, provenance):
    note(params, server, provenance.key)
    again = parse({**params.plain(), "evaluate": {"bootstrap": 60}})
    metrics = json.loads((evaluation / "metrics.json").read_text())
    (evaluation / "metrics.json").write_text(json.dumps({**metrics, "quarantined": 4}))
    record(again, prepared, model, evaluation, server)
    assert "Quarantined recordings: 4" in run().data.tags["mlflow.note.content"]
    assert "Its twin" in run().data.tags["mlflow.note.content"]


def test_a_model_without_a_run_is_passed_over(params, server):
    assert not note(params, server, "no such key")
