"""A model fetched from MLflow answers like the folder that was logged."""

import pytest

from earmark.errors import EarmarkError
from earmark.serving.predictor import Predictor
from earmark.tracking import record
from earmark.tracking.fetched import model_folder


def test_a_logged_model_is_a_model_folder_again(params, prepared, model, server, tmp_path):
    run = server.client().get_run(record(params, prepared, model, None, server))
    (output,) = run.outputs.model_outputs
    fetched = model_folder(f"models:/{output.model_id}", tmp_path / "fetched", server)
    audio = (tmp_path / "test-1.5.wav").read_bytes()
    one, other = (Predictor.load(folder) for folder in (fetched, model))
    windows = one.frontend.windows_of(audio)
    assert one.predict_windows(windows) == other.predict_windows(windows)
    assert not (fetched.parent / "metrics.json").exists(), "it was not judged"


def test_what_the_run_reached_lies_beside_it(params, prepared, model, evaluation, server, tmp_path):
    run = server.client().get_run(record(params, prepared, model, evaluation, server))
    (output,) = run.outputs.model_outputs
    results = model_folder(f"models:/{output.model_id}", tmp_path / "fetched", server).parent
    for name in ("metrics.json", "predictions.parquet", "report/index.html"):
        assert (results / name).read_bytes() == (evaluation / name).read_bytes()


def test_an_address_of_nothing(server, tmp_path):
    with pytest.raises(EarmarkError, match="MLflow at"):
        model_folder("models:/earmark-nothing@champion", tmp_path / "fetched", server)
