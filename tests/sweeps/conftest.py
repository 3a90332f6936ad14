"""A study of a few tones whose trainings take a second, and a runner that calls the commands in this process."""

import os
from shutil import copyfile

import numpy as np
import pytest
import soundfile
import yaml

from earmark import config
from earmark.cli import main
from earmark.errors import EarmarkError
from earmark.plan import Plan
from earmark.sweeps.benchmark import benchmarked
from earmark.sweeps.runner import Runner
from earmark.tracking import Server

PARAMS = {
    "task": "tones",
    "data": {"adapter": "table", "root": "tones", "table": "clips.csv", "label": "label"},
    "split": {"on_leak": "allow", "folds": 3},
    "features": {"n_mels": 16, "shard_size": 12},
    "train": {"head": "linear", "epochs": 4, "learning_rate": 0.01, "batch_size": 16},
    "evaluate": {"bootstrap": 20},
}
BACKBONE = {"name": "mobilenet_025", "weights": "none", "normalise": "none", "pooling": "avg", "engine": "onnx"}


class Here(Runner):
    """Calls the same commands without a process of their own, so that TensorFlow starts once for all tests."""

    def _run(self, plan, step, key, *arguments):
        made.append(step)
        try:
            with benchmarked(plan.store, step, key, os.getpid()):
                main.main([step, *arguments], standalone_mode=False)
        except SystemExit as error:
            raise EarmarkError(f"{step}: exit {error.code}") from None


made: list[str] = []
"""The commands that were called."""


@pytest.fixture(scope="session")
def tones(tmp_path_factory):
    """A project folder with params and 36 recordings of nine speakers per class."""
    root = tmp_path_factory.mktemp("sweeps")
    (root / "tones").mkdir()
    rng, rows = np.random.default_rng(0), ["path,label,speaker"]
    for label, pitch in {"high": 900, "low": 200}.items():
        for i in range(18):
            t = np.arange(6000 + 300 * i) / 16000
            wave = 0.3 * np.sin(2 * np.pi * pitch * (1 + 0.2 * rng.normal()) * t) + 0.05 * rng.normal(size=len(t))
            soundfile.write(root / "tones" / f"{label}{i:02d}.wav", wave, 16000)
            rows.append(f"{label}{i:02d}.wav,{label},{label}-{i // 2}")
    (root / "tones" / "clips.csv").write_text("\n".join(rows) + "\n")
    values = PARAMS | {"backbone": {**BACKBONE, "image_size": [32, 32], "fit": "squeeze"}}
    (root / "params.yaml").write_text(yaml.safe_dump(values))
    return root


@pytest.fixture
def study(tones, empty_database, tmp_path, monkeypatch):
    """Overrides → the plan of the study with them; runs and results of each test are its own, the store is shared."""
    for name in [name for name in os.environ if name.startswith(("EARMARK_", "MLFLOW_TRACKING"))]:
        monkeypatch.delenv(name)
    for name in ("tones", "params.yaml"):
        (tmp_path / name).symlink_to(tones / name)
    (tmp_path / "mlruns").mkdir()
    copyfile(empty_database, tmp_path / "mlruns" / "mlflow.db")
    monkeypatch.setenv("EARMARK_STORE", str(tones / ".store"))
    monkeypatch.chdir(tmp_path)
    for module in ("search", "folds", "grid"):
        monkeypatch.setattr(f"earmark.sweeps.{module}.Runner", Here)
    made.clear()

    def plan(search=None, **overrides):
        values = config.load(tones / "params.yaml").plain()
        for name, value in overrides.items():
            section, key = name.split("__")
            values[section][key] = value
        return Plan.of(values | {"search": search or {}})

    return plan


@pytest.fixture
def commands():
    """The commands that the runner called."""
    return made


@pytest.fixture
def client(study):
    """A client for the study's runs."""
    return Server.find().client()


@pytest.fixture
def runs(client):
    """() → the study's parent runs and its other runs, by name."""

    def find():
        found = client.search_runs([client.get_experiment_by_name("tones").experiment_id])
        parents = [run for run in found if "earmark.sweep_key" in run.data.tags]
        return parents, {run.info.run_name: run for run in found if run not in parents}

    return find
