import yaml

from earmark import config
from earmark.sweeps.recipe import difference, write_recipe


def test_an_overlay_holds_only_what_differs():
    base = config.parse({})
    wanted = config.vary(base, {"train.seed": 3, "features.window": {"seconds": 2.0}})
    overlay = difference(base, wanted)
    assert overlay.keys() == {"features", "train"} and overlay["train"] == {"seed": 3}
    assert config.parse(config.merge(base.plain(), overlay)) == wanted
    assert difference(wanted, base) == {"features": {"window": None}, "train": {"seed": 0}}


def test_a_recipe_lies_over_the_params_of_the_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("task: mine\ntrain: {seed: 5}\n")
    wanted = config.vary(config.load(tmp_path / "params.yaml"), {"train.head": "linear"})
    write_recipe(tmp_path / "best.yaml", wanted, ["why"])
    text = (tmp_path / "best.yaml").read_text()
    assert text.startswith("# why\n") and yaml.safe_load(text) == {"train": {"head": "linear"}}
    assert config.load(tmp_path / "params.yaml", tmp_path / "best.yaml") == wanted
