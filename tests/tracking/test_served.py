import base64
import io

import numpy as np
import pytest
import soundfile

from earmark.serving.predictor import Predictor
from earmark.tracking import record
from earmark.tracking.served import example


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
