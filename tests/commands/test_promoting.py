from shutil import copyfile

from click.testing import CliRunner

from earmark.cli import main


def test_a_run_that_is_not_there_is_explained(cli, study, empty_database):
    (study / "mlruns").mkdir()
    copyfile(empty_database, study / "mlruns" / "mlflow.db")
    cli("promote", "nobody", fails="no run nobody at sqlite")


def test_without_a_run_a_model_must_be_published(cli):
    cli("promote", fails="results/metrics.json: no judged model is here; run `snakemake`, or name a run")


def test_help_tells_when_it_refuses():
    assert "McNemar" in CliRunner().invoke(main, ["promote", "--help"]).output
