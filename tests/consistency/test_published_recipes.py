"""A published system from its data set's archive to a line of its table, by the commands that a person types."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.real]

NAME = "keywords-light-cnn-honest"
SMALL = ["train.epochs=1", "train.batch_size=8", "evaluate.bootstrap=100", "backbone.weights=none"]


def run(project_root, folder, *command):
    environment = {**os.environ, "PYTHONPATH": str(project_root)}
    environment.pop("EARMARK_STORE", None)
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_recipe_runs_and_stands_in_its_table(project_root, shared_data, tmp_path):
    script = project_root / "benchmarks" / "all_recipes.py"
    small = ["--speakers", "6", "--shared", str(shared_data)]
    told = run(project_root, tmp_path, sys.executable, str(script), str(tmp_path / "study"), NAME, *small)
    assert f"`{NAME}`" in told
    settings = [word for setting in SMALL for word in ("-S", setting)]
    earmark = [sys.executable, "-m", "earmark", "table", "keywords", "--json", *settings]
    light, *others = json.loads(run(project_root, tmp_path / "study", *earmark))
    assert light["lacks"] == "`keywords-light-cnn`: not run"
    assert light["honest.accuracy"] is not None
    assert light["published.parameters"] == 723968
    assert {row["honest.accuracy"] for row in others} == {None}
    written = (tmp_path / "study/results/tables/keywords.md").read_text()
    assert "| Light CNN |" in written
