import json

from earmark.commands.using import doctor


def test_recipes_are_listed_without_a_name(cli, project_root, monkeypatch):
    monkeypatch.chdir(project_root)
    assert "real-keywords" in cli("use").output


def test_there_is_no_summary_before_the_first_run(cli):
    cli("summary", fails="results/metrics.json")


def test_the_doctor_speaks_json():
    from click.testing import CliRunner

    answer = CliRunner().invoke(doctor, ["--json"])
    assert {"level"} <= json.loads(answer.output)[0].keys()
