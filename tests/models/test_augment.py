"""Augmentation: shapes, reproducibility, and that each disturbance does what it says."""

import numpy as np
import pytest

from earmark.audio.kinds import band_hertz
from earmark.config import FeatureParams
from earmark.models import augment as aug

HERTZ = band_hertz(FeatureParams())
TOP_DB = 80.0
everything = aug.Augmenter.of(FeatureParams())


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (40, frames), dtype=np.uint8) for frames in (8, 30, 47, 90)]


def rng():
    return np.random.default_rng(1)


def test_batch_is_finite_and_a_function_of_its_arguments(images):
    first, second = (everything(images, 48, rng()) for _ in range(2))
    assert first.shape == (4, 40, 48)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert (first == second).all()
    assert not (first == everything(images, 48, np.random.default_rng(2))).all()


def test_images_are_not_written_to(images):
    before = [image.copy() for image in images]
    everything(images, 48, rng())
    assert all((a == b).all() for a, b in zip(before, images, strict=True))


def test_outside_a_shifted_clip_is_silence():
    level = aug.shifted([np.full((40, 10), 255, np.uint8)], 60, TOP_DB, rng())
    assert level.min() == -TOP_DB
    assert level.max() == pytest.approx(0, abs=1e-4)
    assert 8 <= (level[0, 0] > -TOP_DB / 2).sum() <= 13


def test_warping_moves_a_band_by_at_most_a_tenth():
    level = np.full((200, 40, 1), -TOP_DB, np.float32)
    level[:, 20] = 0
    centre = HERTZ[aug.warped(level, HERTZ, rng())[:, :, 0].argmax(axis=1)]
    assert centre.min() < HERTZ[20] < centre.max()
    assert np.abs(centre / HERTZ[20] - 1).max() < aug.WARP + 0.06


def test_reverberation_only_adds_and_decays():
    power = np.zeros((50, 2, 40), np.float32)
    power[:, :, 5] = 1
    tail = aug.reverberated(power, 0.0125, rng())
    assert (tail >= power).all()
    assert (np.diff(tail[:, :, 6:], axis=2) <= 0).all()
    assert 0 < (tail[:, 0, 10] > 0).mean() < 1


def test_noise_lies_within_its_range_below_the_speech():
    power = np.ones((300, 40, 20), np.float32)
    power[:, :, 10:] = 0
    noise = everything._beside_others(power, rng())[:, :, 10:].mean(axis=(1, 2))
    snr = 10 * np.log10(0.5 / noise)
    assert -4 < snr.min() < 8
    assert snr.max() == pytest.approx(aug.SNR_DB[1], abs=3)


def test_masks_hide_bands_and_frames():
    masked = aug.masked(np.ones((64, 40, 50), np.float32), rng())
    hidden_bands, hidden_frames = (masked == 0).all(axis=2).sum(axis=1), (masked == 0).all(axis=1).sum(axis=1)
    assert 8 < hidden_bands.max() <= 16
    assert 0 < hidden_frames.max() <= 8


def test_equaliser_is_one_gain_per_band():
    gain = aug.equaliser(500, HERTZ, rng())
    assert gain.shape == (500, 40, 1)
    assert abs(gain.mean()) < 8
