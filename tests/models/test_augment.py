"""Augmentation: shapes, reproducibility, and that each disturbance does what it says."""

import numpy as np
import pytest

from earmark import versions
from earmark.audio.kinds import band_hertz
from earmark.config import FeatureParams, TrainParams
from earmark.models import augment as aug
from earmark.models.noise import Noise
from earmark.models.rooms import Rooms

FEATURES = FeatureParams()
HERTZ = band_hertz(FEATURES)
TOP_DB = 80.0
everything = aug.Augmenter.of(FEATURES)

GOLDEN = {
    "babble": 18.51605, "equaliser": 18.12747, "mask": 13.71052, "noise": 10.95184, "pitch": 18.65544,
    "reverberation": 16.48709, "shift": 18.87643, "speed": 18.89377, "recorded noise": 7.16077,
    "recorded reverberation": 17.55319,
}  # fmt: skip
"""Mean size of what comes out for each, alone."""


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


def asked(*augment, noise=None, rooms=None, features=FEATURES, **train):
    params = TrainParams(mode="tune", augment=augment, **train)
    return aug.Augmenter.of(features, params, noise, rooms)


@pytest.fixture
def recorded():
    """Two recordings of noise and two rooms, drawn."""
    power = np.random.default_rng(3).exponential(1, (900, 40)).astype(np.float32)
    tails = [np.exp(-np.arange(frames) / frames * 5, dtype=np.float32)[None].repeat(40, axis=0) for frames in (20, 60)]
    return {"noise": Noise(power, np.array([0, 30, 900])), "rooms": Rooms(tails)}


@pytest.mark.parametrize("low", [-5, 0, 12])
@pytest.mark.parametrize("kind", ["recorded", "synthetic"])
def test_noise_has_the_level_that_is_asked_for(recorded, low, kind):
    noise = recorded["noise"] if kind == "recorded" else None
    power = np.random.default_rng(0).random((400, 40, 50)).astype(np.float32)
    added = asked("noise", noise=noise, snr_db=[low, low + 6])._beside_others(power, rng()) - power
    snr = 10 * np.log10(power.mean(axis=(1, 2)) / added.mean(axis=(1, 2)))
    assert low - 0.1 < snr.min() < low + 0.5 and low + 5.5 < snr.max() < low + 6.1


def test_each_can_be_switched_on_alone_and_is_a_function_of_the_seed(images, recorded):
    plain = asked().levels(images, 48, rng())
    for kind in sorted(aug.ALL):
        for draw_from in ({}, recorded):
            first, second = (asked(kind, **draw_from)(images, 48, rng()) for _ in range(2))
            np.testing.assert_array_equal(first, second, kind)
            assert np.isfinite(first).all()
            other = asked(kind, **draw_from)(images * 8, 48, np.random.default_rng(5))
            expected = np.concatenate([plain - plain.mean(axis=2, keepdims=True)] * 8)
            assert np.abs(other - expected).max() > 0.1, kind
    np.testing.assert_array_equal(plain, asked().levels(images, 48, np.random.default_rng(9)))


def test_nothing_asked_for_changes_nothing():
    image = np.random.default_rng(0).integers(0, 255, (40, 50), dtype=np.uint8)
    image[3, 3] = 255
    (level,) = asked().levels([image], 50, rng())
    np.testing.assert_allclose(level, image * (80 / 255) - 80, atol=1e-3)
    (half,) = asked().levels([level.astype(np.float16)], 50, rng())
    np.testing.assert_allclose(half, level, atol=0.05)


def test_speed_changes_duration_alone_and_pitch_frequency_alone():
    image = np.zeros((40, 40), np.uint8)
    image[20, 5:35] = 255
    faster = asked("speed").levels([image] * 50, 60, rng()) > -40
    assert (faster.any(axis=2).sum(axis=1) == 1).all(), "still in one band"
    length = faster.any(axis=1).sum(axis=1)
    assert length.min() < 29 and length.max() > 31
    higher = asked("pitch").levels([image] * 50, 40, rng()) > -40
    assert (np.abs(higher.any(axis=1).sum(axis=1) - 30) <= 1).all(), "still as long"
    band = higher.any(axis=2).argmax(axis=1)
    assert band.min() < 20 < band.max()


def test_an_image_that_is_full_is_shifted_by_a_tenth_at_most():
    image = np.zeros((40, 100), np.uint8)
    image[:, 50] = 255
    place = asked("shift").levels([image] * 200, 100, rng())[:, 0].argmax(axis=1) - 50
    assert -10 <= place.min() < -7 and 7 < place.max() <= 10


def test_a_tail_lasts_as_long_whatever_the_step_of_the_front_end():
    decay = []
    for hop in (100, 200, 400):
        augmenter = asked("reverberation", features=FeatureParams(hop_length=hop))
        assert augmenter.frame_seconds == hop / 16000
        power = np.zeros((500, 1, 1000 * 100 // hop), np.float32)
        power[:, :, 0] = 1
        tail = aug.reverberated(power, augmenter.frame_seconds, rng())[:, 0]
        decay.append((tail.cumsum(axis=1) < 0.999 * tail.sum(axis=1, keepdims=True)).sum(axis=1).mean() * hop / 16000)
    assert decay == pytest.approx([decay[0]] * 3, rel=0.1)


def test_golden_numbers(recorded):
    """Bump ``versions.AUGMENT`` when these change."""
    rows, frames = np.mgrid[:40, :60]
    images = [((rows * 7 + frames * 3) % 256).astype(np.uint8), ((rows + frames * 5) % 256).astype(np.uint8)[:, :41]]
    cases = {kind: {} for kind in sorted(aug.ALL)} | {"recorded noise": recorded, "recorded reverberation": recorded}
    found = {
        name: float(np.abs(asked(name.split()[-1], **sounds)(4 * images, 56, rng())).mean())
        for name, sounds in cases.items()
    }
    assert (versions.AUGMENT, found) == (1, pytest.approx(GOLDEN, rel=1e-4))


def test_masks_hide_bands_and_frames():
    masked = aug.masked(np.ones((64, 40, 50), np.float32), rng())
    hidden_bands, hidden_frames = (masked == 0).all(axis=2).sum(axis=1), (masked == 0).all(axis=1).sum(axis=1)
    assert 8 < hidden_bands.max() <= 16
    assert 0 < hidden_frames.max() <= 8


def test_equaliser_is_one_gain_per_band():
    gain = aug.equaliser(500, HERTZ, rng())
    assert gain.shape == (500, 40, 1)
    assert abs(gain.mean()) < 8
