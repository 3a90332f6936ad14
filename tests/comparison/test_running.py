import pytest

from earmark.comparison.running import run

pytestmark = pytest.mark.workflow

SNAKEFILE = """
rule all:
    params: found=str(config)
    run:
        open("found.txt", "w").write(params.found)
        assert config["a"] != "bad"
"""


@pytest.fixture
def workflow(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "plain.yaml").write_text("a: 1\nb: {c: 2, d: 3}\n")
    return tmp_path


def test_a_recipe_is_run_with_the_settings_on_top(workflow):
    assert run("plain", {"b": {"c": 5}}, cores="1")
    assert (workflow / "found.txt").read_text() == "{'a': 1, 'b': {'c': 5, 'd': 3}}"


def test_a_run_that_fails_is_told(workflow):
    assert not run("plain", {"a": "bad"}, cores="1")
