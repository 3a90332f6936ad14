import pytest

from earmark.errors import EarmarkError
from earmark.sweeps import validation
from earmark.sweeps.runner import Runner


def test_figures_belong_to_the_model(study):
    plan, other = study(), study(evaluate__bootstrap=7)
    Runner().prepare(plan)
    assert validation.key(plan.model_key) == validation.key(other.model_key)
    record = validation.provenance(plan)
    assert record.inputs == {"manifest": plan.prepare_key, "model": plan.model_key}
    assert validation.folder(plan.store, plan.model_key).name == record.key


def test_figures_that_were_not_made_are_not_there(study):
    plan = study(train__seed=99)
    Runner().prepare(plan)
    assert not validation.exists(plan)
    with pytest.raises(EarmarkError, match="run `earmark validate`"):
        validation.figures(plan)
