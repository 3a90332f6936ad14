"""The predictor: the same front end and features as in training, all ways in, and what it refuses."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from earmark.audio.decode import DecodeError
from earmark.config import WindowParams
from earmark.errors import EarmarkError
from earmark.serving.predictor import FILES, Predictor, mean_over_windows
from earmark.shards.read import read_features, read_images


@pytest.fixture(scope="module")
def predictor(served):
    return Predictor.load(served.folder)


def test_the_mel_image_is_that_of_training_to_the_bit(served, predictor):
    for path, row in zip(served.files, read_images(served.mels), strict=True):
        (window,) = predictor.frontend.windows_of(path)
        np.testing.assert_array_equal(window.images["mel"], row.images["mel"])


def test_features_are_those_of_training(served, predictor):
    table = read_features(served.features)
    features = predictor.features([row.images for row in read_images(served.mels)])
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
    assert files == [predictor.predict_windows([row]) for row in read_images(served.mels)]
    assert files == [predictor.predict_windows(predictor.frontend.windows_of(p.read_bytes())) for p in served.files]
    assert [answer.label for answer in files] == [path.name.split("-")[0] for path in served.files]
    for answer in files:
        assert list(answer.probabilities) == predictor.labels == ["down", "up"]
        assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert answer.confidence == max(answer.probabilities.values()) == answer.probabilities[answer.label]


def test_an_answer_does_not_depend_on_its_neighbours(served, predictor):
    rows = list(read_images(served.mels))
    alone, together = predictor.features([rows[3].images]), predictor.features([row.images for row in rows])
    np.testing.assert_array_equal(predictor.probabilities(alone)[0], predictor.probabilities(together)[3])
    assert predictor.predict_files(served.files[3:4]) == predictor.predict_files(served.files)[3:4]


def test_a_clips_answer_is_the_mean_over_its_windows(served, predictor):
    windows = list(read_images(served.mels))[6:9]
    one_by_one = [predictor.predict_windows([window]) for window in windows]
    answer = predictor.predict_windows(windows)
    for label in predictor.labels:
        expected = np.mean([one.probabilities[label] for one in one_by_one])
        assert answer.probabilities[label] == pytest.approx(expected, abs=1e-12)
    assert answer.confidence == answer.probabilities[answer.label] == max(answer.probabilities.values())


def test_files_are_cut_as_in_training(served, predictor):
    features = served.params.features.model_copy(update={"window": WindowParams(seconds=0.4, hop=0.3)})
    params = served.params.model_copy(update={"features": features})
    cutting = Predictor(params, predictor.labels, predictor._backbone, predictor._head)
    windows = cutting.frontend.windows_of(served.files[-1])
    assert len(windows) > 2
    answer = cutting.predict_windows(windows)
    assert [answer] == cutting.predict_files(served.files[-1:])
    assert answer != predictor.predict_files(served.files[-1:])[0]


@given(arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(2, 5)), elements=st.floats(0, 1, width=32)))
def test_the_mean_of_one_window_is_exact_and_order_does_not_matter(rows):
    assert mean_over_windows(rows[:1]).tolist() == rows[0].tolist()
    np.testing.assert_allclose(mean_over_windows(rows), mean_over_windows(rows[::-1]), rtol=1e-12)
    assert rows.min() <= mean_over_windows(rows).max() <= rows.max()


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
    assert predictor.predict_files([]) == []


def test_audio_that_cannot_be_used_is_named(predictor, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF, or so it says")
    with pytest.raises(DecodeError, match=r"broken\.wav: not audio"):
        predictor.predict_files([tmp_path / "broken.wav"])
    with pytest.raises(DecodeError, match=r"absent\.wav: .*no such file"):
        predictor.predict_files([tmp_path / "absent.wav"])


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
