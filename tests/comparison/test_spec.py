import pytest
import yaml

from earmark import recipes
from earmark.comparison import spec
from earmark.comparison.spec import Spec
from earmark.errors import EarmarkError

TABLE = {
    "title": "Two",
    "columns": ["accuracy", "honest.f1"],
    "rows": [{"label": "a", "recipe": "x", "honest": "y"}, {"label": "b", "recipe": "z"}],
}


def test_the_recipes_of_a_table_are_those_of_its_rows_and_their_twins():
    assert Spec.model_validate(TABLE).recipes() == ["x", "y", "z"]
    assert Spec.model_validate({**TABLE, "columns": ["f1"]}).recipes() == ["x", "z"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": ["acuracy"]}, "did you mean 'accuracy'"),
        ({"columns": ["published.nothing"]}, "no measure 'nothing'"),
        ({"rows": [{"label": "a", "recipe": "x", "published": {"accurac": 1}}]}, "did you mean 'accuracy'"),
        ({"rows": []}, "rows"),
        ({"colums": ["f1"]}, "colums"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, change, words):
    (tmp_path / "two.yaml").write_text(yaml.safe_dump({**TABLE, **change}))
    with pytest.raises(EarmarkError, match=words):
        Spec.load("two", tmp_path)


def test_an_unknown_table_is_answered_with_the_nearest(tmp_path):
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(TABLE))
    with pytest.raises(EarmarkError, match="did you mean 'two'"):
        Spec.load("tow", tmp_path)
    assert spec.describe(tmp_path) == "two              Two"


@pytest.mark.parametrize("name", ["complexity", "gender-ladder", "generalisation", "keywords", "languages", "twins"])
def test_the_tables_of_the_project_name_recipes_that_exist(project_root, name):
    found = Spec.load(name, project_root / "recipes" / "tables")
    known = recipes.available(project_root / "recipes")
    assert set(found.recipes()) <= known.keys()


def test_every_leaky_study_that_has_a_twin_is_in_the_table_of_twins(project_root):
    found = Spec.load("twins", project_root / "recipes" / "tables")
    honest = {name for name in recipes.available(project_root / "recipes") if name.endswith("-honest")}
    assert {row.honest for row in found.rows} == honest


def test_the_published_figures_are_those_of_the_sources(project_root):
    folder = project_root / "recipes" / "tables"
    ladder = {row.label: row.published.get("f1") for row in Spec.load("gender-ladder", folder).rows}
    assert list(ladder.values()) == [0.49, 0.34, 0.64, 0.81, 0.79, 0.73, 0.91, 0.95]
    keywords = {row.recipe: row.published for row in Spec.load("keywords", folder).rows}
    val = {name.removeprefix("keywords-"): figures["val_accuracy"] for name, figures in keywords.items()}
    wanted = {
        "light-cnn": 0.940, "mnist-cnn": 0.882,
        "inception-v3-scratch": 0.943, "vgg16-scratch": 0.958, "resnet50-scratch": 0.945,
        "inception-v3-imagenet": 0.640, "vgg16-imagenet": 0.961, "resnet50-imagenet": 0.925,
    }  # fmt: skip
    assert val == pytest.approx(wanted, abs=6e-4)
    languages = {row.recipe: row.published.get("accuracy") for row in Spec.load("languages", folder).rows[1:]}
    assert (languages["language-resnet50"], languages["language-resnet50-first"]) == (0.673, 0.618)
