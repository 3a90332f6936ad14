import warnings

import librosa
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from earmark.audio.decode import decode
from earmark.audio.mel import MelSpectrogram, filterbank, padded_hann, power_to_db

DEFAULT = {
    "sample_rate": 16000,
    "n_fft": 512,
    "win_length": 400,
    "hop_length": 200,
    "n_mels": 40,
    "fmin": 60.0,
    "fmax": 7600.0,
}


def librosa_mel(samples, sample_rate, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # empty filters, signals shorter than a frame
        return librosa.feature.melspectrogram(y=samples, sr=sample_rate, pad_mode="constant", **settings)


def librosa_db(power, top_db=80):
    return librosa.power_to_db(power, ref=np.max, top_db=top_db)


@st.composite
def front_ends(draw):
    rate = draw(st.sampled_from([8000, 16000, 22050, 48000]))
    n_fft = draw(st.integers(16, 2048))
    fmin = draw(st.floats(0, rate / 8))
    return {
        "sample_rate": rate,
        "n_fft": n_fft,
        "win_length": draw(st.integers(16, n_fft)),
        "hop_length": draw(st.integers(20, 600)),
        "n_mels": draw(st.integers(1, 230)),
        "fmin": fmin,
        "fmax": draw(st.floats(fmin + 100, rate / 2)),
    }


@st.composite
def signals(draw, front_end):
    """Tones within the band and noise, at levels up to 60 dB apart."""
    length, random = draw(st.integers(600, 12000)), np.random.default_rng(draw(st.integers(0, 2**32)))
    phase = 2 * np.pi * np.arange(length) / front_end["sample_rate"]
    pitches = random.uniform(front_end["fmin"], front_end["fmax"], draw(st.integers(0, 4)))
    noise = random.standard_normal(length) * 10 ** (draw(st.floats(-60, 0)) / 20)
    return ((sum(np.sin(pitch * phase) for pitch in pitches) + noise) * draw(st.floats(0.01, 1))).astype(np.float32)


@settings(max_examples=100, deadline=None)
@given(st.data(), front_ends())
def test_equals_librosa(data, front_end):
    samples = data.draw(signals(front_end))
    found, expected = MelSpectrogram(**front_end)(samples), librosa_mel(samples, **front_end)
    assert found.shape == expected.shape and found.dtype == np.float32
    assume(expected.max() > 0)
    ours, theirs = power_to_db(found, 80), librosa_db(expected)
    assert np.abs(ours - theirs).max() < 0.01


@settings(max_examples=60, deadline=None)
@given(front_ends())
def test_filterbank_is_bit_equal(front_end):
    names = ("n_fft", "n_mels", "fmin", "fmax")
    arguments = {name: front_end[name] for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = librosa.filters.mel(sr=front_end["sample_rate"], **arguments)
    np.testing.assert_array_equal(filterbank(front_end["sample_rate"], **arguments), expected)


@pytest.mark.parametrize(("win_length", "n_fft"), [(400, 512), (512, 512), (401, 512), (17, 100), (16, 17)])
def test_window_equals_librosa(win_length, n_fft):
    window = librosa.filters.get_window("hann", win_length, fftbins=True)
    expected = librosa.util.pad_center(window, size=n_fft).astype(np.float32)
    np.testing.assert_array_equal(padded_hann(win_length, n_fft), expected)


@pytest.mark.parametrize("samples", [np.zeros(5000), np.ones(5000), np.ones(1), np.eye(1, 3000, 1500)[0]])
def test_odd_signals(samples):
    samples = samples.astype(np.float32)
    found, expected = MelSpectrogram(**DEFAULT)(samples), librosa_mel(samples, **DEFAULT)
    assert found.shape == expected.shape
    np.testing.assert_allclose(power_to_db(found, 80), librosa_db(expected), atol=0.01)


def test_nothing_is_one_silent_frame():
    assert MelSpectrogram(**DEFAULT)(np.zeros(0, np.float32)).tolist() == [[0.0]] * 40


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.floats(-12, 6), st.one_of(st.none(), st.floats(1, 120)))
def test_db_equals_librosa(seed, exponent, top_db):
    power = (10 ** np.random.default_rng(seed).uniform(exponent - 8, exponent, (5, 9))).astype(np.float32)
    np.testing.assert_allclose(power_to_db(power, top_db), librosa_db(power, top_db), atol=1e-3)


def test_a_clip_does_not_depend_on_chunks():
    mel, samples = MelSpectrogram(**DEFAULT), np.random.default_rng(0).standard_normal(80000).astype(np.float32)
    np.testing.assert_allclose(mel(samples)[:, :100], mel(samples[:30000])[:, :100], rtol=1e-4)


@pytest.mark.real
@pytest.mark.parametrize("image", [{}, {"n_fft": 1024, "win_length": 1024, "n_mels": 224, "fmin": 200, "fmax": 8000}])
def test_real_clips_within_a_grey_level(real_clips, image):
    front_end = {**DEFAULT, **image}
    mel, pixels, different = MelSpectrogram(**front_end), 0, 0
    for path in real_clips:
        samples, _ = decode(path, 16000)
        ours, theirs = power_to_db(mel(samples), 80), librosa_db(librosa_mel(samples, **front_end))
        assert np.abs(ours - theirs).max() < 0.01
        steps = np.abs(np.rint((ours + 80) * 255 / 80) - np.rint((theirs + 80) * 255 / 80))
        assert steps.max() <= 1
        pixels, different = pixels + steps.size, different + int(steps.sum())
    assert different <= 1e-4 * pixels + 1
