import shutil

import pytest
import yaml

from earmark import config, recipes
from earmark.errors import EarmarkError


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
    for line in recipes.describe(project_root / "recipes").splitlines():
        name, _, words = line.partition(" ")
        assert len(words.strip()) > 20, f"{name}: its first line should be a comment that describes it"
