"""Each link between manifest and figures, broken in every way that it can be: seen, and said with the remedy."""

import json
import shutil
from pathlib import Path

import pytest

from earmark.lineage.products import figures, products

pytestmark = pytest.mark.xdist_group("lineage")  # one study, one start of TensorFlow

NAMES = ["manifest", "images", "backbone", "features", "model", "figures"]


def faults(plan, published=True):
    """By link; those without any are left out."""
    return {link.name: list(link.faults) for link in products(plan, published) if link.faults}


def remove(path: Path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def rewrite(path: Path, text: str):
    """As an editor does, so that hard links to the file keep the old content."""
    path.unlink()
    path.write_text(text)


def test_a_finished_study_is_whole(plan):
    links = list(products(plan, True))
    assert [link.name for link in links] == NAMES and faults(plan) == {}
    assert len({link.key for link in links}) == len(NAMES)
    assert " train, " in links[0].words
    assert links[-1].words.startswith("test balanced accuracy")


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("images", lambda plan: plan.mel_path(plan.shards[0])),
        ("backbone", lambda plan: plan.backbone),
        ("features", lambda plan: plan.feature_path(plan.shards[-1])),
        ("model", lambda plan: plan.model),
        ("figures", lambda plan: plan.evaluation),
    ],
    ids=["images", "backbone", "features", "model", "figures"],
)
def test_what_is_not_in_the_store_is_said(plan, link, path):
    path = path(plan)
    remove(path)
    assert faults(plan, published=False) == {link: [f"{path} is not in the store; run `snakemake`"]}


def test_a_product_under_a_wrong_name_is_said(plan):
    one, other = (plan.mel_path(shard) for shard in plan.shards[:2])
    one.unlink()
    shutil.copy(other, one)
    (said,) = faults(plan, published=False)["images"]
    assert f"{one} records key {other.stem}, not {one.stem}" in said


@pytest.mark.parametrize(
    ("link", "folder", "file"),
    [
        ("manifest", "prepare", "leaks.json"),
        ("model", "train", "labels.json"),
        ("model", "train", "head.onnx"),
        ("figures", "evaluate", "metrics.json"),
        ("figures", "evaluate", "plots/confusion.csv"),
    ],
)
def test_a_file_that_was_changed_by_hand_is_named(plan, link, folder, file):
    folder = {"prepare": plan.prepared, "train": plan.model, "evaluate": plan.evaluation}[folder]
    content = (folder / file).read_bytes()
    (folder / file).unlink()
    (folder / file).write_bytes(content + b"\n")
    assert [f"{folder / file} was changed after it was made" in said for said in faults(plan, False)[link]] == [True]


def test_a_figure_that_was_improved_is_found_under_any_digest(plan):
    path = plan.evaluation / "metrics.json"
    rewrite(path, json.dumps(figures(plan) | {"model_key": "another", "params_digest": "x"}))
    said = faults(plan, False)["figures"]
    assert len(said) == 3 and any("says model_key another, not" in fault for fault in said)


@pytest.mark.parametrize(
    ("link", "spoil", "words"),
    [
        ("manifest", lambda: remove(Path("data/manifest")), "data/manifest is missing"),
        ("images", lambda: remove(next(Path("data/mel").iterdir())), "is missing"),
        ("images", lambda: Path("data/mel/zz.parquet").touch(), "data/mel/zz.parquet is no shard of this study"),
        ("features", lambda: remove(next(Path("data/features").iterdir())), "is missing"),
        ("model", lambda: rewrite(Path("results/model/labels.json"), "[]"), "results/model/labels.json was changed"),
        ("figures", lambda: rewrite(Path("results/metrics.json"), "{}"), "results/metrics.json was changed"),
    ],
)
def test_what_people_see_must_be_what_the_store_has(plan, link, spoil, words):
    spoil()
    found = faults(plan)
    assert list(found) == [link] and words in found[link][0]
    assert faults(plan, published=False) == {}


def test_results_of_other_params_are_said(study, plan):
    other = plan.of(plan.params.plain() | {"train": plan.params.train.plain() | {"epochs": 4}})
    found = faults(other)
    assert list(found) == ["model", "figures"]
    assert f"results/model is of {plan.model_key}, the params and data ask for {other.model_key}" in found["model"][1]
