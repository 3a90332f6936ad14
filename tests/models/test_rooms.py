"""Rooms in mel bands, beside the convolution of the waveform."""

import numpy as np
import pytest
import soundfile

from earmark.audio.decode import decode
from earmark.audio.kinds import Kinds
from earmark.config import FeatureParams
from earmark.errors import EarmarkError
from earmark.models.rooms import Rooms, convolved, energy_of

FEATURES = FeatureParams()
HOP = FEATURES.hop_length
RATE = FEATURES.sample_rate


def response(seconds, level, rng):
    """A direct sound, three early echoes, and noise that decays by 60 dB in ``seconds``, ``level`` dB above them."""
    time = np.arange(round(1.2 * seconds * RATE)) / RATE
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / seconds) * (time > 0.004)
    found = tail * np.sqrt(10 ** (level / 10) / (tail**2).sum())
    found[0] += 1
    for delay, gain in ((0.007, 0.5), (0.011, -0.4), (0.019, 0.35)):
        found[round(delay * RATE)] += gain
    return found.astype(np.float32)


@pytest.mark.parametrize("place", [0, 3, 5000])
def test_a_single_one_is_energy_1_at_once(place):
    energy = energy_of(np.eye(1, place + 1, place, dtype=np.float32)[0], FEATURES)
    assert energy.shape == (40, 1) and energy.dtype == np.float32
    np.testing.assert_allclose(energy, 1, rtol=1e-5)


def test_an_echo_is_as_late_as_it_is():
    sound = np.zeros(10 * HOP, np.float32)
    sound[40], sound[40 + 7 * HOP] = 1, 0.5
    energy = energy_of(sound, FEATURES)
    np.testing.assert_allclose(energy[:, [0, 7]], np.tile([0.8, 0.2], (40, 1)), rtol=1e-4)
    assert energy.sum() == pytest.approx(40, rel=1e-4)


def test_every_band_decays_as_it_does():
    rng, time = np.random.default_rng(0), np.arange(RATE) / RATE
    dull = np.convolve(rng.standard_normal(RATE) * 10 ** (-3 * time / 0.6), np.ones(8) / 8)[:RATE]
    energy = energy_of(np.concatenate([[9], dull]).astype(np.float32), FEATURES)
    low, high = (10 * np.log10(energy[bands].mean(axis=0)) for bands in (slice(0, 5), slice(30, 40)))
    assert low[8:40].mean() > high[8:40].mean() + 5
    assert np.polyfit(np.arange(8, 48) * HOP / RATE, low[8:48], 1)[0] == pytest.approx(-100, rel=0.1)


@pytest.mark.parametrize("frames", [1, 5, 40, 200])
def test_clips_are_convolved_band_by_band(frames):
    rng = np.random.default_rng(0)
    power, energy = rng.random((3, frames)).astype(np.float32), rng.random((3, 40)).astype(np.float32)
    expected = [np.convolve(p, e)[:frames] for p, e in zip(power, energy, strict=True)]
    np.testing.assert_allclose(convolved(power, energy), expected, rtol=1e-5)


def test_silence_80_db_below_the_loudest_frame_stays_what_it_is():
    power = np.full((1, 300), 1e-8, np.float32)
    power[:, 5] = 1
    found = convolved(power, np.array([[1, 0.5]], np.float32))
    np.testing.assert_allclose(found[0, 100:], 1.5e-8, rtol=1e-4)
    assert (convolved(np.zeros((2, 9), np.float32), np.ones((2, 3), np.float32)) > 0).all(), "everything has a level"


@pytest.mark.real
@pytest.mark.parametrize(("seconds", "level", "dry"), [(0.2, -5, 5), (0.5, 0, 9), (0.9, 5, 12)])
def test_it_is_the_convolution_of_the_waveform_but_for_interference(shared_data, seconds, level, dry):
    """Over the 50 dB below the loudest point: half of the cells within 2 dB, root mean square error 3 dB, no bias.

    As power of Gaussian noise fluctuates by 5.6 dB in one frequency and less in a band of several, there is no closer
    approximation without the phases. Without any reverberation the error is that of ``dry`` and more.
    """
    kinds, errors, without = Kinds(FEATURES), [], []
    for number, path in enumerate(sorted((shared_data / "gender_librispeech").rglob("*.*"))[:4]):
        samples, _ = decode(path, RATE, 0, 4)
        room = response(seconds, level, np.random.default_rng(number))
        heard = np.fft.irfft(np.fft.rfft(samples, 1 << 17) * np.fft.rfft(room, 1 << 17))[: len(samples)]
        clean, true = (kinds.spectra(sound)["mel"] for sound in (samples, heard.astype(np.float32)))
        true, found, clean = map(decibels, (true, convolved(clean, energy_of(room, FEATURES)), clean))
        loud = true > true.max() - 50
        errors.append((found - true)[loud])
        without.append((clean - true)[loud])
    error, without = np.concatenate(errors), np.concatenate(without)
    assert np.median(np.abs(error)) < 2
    assert np.sqrt((error**2).mean()) < 3.5
    assert abs(error.mean()) < 0.8
    assert np.sqrt((without**2).mean()) > dry


def decibels(power):
    """Level relative to the mean power."""
    return 10 * np.log10(power / power.mean() + 1e-12)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "rooms/large").mkdir(parents=True)
    soundfile.write(tmp_path / "rooms/bath.wav", 0.5 * response(0.2, 0, rng), RATE)
    soundfile.write(tmp_path / "rooms/large/hall.flac", 0.5 * response(0.8, 3, rng), RATE)
    return tmp_path / "rooms"


def test_each_clip_is_in_a_random_room(folder):
    rooms, power = Rooms.load(folder, FEATURES), np.full((40, 40, 50), 1e-9, np.float32)
    power[:, :, 10] = 1
    found = rooms.reverberated(power, np.random.default_rng(0))
    assert found.shape == power.shape and found.dtype == np.float32
    np.testing.assert_array_equal(found, rooms.reverberated(power, np.random.default_rng(0)))
    late = 10 * np.log10(found[:, :, 30].mean(axis=1) / found[:, :, 10].mean(axis=1))
    assert ((late < -50) | (late > -30)).all() and 10 < (late > -30).sum() < 30


def test_what_is_no_response_is_named(folder):
    (folder / "bad.wav").write_bytes(b"RIFF")
    with pytest.raises(EarmarkError, match=r"train\.rooms: .*bad\.wav: not audio"):
        Rooms.load(folder, FEATURES)
    soundfile.write(folder / "bad.wav", np.zeros(100), RATE)
    with pytest.raises(EarmarkError, match=r"train\.rooms: .*bad\.wav: there is no sound in it"):
        Rooms.load(folder, FEATURES)
