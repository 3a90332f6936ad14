"""The day of docs/a-day.md: its commands, one block after the other, in a fresh clone of the study.

A block makes exactly the products that its comments promise (`# jobs: 1 train, every mel`), or fails with the words
after `# refused:`. After each block the folder shows what a computation from scratch gives.
"""

import json
import re
from pathlib import Path

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("study")]

DOCUMENT = Path(__file__).parents[2] / "docs" / "a-day.md"
EXPERIMENTS = {"slow", "fast", "faster", "head-1", "head-2", "head-3", "sure", "wide"}


def blocks(text: str) -> dict[str, list[str]]:
    """Heading → the shell blocks below it; headings without one are left out."""
    sections = (section.partition("\n") for section in text.split("\n## ")[1:])
    found = {title: re.findall(r"^```sh\n(.*?)^```$", body, re.MULTILINE | re.DOTALL) for title, _, body in sections}
    return {title: scripts for title, scripts in found.items() if scripts}


def promised(script: str, shards: int) -> dict[str, int]:
    """How many products of each step the comments of a block promise."""
    counts: dict[str, int] = {}
    for line in re.findall(r"# jobs: (.*)$", script, re.MULTILINE):
        for number, step in (part.split() for part in line.split(", ")):
            counts[step] = counts.get(step, 0) + (shards if number == "every" else int(number))
    return counts


@pytest.fixture(scope="module")
def study(built):
    """A clone of the study, pulled from its remote."""
    clone = type(built)(built.root.parent / "day")
    built.run("git", "clone", "-q", "-b", "main", str(built.root), str(clone.root))
    clone.run("git", "config", "user.email", "newcomer@earmark.invalid")
    clone.run("git", "config", "user.name", "newcomer")
    clone.run("dvc", "pull", "-q")
    clone.run("snakemake")
    return clone


@pytest.fixture(scope="module")
def shards(study):
    return len(list((study.root / "data/mel").glob("*.parquet")))


@pytest.mark.parametrize("section", blocks(DOCUMENT.read_text()))
def test_section(study, shards, from_scratch, section):
    said = ""
    for script in blocks(DOCUMENT.read_text())[section]:
        refusal = re.search(r"# refused: (.*)$", script, re.MULTILINE)
        with study.making(**promised(script, shards)):
            output = study.run("bash", "-eu", "-c", script, fails=refusal is not None)
        said += output
        if refusal:
            assert refusal[1] in output
        else:
            from_scratch(study)
    CHECKS[section](study, said)


def check_run(study, said):
    assert "Data and pipelines are up to date." in said
    assert "balanced accuracy" in said


def check_change(study, said):
    dry, done = said.split("This was a dry-run")
    assert re.findall(r"Running stage '(\w+)'", dry)[-4:] == ["mel", "embed", "train", "evaluate"]
    assert re.findall(r"Running stage '(\w+)'", done) == ["mel", "embed", "train", "evaluate"]
    assert re.search(r"features\.trim_db +30 +40", done)


def check_try(study, said):
    assert {"slow", "fast", "faster"} <= set(study.run("dvc", "exp", "list", "--name-only").split())


def check_queue(study, said):
    assert len(re.findall(r"\bSuccess\b", said)) == 5


def check_compare(study, said):
    table = said.splitlines()
    columns = next(line for line in table if "train.learning_rate" in line)
    assert "train.head" in columns
    assert not re.search(r"digest|_key|n_fft|versions|data/|results/", columns)
    assert all(any(name in line for line in table) for name in EXPERIMENTS)
    assert re.search(r"train\.learning_rate +0\.01 +0\.001", said)
    page = (study.root / "dvc_plots/index.html").read_text()
    for title in ("Accuracy, training and validation", "Loss, training", "Confusion", "ROC", "Calibration"):
        assert title in page
    for column in ("val_accuracy", "val_loss", "tpr", "predicted"):
        assert column in page
    assert {"HEAD", "fast", "head-2"} <= {
        path.name.split("_")[0] for path in (study.root / "dvc_plots/static").iterdir()
    }


def check_keep(study, said):
    assert "is version 1 of earmark-consistency, and its champion" in said
    assert "learning_rate: 0.001" in study.run("git", "show", "HEAD:params.yaml")
    assert "head: linear" in study.run("git", "show", "linear-head:params.yaml")
    assert study.run("git", "status", "--short") == ""


def check_hand_over(study, said):
    colleague = type(study)(study.root.parent / "colleague")
    assert "Data and pipelines are up to date." in said
    assert re.findall(r"^total +(\d+)$", said, re.MULTILINE) == ["1"], "the target, which publishes, and no job"
    for step in ("mel", "embed", "train", "evaluate"):
        assert not (colleague.root / ".store/logs" / step).exists()
    ours, theirs = ((project.root / "results/metrics.json").read_text() for project in (study, colleague))
    assert json.loads(theirs) == json.loads(ours)


CHECKS = {  # by section
    "Run": check_run,
    "Change a number": check_change,
    "Try values": check_try,
    "Queue": check_queue,
    "Compare": check_compare,
    "Keep one": check_keep,
    "Hand over": check_hand_over,
}


def test_mlflow_has_every_training_of_the_day(study):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{study.root}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("consistency")
    runs = client.search_runs([experiment.experiment_id])
    keys = [run.data.tags["earmark.model_key"] for run in runs]
    assert {path.name for path in (study.root / ".store/train").iterdir() if path.is_dir()} == set(keys)
    assert len(keys) == len(set(keys)) == 1 + 1 + 3 + 4
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {float(run.data.params["train.learning_rate"]) for run in runs} == {3e-5, 1e-3, 3e-3, 0.01}
    kept = json.loads((study.root / "results/metrics.json").read_text())
    (run,) = (run for run in runs if run.data.tags["earmark.model_key"] == kept["model_key"])
    assert run.data.metrics["test/balanced_accuracy"] == kept["test"]["balanced_accuracy"]
