import pytest
import yaml

from earmark import overlay
from earmark.errors import EarmarkError


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write YAML files by name into the working folder; returns the path of the last."""
    monkeypatch.chdir(tmp_path)

    def write(**files):
        for name, values in files.items():
            (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(values))
        return tmp_path / f"{name}.yaml"

    return write


def test_a_recipe_comes_over_those_it_extends_in_their_order(write):
    write(ground={"a": {"x": 1, "y": 1, "z": 1}, "list": [1, 2]}, middle={"extends": "ground", "a": {"y": 2}})
    path = write(other={"a": {"y": 3}, "list": [3]}, top={"extends": ["middle", "other"], "a": {"z": 4}})
    assert overlay.recipe(path) == {"a": {"x": 1, "y": 3, "z": 4}, "list": [3]}


def test_a_circle_of_names_is_refused(write):
    path = write(a={"extends": "b"}, b={"extends": ["c"]}, c={"extends": "a"}).with_name("a.yaml")
    with pytest.raises(EarmarkError, match="in a circle: a extends b extends c extends a"):
        overlay.recipe(path)


def test_two_ways_to_one_recipe_are_no_circle(write):
    write(ground={"n": 1}, left={"extends": "ground"}, right={"extends": "ground"})
    assert overlay.recipe(write(top={"extends": ["left", "right"]})) == {"n": 1}


def test_an_unknown_name_is_answered_with_the_nearest(write):
    with pytest.raises(EarmarkError, match=r"extends 'grond', .* did you mean 'ground'"):
        overlay.recipe(write(ground={}, top={"extends": "grond"}))


@pytest.mark.parametrize("name", [3, {"a": 1}, ["a", 2]])
def test_only_names_can_be_extended(write, name):
    with pytest.raises(EarmarkError, match="expected the name of a recipe"):
        overlay.recipe(write(top={"extends": name}))


def test_params_are_no_recipe(write):
    with pytest.raises(EarmarkError, match="extends is for recipes"):
        overlay.stack(write(params={"extends": "x"}), [])


def test_what_snakemake_merged_is_right_unless_a_file_extends(write):
    write(params={"a": {"x": 1, "y": 1, "z": 1}}, ground={"a": {"y": 2, "z": 2}})
    path = write(top={"extends": "ground", "a": {"z": 3}})
    merged = {"a": {"x": 1, "y": 1, "z": 9}}
    assert overlay.resolved(merged, [path], {"a": {"z": 9}}) == merged
    known = overlay.resolved({**merged, "extends": "ground"}, [str(path)], {"a": {"z": 9}})
    assert known == {"a": {"x": 1, "y": 2, "z": 9}}


def test_settings_are_read_as_yaml():
    found = overlay.settings(["train.epochs=1", "train.stages=[{epochs: 1}]", "data.filter=a == 'b'", "task=t"])
    assert found == {"train": {"epochs": 1, "stages": [{"epochs": 1}]}, "data": {"filter": "a == 'b'"}, "task": "t"}


@pytest.mark.parametrize("text", ["train.epochs", "=1", "train.epochs=[1"])
def test_other_settings_are_refused(text):
    with pytest.raises(EarmarkError, match=r"train\.epochs|=1"):
        overlay.settings([text])


def test_files_that_hold_no_sections_are_named(tmp_path):
    with pytest.raises(EarmarkError, match="no such file"):
        overlay.read(tmp_path / "none.yaml")
    for text, words in (("- a", "expected 'section"), ("a: [", "not valid YAML")):
        (tmp_path / "bad.yaml").write_text(text)
        with pytest.raises(EarmarkError, match=words):
            overlay.read(tmp_path / "bad.yaml")
