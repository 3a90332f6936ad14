import json

import pytest

from earmark.errors import EarmarkError
from earmark.evaluation.validate import FILE, read_figures, validate
from earmark.provenance import Provenance

RECORD = Provenance("validate", 1, "v" * 20)


def test_only_validation_clips_are_judged(study, tmp_path):
    (shard,) = study.shards
    found = validate(study.prepared, [study.mel_path(shard)], study.model, tmp_path / "out", RECORD)
    rows = json.loads((study.prepared / "leaks.json").read_text())["counts"]["val"]
    assert found["n"] == sum(rows.values())
    assert 0 <= found["balanced_accuracy"] <= 1 and found["loss"] > 0
    training = json.loads((study.model / "training.json").read_text())
    assert found["accuracy"] == pytest.approx(training["val"]["accuracy"]), (
        "one window a clip: the training's own figure"
    )
    assert read_figures(tmp_path / "out") == found


def test_figures_that_are_not_there_are_explained(tmp_path):
    with pytest.raises(EarmarkError, match="run `earmark validate`"):
        read_figures(tmp_path)
    (tmp_path / FILE).write_text("{")
    with pytest.raises(EarmarkError, match="no validation figures"):
        read_figures(tmp_path)
