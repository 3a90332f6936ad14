"""Never stale, never wasteful: whatever command a person types, the results are those of a run from scratch, and only
what the changed parameters decide was made."""

import sqlite3
import time

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("study")]

HEAD = {"train": 1, "evaluate": 1}
"""What a change of the head makes."""


def shards(project) -> int:
    return len(list((project.root / "data/mel").glob("*.parquet")))


def runs(project) -> list[tuple[str, str]]:
    """MLflow's runs: (status, model key)."""
    query = "select r.status, t.value from runs r join tags t using (run_uuid) where t.key = 'earmark.model_key'"
    with sqlite3.connect(project.root / "mlruns/mlflow.db") as database:
        return database.execute(query).fetchall()


def test_the_first_run_is_right_and_a_no_op_is_a_no_op(project, from_scratch):
    from_scratch(project)
    assert shards(project) > 2
    with project.making():
        project.run("snakemake")
        project.run("dvc", "repro")
    assert "up to date" in project.run("dvc", "status")
    from_scratch(project)


def test_a_front_end_parameter_makes_every_mel_and_back_again_nothing(project, from_scratch):
    project.set(features__trim_db=40)
    with project.making(mel=shards(project), embed=shards(project), confounds=1, **HEAD):
        project.run("dvc", "repro")
    from_scratch(project)
    project.set(features__trim_db=30)
    with project.making():
        project.run("snakemake")
        from_scratch(project)
        project.run("dvc", "repro")
    from_scratch(project)


def test_a_head_parameter_makes_the_head_only(project, from_scratch):
    project.set(train__learning_rate=0.02)
    with project.making(**HEAD):
        project.run("snakemake")
    from_scratch(project)
    with project.making():
        project.run("dvc", "repro")
    from_scratch(project)


def test_a_backbone_that_learns_needs_no_frozen_features_and_is_never_stale(project):
    features = project.root / "data/features"
    project.set(train__mode="tune", train__epochs=1)
    with project.making(**HEAD):
        project.run("dvc", "repro")
    assert list(features.iterdir()) == []
    tuned = (project.root / "results/model/backbone.onnx").read_bytes()
    with project.making():
        project.run("snakemake")
        assert "up to date" in project.run("dvc", "status")
    project.set(train__mode="frozen", train__epochs=6)
    with project.making():
        project.run("dvc", "repro")
    assert len(list(features.iterdir())) == shards(project)
    assert (project.root / "results/model/backbone.onnx").read_bytes() != tuned


def test_experiments_in_the_workspace(project, from_scratch):
    with project.making(**HEAD):
        project.run("dvc", "exp", "run", "-S", "train.learning_rate=0.03")
    from_scratch(project)
    assert "learning_rate=0.03" not in project.run("git", "status", "--short")


def test_experiments_in_a_copy_share_the_store_and_leave_the_workspace_alone(project, from_scratch):
    before = project.shown()
    with project.making(**HEAD):
        project.run("dvc", "exp", "run", "--temp", "-n", "aside", "-S", "train.learning_rate=0.04")
    assert project.shown() == before
    project.run("dvc", "exp", "apply", "aside")
    with project.making():
        from_scratch(project)
        project.run("snakemake")
    from_scratch(project)


def test_queued_experiments_make_exactly_theirs(project, from_scratch):
    for rate in ("0.05", "0.06"):
        project.run("dvc", "exp", "run", "--queue", "-n", f"rate-{rate[2:]}", "-S", f"train.learning_rate={rate}")
    with project.making(train=2, evaluate=2):
        project.run("dvc", "queue", "start")
        wait_for_queue(project)
    for name in ("rate-05", "rate-06"):
        project.run("dvc", "exp", "apply", name)
        from_scratch(project)


def wait_for_queue(project, seconds: float = 240) -> None:
    """Until no queued experiment is waiting or running; a failed one fails the test with its log."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status = project.run("dvc", "queue", "status")
        assert "Failed" not in status, status + project.run("dvc", "queue", "logs", "rate-05")
        if "Running" not in status and "Queued" not in status:
            return
        time.sleep(2)
    raise AssertionError(f"the queue did not finish in {seconds} s\n{status}")


def test_going_back_to_a_commit_and_checking_out_costs_nothing(project, from_scratch):
    project.set(train__learning_rate=0.02)
    project.run("dvc", "repro")
    project.run("git", "checkout", "-q", "-f", "main")
    project.run("dvc", "checkout", "-q", "-f")
    with project.making():
        from_scratch(project)
        project.run("snakemake")
        project.run("dvc", "repro")
    from_scratch(project)


def test_a_colleague_clones_pulls_and_computes_nothing(project, from_scratch, tmp_path):
    clone = type(project)(project.root.parent / f"clone-{tmp_path.name}")
    project.run("git", "clone", "-q", str(project.root), str(clone.root))
    clone.run("dvc", "pull", "-q")
    from_scratch(clone)
    with clone.making():
        clone.run("dvc", "repro")
    clone.run("snakemake")
    assert {name.split("/")[0] for name in clone.products()} == {
        "prepare",
        "mel",
        "confounds",
        "embed",
        "train",
        "evaluate",
        "backbone",
    }
    assert not (clone.root / ".store/logs/mel").exists(), "no shard was computed"
    assert not (clone.root / ".store/logs/train").exists(), "no model was trained"
    from_scratch(clone)
    clone.set(train__learning_rate=0.07)
    with clone.making(**HEAD):
        clone.run("dvc", "repro")
    from_scratch(clone)


def test_mlflow_has_one_finished_run_per_model(project):
    models = [key for _, key in runs(project)]
    assert len(models) == len(set(models)) > 0
    assert {status for status, _ in runs(project)} == {"FINISHED"}
    project.run("snakemake")
    assert sorted(key for _, key in runs(project)) == sorted(models)
