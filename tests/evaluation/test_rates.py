import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from earmark.evaluation.plots import rates as draw
from earmark.evaluation.rates import COLUMNS, rates, told
from earmark.evaluation.style import LIGHT
from earmark.models.range_test import Sweep


def test_the_product_holds_numbers_plot_and_suggestion(study, tmp_path):
    features = [study.feature_path(shard) for shard in study.shards]
    rates(study.params, study.manifest, features, tmp_path / "rates", study.provenance("rates"))
    assert {path.name for path in (tmp_path / "rates").iterdir()} == {
        "rates.csv", "rates.png", "rates.json", "provenance.json",
    }  # fmt: skip
    table, found = pd.read_csv(tmp_path / "rates/rates.csv"), json.loads((tmp_path / "rates/rates.json").read_text())
    assert tuple(table) == COLUMNS and len(table) == found["steps"]
    assert table["learning_rate"][table["smoothed"].idxmin()] == pytest.approx(found["lowest"])
    with Image.open(tmp_path / "rates/rates.png") as picture:
        assert picture.width == 768
    words = told(tmp_path / "rates", study.params)
    assert words.startswith(f"learning_rate {found['suggestion']:g} suggested, a tenth of")
    assert "the params have 0.01. Plot: " in words


def test_no_rate_that_helps_is_said_in_words(tmp_path, params):
    found = Sweep([1e-3, 1e-2], [1.0, 2.0], [1.0, 1.5], False)
    (tmp_path / "rates.json").write_text(json.dumps({"stage": 1} | found.plain()))
    assert "no learning rate made the loss fall within 2 steps" in told(tmp_path, params)
    (axes,) = draw(LIGHT, found).axes
    assert axes.get_xscale() == "log" and len(axes.texts) == 0


def test_the_suggested_rate_is_marked():
    losses = [*np.linspace(2, 1, 31).tolist(), 9.0]
    found = Sweep([*np.geomspace(1e-4, 1e-1, 31).tolist(), 0.13], losses, losses, True)
    (axes,) = draw(LIGHT, found).axes
    assert [text.get_text() for text in axes.texts] == ["0.01 "]
    assert axes.get_ylim()[1] == pytest.approx(3.2), "not to where the loss explodes"
