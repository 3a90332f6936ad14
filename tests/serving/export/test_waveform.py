"""The whole model as one graph: the pipeline's answers, for whole clips and for windows, and what the file says."""

import json

import numpy as np
import onnx
import pytest

from earmark.audio.decode import decode
from earmark.config import FeatureParams, WindowParams
from earmark.errors import EarmarkError
from earmark.serving.export.parity import USUAL
from earmark.serving.export.runner import runner
from earmark.serving.export.waveform import INPUT, NETWORK, OUTPUT, whole
from earmark.serving.predictor import Predictor


def with_features(predictor, **changes):
    features = FeatureParams(**predictor.params.features.model_dump() | changes)
    params = predictor.params.model_copy(update={"features": features})
    return Predictor(params, predictor.labels, predictor._backbone, predictor._head)


@pytest.fixture(scope="module")
def predictor(served):
    return Predictor.load(served.folder, threads=1)


@pytest.mark.parametrize("changes", [{}, {"window": WindowParams(seconds=0.5, hop=0.3, rest="shift")}])
def test_answers_are_those_of_the_pipeline(served, predictor, sounds, tmp_path, changes):
    changed = with_features(predictor, **changes)
    onnx.save(whole(served.folder, changed, {}), tmp_path / "model.onnx")
    run = runner(tmp_path / "model.onnx")
    for samples in [*sounds, *(decode(path, 16000)[0] for path in served.files)]:
        expected = list(changed.predict_windows(changed.frontend.windows(samples)).probabilities.values())
        np.testing.assert_allclose(run(samples), expected, atol=USUAL)


def test_the_file_has_one_input_one_output_and_its_facts(served, predictor):
    model = whole(served.folder, predictor, {"labels": ["down", "über"], "sample_rate": 16000})
    assert [value.name for value in model.graph.input] == [INPUT]
    assert [value.name for value in model.graph.output] == [OUTPUT]
    assert {prop.key: json.loads(prop.value) for prop in model.metadata_props} == {
        "labels": ["down", "über"],
        "sample_rate": 16000,
    }
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    assert len(convolutions) > 10
    assert all(name.startswith(NETWORK) for name in convolutions)


def test_a_front_end_without_a_form_is_refused(served, predictor):
    with pytest.raises(EarmarkError, match="vad: webrtc has no form on a device"):
        whole(served.folder, with_features(predictor, vad="webrtc"), {})
