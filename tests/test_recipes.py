import shutil
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from earmark import config, overlay, recipes
from earmark.audio.probe import Probe
from earmark.config import Params
from earmark.corpus.catalogue import Clip, Measured
from earmark.corpus.split import split
from earmark.errors import EarmarkError
from earmark.models import backbones
from earmark.splits import SPLITS

ROOT = Path(__file__).resolve().parents[1]
RECIPES = recipes.available(ROOT / "recipes")
FRAGMENTS = {"by-speaker", "gender-speakers", "keywords-official"}
"""Parts of other recipes, which no one runs alone."""

STUDIES = sorted(name for name in RECIPES if name not in FRAGMENTS)


@cache
def params(name: str) -> Params:
    return config.load(ROOT / "params.yaml", RECIPES[name])


def holds(name: str, **facts) -> None:
    """The recipe has these values: ``section__key=value``."""
    found = params(name).flat()
    wanted = {key.replace("__", "."): value for key, value in facts.items()}
    assert {key: found[key] for key in wanted} == wanted


@pytest.fixture
def params_file(tmp_path, project_root):
    return shutil.copy(project_root / "params.yaml", tmp_path / "params.yaml")


def test_a_recipe_is_written_with_every_comment_kept(params_file, project_root):
    before = params_file.read_text()
    recipe = project_root / "recipes" / "real-gender.yaml"
    changes = recipes.apply("real-gender", params_file, project_root / "recipes")
    after = params_file.read_text()
    assert "task: language -> real-gender" in changes
    assert after.count("#") == before.count("#")
    assert yaml.safe_load(after) == config.merge(yaml.safe_load(before), yaml.safe_load(recipe.read_text()))


def test_writing_it_again_changes_nothing(params_file, project_root):
    recipes.apply("real-gender", params_file, project_root / "recipes")
    once = params_file.read_text()
    assert "already" in recipes.apply("real-gender", params_file, project_root / "recipes")
    assert params_file.read_text() == once


def test_nothing_of_an_earlier_study_is_left(params_file):
    recipes.apply("keywords-light-cnn", params_file, ROOT / "recipes")
    changes = recipes.apply("real-gender", params_file, ROOT / "recipes")
    assert config.load(params_file) == params("real-gender")
    assert "data.words: [" in changes and "] -> None" in changes


def test_a_part_and_a_recipe_over_what_is_there_change_only_what_they_say(params_file):
    recipes.apply("language-vgg16", params_file, ROOT / "recipes")
    recipes.apply("by-speaker", params_file, ROOT / "recipes")
    assert config.load(params_file).split.by == config.load(ROOT / "params.yaml", RECIPES["by-speaker"]).split.by
    assert config.load(params_file).backbone.name == "vgg16"
    recipes.apply("real-gender", params_file, ROOT / "recipes", over=True)
    assert config.load(params_file).backbone.name == "vgg16"


def test_the_search_that_a_person_has_set_up_stays(params_file):
    text = params_file.read_text()
    params_file.write_text(text.replace("  trials: 20 ", "  trials: 7 "))
    recipes.apply("real-gender", params_file, ROOT / "recipes")
    assert config.load(params_file).search.trials == 7


def test_an_unknown_recipe_is_answered_with_the_nearest(params_file, project_root):
    with pytest.raises(EarmarkError, match="did you mean 'real-gender'"):
        recipes.apply("real-gendr", params_file, project_root / "recipes")


def test_a_recipe_that_does_not_validate_changes_nothing(params_file, tmp_path):
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "bad.yaml").write_text("# bad\nfeatures: {n_mel: 3}\n")
    before = params_file.read_text()
    with pytest.raises(EarmarkError, match="did you mean 'n_mels'"):
        recipes.apply("bad", params_file, tmp_path / "recipes")
    assert params_file.read_text() == before


def test_every_recipe_says_what_it_is(project_root):
    blocks = recipes.describe(project_root / "recipes").split("\n\n")
    assert len(blocks) > 8
    for block in blocks:
        study, *lines = block.splitlines()
        assert not study.startswith(" ")
        for line in lines:
            name, _, words = line.strip().partition(" ")
            assert len(words.strip()) > 20, f"{name}: its first line should be a comment that describes it"


def test_a_recipe_is_written_with_what_it_extends(params_file):
    recipes.apply("language-vgg16", params_file, ROOT / "recipes")
    assert config.load(params_file) == params("language-vgg16")
    assert "extends" not in params_file.read_text()


@pytest.mark.parametrize("name", STUDIES)
def test_every_recipe_can_be_planned(name):
    found = params(name)
    if not found.backbone.weights.startswith(".."):  # files beside the project, which need not be there
        backbones.check(found.backbone, found.features)


