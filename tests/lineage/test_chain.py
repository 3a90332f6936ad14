"""The whole chain by the command: of the study, of a run, and with a link that is broken."""

import json
import shutil

import pytest
from click.testing import CliRunner

from earmark.cli import main
from earmark.errors import EarmarkError
from earmark.lineage import lineage, plan_of_run

pytestmark = pytest.mark.xdist_group("lineage")  # one study, one start of TensorFlow

LINKS = ["recordings", "params", "manifest", "images", "backbone", "features", "model", "figures", "MLflow"]


def test_every_link_from_recordings_to_figures(plan):
    links = [link for link in lineage(plan) if link.name not in ("commit", "dvc.lock")]
    assert [link.name for link in links] == LINKS
    assert [link.faults for link in links if not link.is_whole] == []


def test_a_run_leads_to_its_own_study_whatever_the_params_are_now(study, plan):
    run = lineage(plan)[-1]
    assert run.name == "MLflow"
    params = study / "params.yaml"
    params.write_text(params.read_text().replace("epochs: 3", "epochs: 4"))
    for name in (run.key, run.words):
        assert plan_of_run(name).params == plan.params
        assert plan_of_run(name).evaluation_key == plan.evaluation_key
    shown = CliRunner().invoke(main, ["provenance", run.words])
    assert shown.exit_code == 0 and plan.model_key in shown.output
    now = CliRunner().invoke(main, ["provenance"])
    assert now.exit_code == 1 and "is not in the store; run `snakemake`" in now.output


def test_a_broken_link_is_an_exit_code_and_a_sentence(study, plan):
    shutil.rmtree(plan.evaluation)
    answer = CliRunner().invoke(main, ["provenance", "--json"])
    assert answer.exit_code == 1
    broken = [link for link in json.loads(answer.output) if link["faults"]]
    assert [link["name"] for link in broken] == ["figures"]


def test_a_run_whose_manifest_is_gone_says_where_it_was(plan):
    run = lineage(plan)[-1]
    shutil.rmtree(plan.prepared)
    with pytest.raises(EarmarkError, match=f"its manifest {plan.prepare_key} is no longer in the store"):
        plan_of_run(run.key)
