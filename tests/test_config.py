import pytest
import yaml

from earmark import config
from earmark.errors import EarmarkError


def test_the_shipped_params_are_valid_and_say_every_key(project_root):
    values = yaml.safe_load((project_root / "params.yaml").read_text())
    params = config.parse(values)
    assert params.resolved() == config.parse({}).resolved() | values
    for section, model in params.resolved().items():
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
        ({"features": {"kinds": ["mfcc"]}}, "kind mfcc has no fixed range for grey levels; set dtype: float16"),
        ({"features": {"deltas": 1}}, "deltas has no fixed range"),
        ({"features": {"reference": 0.5}}, "reference 0.5 has no fixed range"),
        ({"features": {"reference": -1, "dtype": "float16"}}, "reference -1 is not a power"),
        ({"features": {"kinds": ["mel", "mel"]}}, "kinds mel, mel: each only once"),
        ({"features": {"kinds": ["mfcc"], "n_mfcc": 41, "dtype": "float16"}}, "n_mfcc 41 must not exceed n_mels 40"),
        (
            {"features": {"kinds": ["contrast"], "n_fft": 64, "win_length": 64, "scale": "minmax"}},
            "n_fft 64 is too short for kind contrast; 80 samples or more",
        ),
        ({"features": {"vad": "energy", "trim_db": None}}, "vad energy cuts what is trim_db below the peak"),
        ({"features": {"window": {"seconds": 4, "frames": 9}}}, "length is either seconds or frames"),
        ({"features": {"window": {"frames": 9, "hop": 1.5}}}, "hop 1.5 is not a whole number of frames"),
        ({"features": {"window": {"second": 4}}}, "features.window.second: unknown key; did you mean 'seconds'?"),
        ({"split": {"hold_out": {"colunm": "word"}}}, "split.hold_out.colunm: unknown key; did you mean 'column'?"),
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
