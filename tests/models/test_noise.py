"""Noise from recordings: what is drawn of them, and what cannot be used."""

import numpy as np
import pytest
import soundfile

from earmark.audio.frontend import Frontend
from earmark.audio.mel import power_to_db
from earmark.config import FeatureParams
from earmark.errors import EarmarkError
from earmark.models.noise import QUIETEST, Noise

FEATURES = FeatureParams()


def rng():
    return np.random.default_rng(1)


def of(*recordings):
    """Recordings (frames,) of one band."""
    starts = np.cumsum([0, *map(len, recordings)])
    return Noise(np.concatenate(recordings).astype(np.float32)[:, None], starts)


def test_stretches_are_parts_of_recordings_that_are_as_likely_whatever_their_length():
    noise = of(np.full(5, 10) + np.arange(5), 1000 + np.arange(300))
    found = noise.stretches(400, 8, rng())
    assert found.shape == (400, 1, 8) and found.dtype == np.float32
    np.testing.assert_allclose(found.mean(axis=(1, 2)), 1, rtol=1e-5)
    step = found[:, 0, 1:] / found[:, 0, :-1]
    is_short = (step < 0.9).any(axis=1)
    assert 0.4 < is_short.mean() < 0.6, "five frames begin anew within eight"
    firsts = np.unique(found[~is_short, 0, 0])
    assert len(firsts) > 100, "from anywhere in the long one"


def test_whole_recordings_can_be_drawn_and_a_seed_draws_the_same():
    noise = of(1 + np.arange(8))
    np.testing.assert_allclose(noise.stretches(3, 8, rng()) * 4.5, np.tile(1 + np.arange(8), (3, 1, 1)), rtol=1e-6)
    noise = of(1 + np.arange(80), 5 + np.arange(9))
    assert (noise.stretches(20, 8, rng()) == noise.stretches(20, 8, rng())).all()


def test_pauses_are_not_brought_up_to_the_level_of_noise():
    noise = of(np.repeat([2.0, 0.0, 1e-5], 50))
    means = noise.stretches(400, 8, rng()).mean(axis=(1, 2))
    assert np.isfinite(means).all()
    assert (means == 0).any() and np.isclose(means, 1).any()
    assert np.isclose(means, 1e-5 / QUIETEST, rtol=1e-3).any()


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(0)
    (tmp_path / "noise/deep/er").mkdir(parents=True)
    for name, rate, seconds in (("a.wav", 16000, 2), ("deep/b.flac", 44100, 0.3), ("deep/er/c.ogg", 8000, 1)):
        soundfile.write(tmp_path / "noise" / name, generator.normal(0, 0.1, round(rate * seconds)), rate)
    (tmp_path / "noise/LICENSE.txt").write_text("free")
    return tmp_path / "noise"


@pytest.mark.parametrize("power", [1, 2])
def test_the_front_end_of_the_study_makes_the_power(folder, tmp_path, power):
    features = FeatureParams(power=power, trim_db=None, dtype="float16", scale="top_db")
    noise = Noise.load(folder, features, tmp_path / "noise.bin")
    assert noise._power.shape == (161 + 25 + 81, 40)
    level = power_to_db(np.array(noise._power[:161].T))
    np.testing.assert_allclose(level, Frontend(features).image_of(folder / "a.wav"), atol=0.05)
    assert noise.stretches(3, 100, rng()).shape == (3, 40, 100)


def test_nothing_is_cut(folder, tmp_path):
    sound = np.concatenate([np.zeros(16000), np.random.default_rng(0).normal(0, 0.1, 16000), np.zeros(16000)])
    soundfile.write(folder / "a.wav", sound, 16000)
    assert len(Noise.load(folder, FEATURES, tmp_path / "noise.bin")._power) == 241 + 25 + 81


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("bad.wav", b"RIFF, or so it says", r"train\.noise: .*bad\.wav: not audio .* repair or remove"),
        ("empty.flac", b"", r"train\.noise: .*empty\.flac: the file is empty"),
        ("phone.m4a", b"any", r"train\.noise: .*phone\.m4a: not audio"),
    ],
)
def test_what_cannot_be_read_is_named(folder, tmp_path, name, content, words):
    (folder / name).write_bytes(content)
    with pytest.raises(EarmarkError, match=words):
        Noise.load(folder, FEATURES, tmp_path / "noise.bin")


def test_silence_is_no_noise(folder, tmp_path):
    soundfile.write(folder / "still.wav", np.zeros(9000), 16000)
    with pytest.raises(EarmarkError, match=r"still\.wav: there is no sound in it"):
        Noise.load(folder, FEATURES, tmp_path / "noise.bin")


@pytest.mark.real
def test_real_noise(shared_data, tmp_path):
    noise = Noise.load(shared_data / "noise", FEATURES, tmp_path / "noise.bin")
    assert len(noise._starts) == 46
    found = noise.stretches(200, 80, rng())
    assert np.isfinite(found).all() and (found >= 0).all()
    means = found.mean(axis=(1, 2))
    assert (np.abs(means - 1) < 1e-3).mean() > 0.8 and means.max() < 1.001
