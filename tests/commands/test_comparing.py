import json

TABLE = """
title: Tones
columns: [accuracy, parameters]
rows: [{label: plain, recipe: plain}]
"""


def test_tables_are_listed_without_a_name(cli, project_root, monkeypatch):
    monkeypatch.chdir(project_root)
    assert "gender-ladder" in cli("table").output


def test_a_table_says_what_was_not_run_and_is_written(cli, study):
    (study / "recipes" / "tables").mkdir(parents=True, exist_ok=True)
    (study / "recipes" / "plain.yaml").write_text("# plain\ntask: tones\n")
    (study / "recipes" / "tables" / "tones.yaml").write_text(TABLE)
    printed = cli("table", "tones", "-S", "data.top=4").output
    assert "* `plain`: not run" in printed
    assert (study / "results/tables/tones.md").read_text() in printed
    assert (study / "results/tables/tones.csv").read_text() == "label,recipe,accuracy,parameters\nplain,plain,,\n"
    found = json.loads(cli("table", "tones", "-S", "data.root=none", "--json").output)
    assert found[0]["lacks"] == "`plain`: no data: none"
    cli("table", "tons", fails="did you mean 'tones'")
    cli("table", "tones", "-S", "data.top", fails="expected section.key=value")
