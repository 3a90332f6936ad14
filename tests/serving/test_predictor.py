"""The predictor: the same front end and features as in training, all ways in, and what it refuses."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from earmark.audio.decode import DecodeError
from earmark.errors import EarmarkError
from earmark.serving.predictor import FILES, Predictor
from earmark.shards.read import read_features, read_mels


@pytest.fixture(scope="module")
def predictor(served):
    return Predictor.load(served.folder)


def test_the_mel_image_is_that_of_training_to_the_bit(served, predictor):
    for path, row in zip(served.files, read_mels(served.mels), strict=True):
        np.testing.assert_array_equal(predictor.frontend.image_of(path), row.mel)


def test_features_are_those_of_training(served, predictor):
    table = read_features(served.features)
    features = predictor.features([row.mel for row in read_mels(served.mels)])
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features.astype(table.vectors.dtype), table.vectors)


def test_probabilities_are_those_of_the_keras_head(served, predictor):
    import keras

    features = read_features(served.features).vectors.astype(np.float32)
    head = keras.saving.load_model(served.folder / "head.keras")
    expected = keras.ops.convert_to_numpy(head(features))
    np.testing.assert_allclose(predictor.probabilities(features), expected, atol=1e-5)


def test_files_bytes_and_images_get_the_same_answer(served, predictor):
    files = predictor.predict_files(served.files)
    assert files == predictor.predict_images([row.mel for row in read_mels(served.mels)])
    assert files == [predictor.predict_bytes(path.read_bytes()) for path in served.files]
    assert [answer.label for answer in files] == [path.name.split("-")[0] for path in served.files]
    for answer in files:
        assert list(answer.probabilities) == predictor.labels == ["down", "up"]
        assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert answer.confidence == max(answer.probabilities.values()) == answer.probabilities[answer.label]


def test_an_answer_does_not_depend_on_its_neighbours(served, predictor):
    images = [row.mel for row in read_mels(served.mels)]
    assert predictor.predict_images(images[3:4])[0] == predictor.predict_images(images)[3]


@pytest.mark.parametrize("kind", ["FLAC", "OGG", "MP3"])
def test_other_formats_rates_and_channels(served, predictor, tmp_path, kind):
    samples, rate = soundfile.read(served.files[0])
    path = tmp_path / f"clip.{kind.lower()}"
    soundfile.write(path, np.stack([samples, samples], axis=1), rate, format=kind)
    answer, original = predictor.predict_files([path, served.files[0]])
    frames = [predictor.frontend.image_of(clip).shape[1] for clip in (path, served.files[0])]
    assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert abs(frames[0] - frames[1]) <= 8, "a codec may add or lose a tenth of a second"
    if kind == "FLAC":
        assert answer == original, "nothing is lost, so nothing differs"


def test_nothing_to_predict(predictor):
    assert predictor.predict_images([]) == predictor.predict_files([]) == []


def test_audio_that_cannot_be_used_is_named(predictor, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF, or so it says")
    with pytest.raises(DecodeError, match=r"broken\.wav: not audio"):
        predictor.predict_files([tmp_path / "broken.wav"])
    with pytest.raises(DecodeError, match=r"absent\.wav: .*no such file"):
        predictor.predict_files([tmp_path / "absent.wav"])
    with pytest.raises(DecodeError, match="the file is empty"):
        predictor.predict_bytes(b"")


@pytest.mark.parametrize("name", FILES)
def test_an_incomplete_model_is_refused(served, tmp_path, name):
    folder = tmp_path / "model"
    shutil.copytree(served.folder, folder)
    (folder / name).unlink()
    with pytest.raises(EarmarkError, match=f"{name} is missing"):
        Predictor.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_model_is_refused(served, tmp_path, name):
    folder = tmp_path / "model"
    shutil.copytree(served.folder, folder)
    (folder / name).unlink()
    (folder / name).write_text("{")
    with pytest.raises(EarmarkError, match=name):
        Predictor.load(folder)


def test_prediction_needs_no_keras(served):
    code = """
import sys
from pathlib import Path
from earmark.serving.predictor import Predictor
Predictor.load(Path(sys.argv[1])).predict_files([Path(sys.argv[2])])
print(*({"keras", "tensorflow", "pandas", "sklearn", "librosa", "mlflow", "onnx"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", code, served.folder, served.files[0]]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == []
