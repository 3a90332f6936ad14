"""A small study that was run to its end, and copies of it to spoil."""

import os
from shutil import copyfile, copytree

import pytest
from click.testing import CliRunner

from earmark.cli import main
from earmark.commands.options import plan_of

PARAMS = """
task: tones
data: {adapter: table, root: tones, table: clips.csv, label: label}
split: {on_leak: allow}
features: {shard_size: 6}
train: {head: linear, epochs: 3, learning_rate: 0.01}
evaluate: {bootstrap: 20}
"""
STEPS = ("prepare", "mel", "export-backbone", "embed", "train", "confounds", "evaluate")


def without_own_variables(patch):
    for name in [name for name in os.environ if name.startswith(("EARMARK_", "MLFLOW_TRACKING"))]:
        patch.delenv(name)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, write_tones, empty_database):
    """The folder of a study with results and its run in MLflow."""
    root = tmp_path_factory.mktemp("lineage")
    write_tones(root)
    (root / "params.yaml").write_text(PARAMS)
    (root / "mlruns").mkdir()
    copyfile(empty_database, root / "mlruns" / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        without_own_variables(patch)
        for step in STEPS:
            if step in ("mel", "embed"):
                call(step, "--shards", ",".join(plan_of(root / "params.yaml").shard_names))
            else:
                call(step)
        call("publish", "evaluate")
    return root


def call(*words):
    answer = CliRunner().invoke(main, list(words))
    assert answer.exit_code == 0, answer.output


@pytest.fixture
def study(finished, tmp_path, monkeypatch):
    """A copy of the finished study, in which the test stands."""
    root = copytree(finished, tmp_path / "study")
    without_own_variables(monkeypatch)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def plan(study):
    """The plan of the copy."""
    return plan_of(study / "params.yaml")
