"""Never stale, never wasteful: whatever command a person types, the results are those of a run from scratch, and only
what the changed parameters decide was made. DVC's experiments, its queue and a colleague's clone are in the day of
``test_a_day.py``."""

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("study")]

HEAD = {"train": 1, "evaluate": 1}
"""What a change of the head makes."""


def shards(project) -> int:
    return len(list((project.root / "data/mel").glob("*.parquet")))


def test_the_first_run_is_right_and_a_no_op_is_a_no_op(project, from_scratch):
    from_scratch(project)
    assert shards(project) > 2
    with project.making():
        project.run("snakemake")
        project.run("dvc", "repro")
    assert "up to date" in project.run("dvc", "status")
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
