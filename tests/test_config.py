import pytest
import yaml

from earmark import config
from earmark.errors import EarmarkError


def test_the_shipped_params_are_valid_and_say_every_key(project_root):
    values = yaml.safe_load((project_root / "params.yaml").read_text())
    params = config.parse(values)
    assert params.plain() == config.parse({}).plain() | values
    for section, model in params.plain().items():
        if isinstance(model, dict):
            assert values[section].keys() == model.keys(), f"{section}: every key stands in params.yaml"


def test_every_recipe_is_a_valid_overlay(project_root):
    recipes = sorted((project_root / "recipes").glob("*.yaml"))
    assert recipes
    for recipe in recipes:
        config.load(project_root / "params.yaml", recipe)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"features": {"n_mel": 40}}, "features.n_mel: unknown key; did you mean 'n_mels'?"),
        ({"trian": {}}, "trian: unknown key; did you mean 'train'?"),
        ({"train": {"epochs": "many"}}, "train.epochs: "),
        ({"split": {"fractions": [0.5, 0.5, 0.5]}}, "split.fractions: three fractions"),
        ({"features": {"fmax": 9000}}, "fmax 9000 Hz is above half the sample_rate"),
        ({"features": {"win_length": 600}}, "win_length 600 must not exceed n_fft 512"),
        ({"backbone": {"image_size": [96, 96]}}, "image_size and fit go together"),
        ({"data": {"adapter": "comon_voice"}}, "data.adapter: "),
    ],
)
def test_what_is_wrong_is_said_with_its_name(values, words):
    with pytest.raises(EarmarkError) as caught:
        config.parse(values)
    assert words in str(caught.value)


def test_overlays_merge_key_by_key():
    merged = config.merge({"a": {"x": 1, "y": [1, 2]}, "b": 1}, {"a": {"y": [3]}, "c": 2})
    assert merged == {"a": {"x": 1, "y": [3]}, "b": 1, "c": 2}


def test_a_file_that_is_not_there_or_not_yaml_is_named(tmp_path):
    with pytest.raises(EarmarkError, match="no such file"):
        config.load(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [")
    with pytest.raises(EarmarkError, match="not valid YAML"):
        config.load(tmp_path / "params.yaml")


def test_the_front_end_does_not_depend_on_how_clips_are_packed():
    small = config.parse({"features": {"shard_size": 4}}).features
    assert small.front_end() == config.parse({}).features.front_end()


def test_flat_names_are_those_that_dvc_shows():
    flat = config.parse({}).flat()
    assert flat["train.learning_rate"] == 1e-4
    assert flat["task"] == "language"


def test_words_that_yaml_reads_as_truth_values_are_explained():
    values = yaml.safe_load("data: {adapter: speech_commands, label: label, words: [yes, no, up]}")
    with pytest.raises(EarmarkError, match=r"data\.words: YAML reads yes, no, on and off .* put words in quotes"):
        config.parse(values)
    values["data"]["words"] = ["yes", "no", "up"]
    assert config.parse(values).data.words == ["yes", "no", "up"]
