"""A search under Snakemake: a target like the others, over the same store."""

import csv

import pytest
import yaml

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("study")]


def test_a_search_trains_only_what_is_new_and_leaves_a_recipe_that_runs(project):
    shown = project.shown()
    project.set(search__trials=2, search__space={"train.head": ["final", "linear"]})
    with project.making(train=1):
        output = project.run("snakemake", "search")
    assert "snakemake --configfile results/search/best.yaml" in output
    with (project.root / "results/search/trials.csv").open() as stream:
        assert [(row["state"], row["train.head"]) for row in csv.DictReader(stream)] == [
            ("finished", "final"), ("finished", "linear"),
        ]  # fmt: skip
    others = {name: digest for name, digest in project.shown().items() if not name.startswith("results/search/")}
    assert others == shown, "the study's own results stay"
    with project.making():
        project.run("snakemake", "search")
    project.run("snakemake", "--dry-run", "--configfile", "results/search/best.yaml")
    best = yaml.safe_load((project.root / "results/search/best.yaml").read_text())
    assert best in ({}, {"train": {"head": "linear"}})
