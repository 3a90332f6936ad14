import base64
import io
import shutil

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from earmark.provenance import Provenance
from earmark.serving.calibration import calibrated
from earmark.serving.facts import facts_of
from earmark.serving.predictor import Predictor
from earmark.store import Store
from earmark.tracking import record
from earmark.tracking.served import example

MODEL_KEY = "ab" * 10


@pytest.fixture
def logged(params, prepared, model, server):
    """The model of a recorded run, loaded as any user of MLflow would."""
    import mlflow.pyfunc

    run = server.client().get_run(record(params, prepared, model, None, server))
    (output,) = run.outputs.model_outputs
    return mlflow.pyfunc.load_model(f"models:/{output.model_id}")


def test_the_logged_model_takes_audio_and_answers_like_the_predictor(logged, model, tmp_path):
    audio = (tmp_path / "test-1.5.wav").read_bytes()
    predictor = Predictor.load(model)
    expected = predictor.predict_windows(predictor.frontend.windows_of(audio))
    for value in (audio, base64.b64encode(audio).decode()):
        (answer,) = logged.predict([{"audio": value}]).to_dict("records")
        assert answer["label"] == expected.label
        assert answer["confidence"] == pytest.approx(expected.confidence)
        assert [answer["p_a"], answer["p_b"]] == pytest.approx(list(expected.probabilities.values()))


@pytest.fixture
def predictions(evaluation):
    """Recorded answers of validation clips in the evaluation, of a model that is less right than it is sure."""
    rows = [{"split": "val", "label": "ab"[n % 4 == 0], "p_a": 0.95, "p_b": 0.05} for n in range(40)]
    table = pa.Table.from_pylist(rows)
    stamped = Provenance("evaluate", 1, "e" * 20, inputs={"model": MODEL_KEY}).stamp(table.schema)
    pq.write_table(table.cast(stamped), evaluation / "predictions.parquet")
    return evaluation


def test_a_judged_model_is_calibrated_and_takes_the_place_of_one_that_was_not(
    params, prepared, model, predictions, server, tmp_path
):
    import mlflow.pyfunc

    said = model / "params.yaml"
    said.write_text(said.read_text().replace("normalise: band_mean", "normalise: none"))  # else all it says is 0.5
    head = onnx.load(model / "head.onnx")
    head.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(np.float32([[0.01, -0.01]]), "w"))
    onnx.save(head, model / "head.onnx")
    client = server.client()
    client.get_run(record(params, prepared, model, None, server))
    run = client.get_run(record(params, prepared, model, predictions, server))
    outputs = [client.get_logged_model(output.model_id) for output in run.outputs.model_outputs]
    first, second = (each.model_uri for each in sorted(outputs, key=lambda each: each.creation_timestamp))
    frame = [{"audio": (tmp_path / "test-1.5.wav").read_bytes()}]
    plain, sure = (mlflow.pyfunc.load_model(uri).predict(frame).to_dict("records")[0] for uri in (first, second))
    facts = facts_of(model, predictions / "predictions.parquet", prepared)
    assert facts.temperature > 1
    probabilities = np.array([sure["p_a"], sure["p_b"]])
    assert plain["confidence"] == pytest.approx(probabilities.max())
    assert sure["confidence"] == pytest.approx(calibrated(probabilities, facts.temperature).max())
    assert sure["confidence"] < plain["confidence"]
    shutil.rmtree(Store.find().root / "tracking")  # the receipts, so that MLflow itself is asked
    again = client.get_run(record(params, prepared, model, predictions, server))
    assert len(again.outputs.model_outputs) == 2, "nothing is logged twice"


def test_it_lies_beside_its_run(logged, server):
    assert logged.metadata.artifact_path.startswith(server.location("toy").as_uri())


def test_it_comes_with_signature_and_example(logged, tmp_path):
    assert [(column.name, column.type.name) for column in logged.metadata.signature.inputs] == [("audio", "binary")]
    assert logged.metadata.signature.outputs.input_names() == ["label", "confidence", "p_a", "p_b"]
    assert logged.predict(logged.input_example)["label"][0] in ("a", "b")


def test_the_example_is_a_short_test_clip(params, prepared):
    (audio,) = example(params, prepared)["audio"]
    samples, rate = soundfile.read(io.BytesIO(audio))
    assert (rate, len(samples)) == (16000, 24000)
    np.testing.assert_allclose(samples, 0.1 * np.sin(np.arange(24000) / 9), atol=1e-3)


def test_without_recordings_there_is_no_example(params, prepared, tmp_path):
    for path in tmp_path.glob("test-*.wav"):
        path.unlink()
    assert example(params, prepared) is None
