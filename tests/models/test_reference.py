"""Logistic regression as the reference: it learns, and its file gives the same answers on unpooled features."""

import numpy as np
import pytest

from earmark.models import dataset
from earmark.models.reference import FILE, fit_reference
from earmark.models.standardise import Standardisation


@pytest.mark.parametrize("labels", [("de", "en"), ("de", "en", "zh")])
@pytest.mark.parametrize("shape", [(16,), (3, 2, 16)])
def test_the_saved_reference_answers_as_the_fitted_one(study, tmp_path, labels, shape):
    tiny = study(labels=labels, shape=shape, gap=3)
    data = dataset.load(*tiny.write()[:2])
    reference = fit_reference(data, Standardisation.of(data.train.vectors))
    assert reference.accuracy(data.train) > 0.8
    reference.save(tmp_path / FILE, data.shape)
    saved = np.load(tmp_path / FILE)
    flat = np.stack([vector.ravel() for *_, vector in tiny.vectors()])
    logits = (flat - saved["mean"]) / saved["scale"] @ saved["coef"].T + saved["intercept"]
    answers = logits.argmax(axis=1) if len(labels) > 2 else (logits[:, 0] > 0).astype(int)
    rows = tiny.rows()
    right = [answers[i] == labels.index(row["label"]) for i, row in enumerate(rows) if row["split"] == "val"]
    assert np.mean(right) == pytest.approx(reference.accuracy(data.val))


def test_the_same_data_give_the_same_bytes(study, tmp_path):
    data = dataset.load(*study().write()[:2])
    for name in ("one", "two"):
        fit_reference(data, Standardisation.of(data.train.vectors)).save(tmp_path / f"{name}.npz", data.shape)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