@pytest.mark.parametrize("name", [name for name in STUDIES if name.endswith("-honest")])
def test_a_twin_is_the_same_model_under_a_split_that_no_speaker_crosses(name):
    honest, published = params(name), params(name.removesuffix("-honest"))
    assert published.split.on_leak == "allow"
    assert honest.split.on_leak in ("error", "warn")
    assert honest.split.by in (["speaker", "near_duplicate"], "official")
    assert (honest.task, honest.train, honest.backbone) == (published.task, published.train, published.backbone)
    window = {"window": None}
    assert honest.features.model_copy(update=window) == published.features.model_copy(update=window)


def test_every_leaky_study_says_so_and_no_other():
    allowed = {name for name in STUDIES if params(name).split.on_leak == "allow"}
    for name in allowed:
        assert params(name).split.by in ("random", "segment", "official")
    assert "language-cnn-voxforge" not in allowed


def test_language_on_resnet50_is_as_published():
    holds(
        "language-resnet50",
        data__adapter="common_voice", data__filter="gender == 'male' and language in ['en', 'es', 'zh-CN']",
        data__rank_by="up_votes", data__top=1000, data__unseen=1000, data__label="language",
        split__by="random", split__fractions=[0.6, 0.2, 0.2],
        features__n_mels=224, features__fmin=200, features__fmax=8000, features__scale="minmax", features__vad="none",
        backbone__name="resnet50", backbone__weights="imagenet", backbone__image_size=[224, 224],
        backbone__fit="squeeze", backbone__pooling="none", backbone__pixels="native",
        train__mode="frozen", train__head="final", train__optimizer="adam", train__learning_rate=1e-4,
        train__epochs=1000, train__batch_size=50, train__early_stopping=None, train__standardise=False,
    )  # fmt: skip
    assert params("language-resnet50").features.trim_db is not None
    holds("language-resnet50-first", train__head="first", train__optimizer="rmsprop", train__epochs=100,
          train__batch_size=25, train__learning_rate=1e-3)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "base", "facts"),
    [
        ("language-vgg16", "language-resnet50-first", {"backbone.name": "vgg16"}),
        ("language-mobilenet-v2", "language-resnet50-first", {"backbone.name": "mobilenet_v2"}),
        ("language-resnet50-cropped", "language-resnet50-first", {"backbone.fit": "crop"}),
        ("language-resnet50-4000-files", "language-resnet50-first", {"data.top": 1333}),
        ("language-resnet50-rmsprop", "language-resnet50", {"train.optimizer": "rmsprop"}),
        ("language-resnet50-batch-100", "language-resnet50", {"train.batch_size": 100}),
        (
            "language-resnet50-unfrozen",
            "language-resnet50-first",
            {"train.mode": "tune", "train.unfreeze": 4, "train.learning_rate": 1e-4},
        ),
        ("gender-vgg16-10-frozen", "gender-vgg16", {"train.unfreeze": 6}),
        ("gender-vgg16-channels", "gender-vgg16", {"features.kinds": ["mel", "chroma", "contrast"]}),
        ("gender-small-mandel", "gender-mandel", {"backbone.name": "small_mandel_cnn"}),
        ("gender-simple-cnn", "gender-mandel", {"backbone.name": "simple_chroma_cnn"}),
        ("gender-lstm", "gender-mandel", {"backbone.name": "lstm"}),
        ("gender-mandel-mfcc", "gender-mandel", {"features.kinds": ["mfcc"], "features.scale": "minmax"}),
        ("gender-mandel-mel", "gender-mandel", {"features.kinds": ["mel"], "features.scale": "minmax"}),
        ("gender-mandel-contrast", "gender-mandel", {"features.kinds": ["contrast"], "features.scale": "minmax"}),
        ("keywords-light-cnn-binary", "keywords-light-cnn", {"train.loss": "binary"}),
        ("keywords-mnist-cnn", "keywords-light-cnn", {"backbone.name": "mnist_cnn"}),
    ],
)
def test_a_variant_differs_in_what_its_source_says_and_no_more(name, base, facts):
    found, other = params(name).flat(), params(base).flat()
    assert {key: value for key, value in found.items() if other[key] != value} == facts


def test_language_on_resnet152_is_trained_in_three_stages():
    name = "language-resnet152-staged"
    holds(name, data__adapter="kaggle_languages", features__sample_rate=22050, split__by="official",
          split__validation="random", backbone__name="resnet152", backbone__weights="imagenet", train__mode="tune",
          train__schedule="one_cycle")  # fmt: skip
    stages = params(name).train.plan()
    assert [(s.epochs, s.unfreeze, s.learning_rate) for s in stages] == [(7, 0, 1e-2), (12, "all", 1e-4), (8, 0, 1e-4)]
    assert stages[1].layer_rates == pytest.approx([1 / 9, 1 / 6, 1], abs=1e-5)
    assert params(f"{name}-honest").split.validation == "speaker"


