import warnings

import librosa
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from earmark.audio.decode import decode
from earmark.audio.mel import filterbank, hz_to_mel, mel_spectrogram, mel_to_hz, power_to_db

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
    scale, normalised, power = data.draw(
        st.tuples(st.sampled_from(["slaney", "htk"]), st.booleans(), st.integers(1, 2))
    )
    found = mel_spectrogram(**front_end, scale=scale, normalised=normalised, power=power)(samples)
    options = {"htk": scale == "htk", "norm": "slaney" if normalised else None, "power": power}
    expected = librosa_mel(samples, **front_end, **options)
    assert found.shape == expected.shape and found.dtype == np.float32
    assume(expected.max() > 0)
    to_db = librosa.power_to_db if power == 2 else librosa.amplitude_to_db
    theirs = to_db(expected, ref=np.max, top_db=80)
    assert np.abs(np.maximum(power_to_db(found, exponent=power), -80) - theirs).max() < 0.01


@settings(max_examples=60, deadline=None)
@given(front_ends(), st.booleans(), st.booleans())
def test_filterbank_is_bit_equal(front_end, htk, normalised):
    names = ("n_fft", "n_mels", "fmin", "fmax")
    arguments = {name: front_end[name] for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        norm = "slaney" if normalised else None
        expected = librosa.filters.mel(sr=front_end["sample_rate"], htk=htk, norm=norm, **arguments)
    found = filterbank(front_end["sample_rate"], **arguments, scale="htk" if htk else "slaney", normalised=normalised)
    np.testing.assert_array_equal(found, expected)


@given(st.floats(0, 24000), st.sampled_from(["slaney", "htk"]))
def test_mel_and_back(frequency, scale):
    mel = hz_to_mel(frequency, scale)
    assert mel == pytest.approx(librosa.hz_to_mel(frequency, htk=scale == "htk"))
    assert mel_to_hz(np.array([mel]), scale)[0] == pytest.approx(frequency, abs=1e-6)


@pytest.mark.parametrize("samples", [np.zeros(5000), np.ones(5000), np.ones(1), np.eye(1, 3000, 1500)[0]])
def test_odd_signals(samples):
    samples = samples.astype(np.float32)
    found, expected = mel_spectrogram(**DEFAULT)(samples), librosa_mel(samples, **DEFAULT)
    assert found.shape == expected.shape
    np.testing.assert_allclose(np.maximum(power_to_db(found), -80), librosa_db(expected), atol=0.01)


def test_nothing_is_one_silent_frame():
    assert mel_spectrogram(**DEFAULT)(np.zeros(0, np.float32)).tolist() == [[0.0]] * 40


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.floats(-12, 6), st.one_of(st.none(), st.floats(1e-6, 100)))
def test_db_equals_librosa(seed, exponent, reference):
    power = (10 ** np.random.default_rng(seed).uniform(exponent - 8, exponent, (5, 9))).astype(np.float32)
    expected = librosa.power_to_db(power, ref=np.max if reference is None else reference, top_db=None)
    np.testing.assert_allclose(power_to_db(power, reference), expected, atol=1e-4)
    expected = librosa.amplitude_to_db(power, ref=np.max if reference is None else reference, top_db=None)
    np.testing.assert_allclose(power_to_db(power, reference, 1), expected, atol=1e-4)


def test_db_leaves_the_power_alone():
    power = np.full((3, 4), 2, np.float32)
    power_to_db(power)
    assert (power == 2).all()


@pytest.mark.real
@pytest.mark.parametrize("image", [{}, {"n_fft": 1024, "win_length": 1024, "n_mels": 224, "fmin": 200, "fmax": 8000}])
def test_real_clips_within_a_grey_level(real_clips, image):
    front_end = {**DEFAULT, **image}
    mel, pixels, different = mel_spectrogram(**front_end), 0, 0
    for path in real_clips:
        samples, _ = decode(path, 16000)
        ours, theirs = np.maximum(power_to_db(mel(samples)), -80), librosa_db(librosa_mel(samples, **front_end))
        assert np.abs(ours - theirs).max() < 0.01
        steps = np.abs(np.rint((ours + 80) * 255 / 80) - np.rint((theirs + 80) * 255 / 80))
        assert steps.max() <= 1
        pixels, different = pixels + steps.size, different + int(steps.sum())
    assert different <= 1e-4 * pixels + 1
