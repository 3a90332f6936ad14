import json


def test_a_grid_is_listed_before_it_runs(cli):
    answer = cli("grid", "-S", "train.learning_rate=1e-3,0.01", "-S", "train.head=linear", "--dry-run")
    assert answer.output.splitlines() == ["lr=0.001 head=linear", "lr=0.01 head=linear"]
    named = cli("grid", "-S", "train.seed=0,1", "--dry-run", "--json").output
    assert json.loads(named) == ["seed=0", "seed=1"]


def test_recipes_lie_below_a_grid(cli, tmp_path):
    (tmp_path / "x.yaml").write_text("train: {head: custom}\n")
    cli("grid", str(tmp_path / "x.yaml"), "-S", "train.seed=0,1", "--dry-run", fails="head_layers belongs to")


def test_a_search_says_what_it_needs(cli):
    cli("search", fails="search.space is empty")


def test_one_run_has_no_spread(cli):
    cli("folds", fails="earmark folds --seeds 5")