def test_gender_on_vgg16_is_as_published():
    holds(
        "gender-vgg16",
        data__adapter="common_voice", data__label="gender", data__rank_by="up_votes", data__top=1000,
        data__balance=["label"], split__by="segment", split__fractions=[0.6, 0.2, 0.2],
        features__kinds=["mel"], features__n_mels=128, features__vad="energy",
        backbone__name="vgg16", backbone__weights="imagenet", backbone__image_size=[128, 100],
        backbone__pooling="none", backbone__pixels="unit",
        train__mode="tune", train__unfreeze=3, train__head="flat", train__optimizer="sgd", train__momentum=0.9,
        train__learning_rate=1e-4, train__epochs=500, train__early_stopping=None, train__monitor="accuracy",
    )  # fmt: skip
    found = params("gender-vgg16")
    length, hop = found.split.segment
    frames = 1 + int(length * found.features.sample_rate) // found.features.hop_length
    assert frames == found.features.window.frames == 100
    assert hop < length


def test_language_on_common_voice_is_split_into_exactly_balanced_parts():
    clips = [
        Measured(
            Clip(f"{label}/{i}.mp3", label, "t", speaker=f"{label}{i % 90}"), f"{label}{i}", Probe(5, 48000, 1, -20)
        )
        for label in ("en", "es", "zh-CN")
        for i in range(1000)
    ]
    assigned = split(clips, params("language-resnet50").split)
    counts = Counter((clip.clip.label, assigned[clip.clip_id]) for clip in clips)
    assert set(counts.values()) == {600, 200}
    assert [sum(n for (_, part), n in counts.items() if part == name) for name in SPLITS] == [1800, 600, 600]


def test_the_gender_ladder_reads_chroma():
    holds("gender-mandel", backbone__name="mandel_cnn", features__kinds=["chroma"], train__mode="scratch",
          train__head="linear", backbone__image_size=None)  # fmt: skip
    found = params("gender-mandel")
    assert backbones.image_shape(found.backbone, found.features) == (12, 100, 1)


def test_language_on_voxforge_reads_windows_of_four_seconds():
    holds("language-cnn-voxforge", data__adapter="voxforge", train__mode="scratch",
          data__filter="language in ['en', 'fr', 'de', 'es', 'it']")  # fmt: skip
    found = params("language-cnn-voxforge")
    assert found.features.window.seconds == 4
    assert "speaker" in found.split.by
    assert backbones.image_shape(found.backbone, found.features) == (128, 172, 1)


def test_keywords_on_the_light_cnn_are_as_published():
    holds(
        "keywords-light-cnn",
        data__adapter="speech_commands",
        data__words=["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"],
        split__by="random", features__kinds=["stft"], features__sample_rate=16000, backbone__name="light_cnn",
        train__mode="scratch", train__early_stopping=3, train__batch_size=32, train__loss="categorical",
    )  # fmt: skip
    found = params("keywords-light-cnn")
    assert found.split.fractions[0] == 0.8
    assert backbones.image_shape(found.backbone, found.features) == (161, 99, 1)
    holds("keywords-light-cnn-kfold", split__scheme="kfold", split__folds=5)


@pytest.mark.parametrize("network", ["vgg16", "inception-v3", "resnet50"])
def test_keyword_networks_are_trained_from_scratch_and_from_imagenet(network):
    scratch, imagenet = params(f"keywords-{network}-scratch"), params(f"keywords-{network}-imagenet")
    assert (scratch.train.mode, scratch.backbone.weights) == ("scratch", "none")
    assert (imagenet.train.mode, imagenet.backbone.weights, imagenet.train.unfreeze) == ("tune", "imagenet", "all")
    for found in (scratch, imagenet):
        assert found.backbone.name == network.replace("-", "_")
        assert (found.train.early_stopping, found.train.batch_size, found.train.head) == (3, 32, "normalised")
        assert backbones.image_shape(found.backbone, found.features) == (161, 99, 3)


def test_roots_are_where_downloads_go():
    roots = {params(name).data.root for name in STUDIES if not name.startswith(("best-", "real-", "leaky-", "tuned-"))}
    assert {Path(root).parts[:2] for root in roots} == {("data", "raw")}
    assert {"speech_commands_v0.01", "voxforge"} <= {Path(root).name for root in roots}


def test_a_recipe_is_listed_before_its_variants():
    names = [name for name in RECIPES if name.startswith("gender-vgg16")]
    assert names[0] == "gender-vgg16"
    assert all(one < other for one, other in pairwise(names))


def test_every_recipe_is_data_alone():
    for name, path in RECIPES.items():
        assert overlay.recipe(path), name
