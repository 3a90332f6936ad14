"""The MLflow model: saved with its code, loaded by MLflow, asked with bytes and with base64, and refusing in words."""

import base64
import io
import json
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
import soundfile
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import infer_and_parse_data, invocations

import earmark
from earmark.serving import pyfunc
from earmark.serving.facts import Facts
from earmark.serving.predictor import Predictor
from earmark.serving.recogniser import Recogniser

FACTS = Facts(temperature=4.0, typical_seconds=0.6, longest_seconds=1.2)


@pytest.fixture(scope="module")
def model(served, tmp_path_factory):
    path = tmp_path_factory.mktemp("mlflow") / "model"
    mlflow.pyfunc.save_model(
        path,
        python_model=pyfunc.__file__,
        artifacts={"model": str(served.folder)},
        code_paths=[str(Path(earmark.__file__).parent)],
        signature=pyfunc.signature(served.folder),
        pip_requirements=[],
    )
    return mlflow.pyfunc.load_model(str(path))


@pytest.fixture(scope="module")
def calibrated(served, tmp_path_factory):
    """The same model with what its study knows about it."""
    folder = tmp_path_factory.mktemp("calibrated")
    (folder / "facts.json").write_text(json.dumps(vars(FACTS)))
    mlflow.pyfunc.save_model(
        folder / "model",
        python_model=pyfunc.__file__,
        artifacts={"model": str(served.folder), "facts": str(folder / "facts.json")},
        code_paths=[str(Path(earmark.__file__).parent)],
        signature=pyfunc.signature(served.folder),
        pip_requirements=[],
    )
    return mlflow.pyfunc.load_model(str(folder / "model"))


def invoked(model, records, **params):
    """What ``POST /invocations`` answers."""
    body = json.dumps({"dataframe_records": records, "params": params})
    answer = invocations(body, "application/json", model, model.metadata.get_input_schema())
    assert answer.status == 200, answer.response
    return json.loads(answer.response)["predictions"]


def test_a_served_answer_is_that_of_predict_windows_and_calibration_included(served, calibrated):
    recogniser = Recogniser(Predictor.load(served.folder), FACTS)
    files = [served.files[0], served.files[7], served.files[-1]]  # up to 1.35 s: two of them are cut into windows
    expected = [recogniser.of_file(path) for path in files]
    found = invoked(calibrated, [{"audio": base64.b64encode(path.read_bytes()).decode()} for path in files])
    assert [row["label"] for row in found] == [answer.label for answer in expected]
    for row, answer in zip(found, expected, strict=True):
        assert row["confidence"] == pytest.approx(answer.confidence, abs=1e-9)
        assert row["confidence"] < max(row["p_down"], row["p_up"]), "a temperature of 4 makes it less sure"


def test_unknown_is_a_param_of_the_request(served, calibrated):
    record = {"audio": base64.b64encode(served.files[0].read_bytes()).decode()}
    (known,) = invoked(calibrated, [record])
    (unknown,) = invoked(calibrated, [record], unknown=min(1.0, known["confidence"] + 1e-6))
    assert (known["label"], unknown["label"]) == ("down", "unknown")
    assert unknown["confidence"] == known["confidence"]


def test_silence_gets_no_class(calibrated):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(16000), 16000, format="WAV")
    (row,) = invoked(calibrated, [{"audio": base64.b64encode(buffer.getvalue()).decode()}], unknown=1.0)
    assert row == {"label": "no speech", "confidence": 1.0, "p_down": None, "p_up": None}


@pytest.mark.parametrize("unknown", [-0.1, 60, float("nan")])
def test_a_threshold_that_is_no_confidence_is_refused(served, model, unknown):
    with pytest.raises(MlflowException, match=r"params: 'unknown' is .*; it is a confidence, 0 to 1"):
        model.predict(pd.DataFrame({"audio": audio(served)}), params={"unknown": unknown})


def audio(served):
    return [served.files[0].read_bytes(), served.files[-1].read_bytes()]


def test_bytes_in_classes_out(served, model):
    answer = model.predict(pd.DataFrame({"audio": audio(served)}))
    assert list(answer.columns) == ["label", "confidence", "p_down", "p_up"]
    assert list(answer["label"]) == ["down", "up"]
    expected = Predictor.load(served.folder).predict_files([served.files[0], served.files[-1]])
    assert list(answer["p_up"]) == [one.probabilities["up"] for one in expected]
    assert list(answer["confidence"]) == [one.confidence for one in expected]


def test_a_request_to_the_server(served, model):
    records = [{"audio": base64.b64encode(clip).decode()} for clip in audio(served)]
    schema = model.metadata.get_input_schema()
    request = infer_and_parse_data({"dataframe_records": records}, schema)
    assert list(model.predict(request)["label"]) == ["down", "up"]


def test_base64_text_without_a_schema(served):
    context = type("Context", (), {"artifacts": {"model": str(served.folder)}})
    classifier = pyfunc.SpeechClassifier()
    classifier.load_context(context)
    texts = pd.DataFrame({"audio": [base64.b64encode(clip).decode() for clip in audio(served)]})
    assert list(classifier.predict(context, texts)["label"]) == ["down", "up"]
    with pytest.raises(MlflowException, match="column 'audio' is missing"):
        classifier.predict(context, pd.DataFrame({"sound": [b""]}))
    assert len(classifier.predict(context, texts[:0])) == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no base64!", "neither bytes nor base64"),
        (7, "neither bytes nor base64"),
        (None, "neither bytes nor base64"),
        (b"not a sound", "not audio that libsndfile reads"),
        (b"", "the file is empty"),
    ],
)
def test_what_is_refused_is_named_by_its_row(served, value, words):
    context = type("Context", (), {"artifacts": {"model": str(served.folder)}})
    classifier = pyfunc.SpeechClassifier()
    classifier.load_context(context)
    with pytest.raises(MlflowException, match=f"row 1, column 'audio': .*{words}") as refusal:
        classifier.predict(context, pd.DataFrame({"audio": [served.files[0].read_bytes(), value]}))
    assert refusal.value.get_http_status_code() == 400
