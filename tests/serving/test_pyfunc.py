"""The MLflow model: saved with its code, loaded by MLflow, asked with bytes and with base64, and refusing in words."""

import base64
from pathlib import Path

import mlflow.pyfunc
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import infer_and_parse_data

import earmark
from earmark.serving import pyfunc
from earmark.serving.predictor import Predictor


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
