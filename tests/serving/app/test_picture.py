"""What is drawn is what the front end made."""

import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from earmark.config import WindowParams
from earmark.serving.app.picture import MOST_WINDOWS, picture, png, spread, wave
from earmark.serving.facts import Facts
from earmark.serving.predictor import Predictor
from earmark.serving.recogniser import Recogniser


def pixels(content: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))[::-1]


def test_a_short_clip_has_the_image_that_the_network_gets(by_pitch, melody):
    clip = melody[:16000]
    (window,) = picture(Recogniser(by_pitch, Facts()), clip)["windows"]
    (shown,) = window["images"]
    np.testing.assert_array_equal(pixels(shown), by_pitch.frontend.image(clip))
    assert (window["start"], window["end"]) == (0, 1)


def test_a_long_one_has_those_of_its_windows(by_pitch, melody):
    recogniser = Recogniser(by_pitch, Facts())
    windows = picture(recogniser, melody)["windows"]
    assert [round(window["start"] * 16000) for window in windows] == [
        first for first, _ in recogniser.windows(len(melody))
    ]
    np.testing.assert_array_equal(pixels(windows[-1]["images"][0]), by_pitch.frontend.image(melody[-48000:]))
    assert len(picture(recogniser, np.tile(melody, 20))["windows"]) == MOST_WINDOWS


def test_a_study_that_cuts_its_clips_has_several_images(by_pitch, melody):
    features = by_pitch.params.features.model_copy(update={"window": WindowParams(seconds=0.4, hop=0.3)})
    params = by_pitch.params.model_copy(update={"features": features})
    cutting = Predictor(params, by_pitch.labels, by_pitch._backbone, by_pitch._head)
    recogniser = Recogniser(cutting, Facts(longest_seconds=2))
    assert len(picture(recogniser, melody[:16000])["windows"][0]["images"]) == len(
        cutting.frontend.windows(melody[:16000])
    )


def test_the_wave_is_its_outline():
    assert wave(np.array([0, 1, -1, 0.5], np.float32), 2) == [[0, 127], [-127, 64]]
    assert wave(np.array([2, -2], np.float32)) == [[127, 127], [-127, -127]]


@given(st.integers(1, 99), st.integers(2, 20))
def test_spread_keeps_order_and_both_ends(count, most):
    found = spread(range(count), most)
    assert found == sorted(set(found)) and len(found) == min(count, most)
    assert (found[0], found[-1]) == (0, count - 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_numbers_become_levels_of_their_own_range(dtype):
    shown = np.asarray(Image.open(io.BytesIO(png(np.array([[-80, -40], [-20, 0]], dtype)))))
    assert shown[::-1].tolist() == [[0, 128], [191, 255]]
