"""A study of two tones with a recipe, prepared, whose training and judgement are written down instead of done."""

import json
import shutil

import numpy as np
import pytest

from earmark.comparison.outcome import values_of
from earmark.corpus.prepare import prepare
from earmark.evaluation.predictions import Predictions
from earmark.plan import Plan
from earmark.provenance import Provenance

PARAMS = """
task: tones
data: {adapter: table, root: tones, table: clips.csv, label: label}
split: {on_leak: allow}
"""
RECIPES = {
    "plain": "# plain\ntask: tones\n",
    "fast": "# fast\nextends: plain\ntrain: {learning_rate: 0.1}\n",
    "elsewhere": "# elsewhere\nextends: plain\ndata: {root: nowhere}\n",
}
SIZES = {"head": 100, "trainable": 100, "backbone": 900}
HISTORY = "epoch,loss,accuracy,val_loss,val_accuracy\n0,1.0,0.5,1.5,0.4\n1,0.5,0.75,1.25,0.6\n2,0.25,0.8,1.4,0.5\n"


@pytest.fixture(scope="session")
def prepared_study(tmp_path_factory, write_tones):
    root = tmp_path_factory.mktemp("comparison")
    write_tones(root)
    (root / "params.yaml").write_text(PARAMS)
    (root / "recipes" / "tables").mkdir(parents=True)
    for name, text in RECIPES.items():
        (root / "recipes" / f"{name}.yaml").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv("EARMARK_STORE", raising=False)
        plan = Plan.of(values_of("plain", {}))
        prepare(plan.params, plan.recordings, plan.prepared, plan.provenance("prepare"))
    return root


@pytest.fixture
def study(prepared_study, tmp_path, monkeypatch):
    """The study, prepared and no more, as the working folder."""
    root = tmp_path / "study"
    shutil.copytree(prepared_study, root, copy_function=shutil.copy2)
    monkeypatch.chdir(root)
    monkeypatch.delenv("EARMARK_STORE", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return root


@pytest.fixture
def trained(study):
    """Write down a training of a recipe."""

    def trained(name):
        plan = Plan.of(values_of(name, {}))
        plan.model.mkdir(parents=True)
        clips = {"train": {"high": 2, "low": 3}}
        training = {"epochs": 3, "best_epoch": 1, "parameters": SIZES, "clips": clips}
        (plan.model / "training.json").write_text(json.dumps(training))
        (plan.model / "timing.json").write_text('{"seconds": 12.5}')
        (plan.model / "history.csv").write_text(HISTORY)
        return plan

    return trained


@pytest.fixture
def judged(trained):
    """Write down the training and the judgement of a recipe, ``right`` of four test clips being right."""

    def judged(name, right=3, leaks="clean"):
        plan = trained(name)
        plan.evaluation.mkdir(parents=True)
        labels = ["high", "low", "high", "low"]
        rows = [{"clip_id": str(i), "split": "test", "label": label} for i, label in enumerate(labels)]
        answers = np.eye(2)[[0, 1, 0, 1]].astype(float)
        answers[right:] = answers[right:, ::-1]
        Predictions(rows, ["high", "low"], answers).write(
            plan.evaluation / "predictions.parquet", Provenance("evaluate", 1, plan.evaluation_key)
        )
        each = [
            {"label": label, "n": 2, "precision": right / 4, "recall": 0.5, "f1": 0.25} for label in ("high", "low")
        ]
        test = {"n": 4, "speakers": 2, "accuracy": right / 4, "balanced_accuracy": right / 4, "macro_f1": 0.25}
        test |= {"ci95": {"accuracy": [0.25, 1.0]}, "per_class": each}
        found = {"test": test, "leaks": leaks, "model_key": plan.model_key}
        (plan.evaluation / "metrics.json").write_text(json.dumps(found))
        return plan

    return judged
