import pytest

from earmark.commands.options import plan_of
from earmark.errors import EarmarkError


def test_a_plan_is_that_of_its_params(study, monkeypatch):
    monkeypatch.chdir(study)
    plan = plan_of(study / "params.yaml")
    assert plan.params.task == "tones" and plan.known_manifest is None
    assert plan_of(study / "params.yaml", study / ("a" * 20)).prepare_key == "a" * 20


def test_wrong_params_are_explained(tmp_path):
    (tmp_path / "params.yaml").write_text("features: {n_mel: 40}")
    with pytest.raises(EarmarkError, match="did you mean 'n_mels'"):
        plan_of(tmp_path / "params.yaml")
