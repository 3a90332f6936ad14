"""What is taken from an image before a network reads it."""

import numpy as np
import pytest

from earmark.models.normalise import band_mean_removed, clip_standardised, over_training_clips


@pytest.fixture
def level():
    return np.random.default_rng(0).uniform(-80, 0, (40, 70)).astype(np.float32)


def test_a_filter_on_the_recording_changes_nothing(level):
    filtered = level + np.linspace(-9, 9, 40, dtype=np.float32)[:, None]
    np.testing.assert_allclose(band_mean_removed(filtered), band_mean_removed(level), atol=1e-4)
    np.testing.assert_allclose(band_mean_removed(level).mean(axis=1), 0, atol=1e-4)


def test_a_clip_has_mean_0_and_deviation_1_whatever_its_gain_and_contrast(level):
    found = clip_standardised(level)
    assert found.dtype == np.float32
    assert (found.mean(), found.std()) == pytest.approx((0, 1), abs=1e-5)
    np.testing.assert_allclose(clip_standardised(3 * level + 7), found, atol=1e-4)
    assert (np.diff(found.mean(axis=1)) != 0).all(), "the spectrum stays"


@pytest.mark.parametrize("value", [0.0, -80.0, 0.1])
def test_silence_stays_silence(value):
    assert not clip_standardised(np.full((3, 1001), value, np.float32)).any()


def test_bands_are_standardised_over_all_frames_of_all_clips():
    rng = np.random.default_rng(0)
    images = [rng.normal(np.arange(6).reshape(3, 1, 2), 2, (3, frames, 2)).astype(np.float32) for frames in (5, 90, 31)]
    for image in images:
        image[0, :, 1] = -80
    found = over_training_clips(iter(images))
    together = np.concatenate(images, axis=1)
    np.testing.assert_allclose(found.mean, together.mean(axis=1, keepdims=True), rtol=1e-5)
    expected = together.std(axis=1, keepdims=True, dtype=np.float64)
    expected[0, 0, 1] = 1
    np.testing.assert_allclose(found.deviation, expected, rtol=1e-5)
    scaled = found.apply(together)
    assert scaled.shape == (3, 126, 2)
    np.testing.assert_allclose(scaled[1:].mean(axis=1), 0, atol=1e-5)
