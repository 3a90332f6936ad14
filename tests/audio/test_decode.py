import math
import os

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.decode import DecodeError, decode, resample


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff"])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_equals_librosa_load(audio_file, speechlike, name, channels):
    if channels == 3 and name == "a.mp3":
        pytest.skip("MP3 has at most two channels")
    wave = np.stack([speechlike(0.7, 44100, seed) for seed in range(channels)], axis=1)
    path = audio_file(name, wave, 44100)
    for rate in (None, 16000, 44100):
        expected, expected_rate = librosa.load(path, sr=rate)
        samples, found_rate = decode(path, rate)
        assert found_rate == expected_rate
        assert samples.dtype == np.float32 and samples.shape == expected.shape
        np.testing.assert_array_equal(samples, expected)


def test_bytes_equal_the_file(audio_file):
    for name in ("a.wav", "a.flac", "a.mp3", "a.ogg"):
        path = audio_file(name)
        np.testing.assert_array_equal(decode(path.read_bytes(), 8000)[0], decode(path, 8000)[0])


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
@settings(max_examples=15, deadline=None)
@given(st.floats(0, 2.9), st.floats(0.01, 3))
def test_a_part_is_a_slice_of_the_whole(tmp_path_factory, speechlike, name, start, length):
    folder = tmp_path_factory.getbasetemp() / "parts"
    folder.mkdir(exist_ok=True)
    path = folder / name
    if not path.exists():
        options = {"bitrate_mode": "VARIABLE"} if name == "a.mp3" else {}
        soundfile.write(path, speechlike(3.0, 48000), 48000, **options)
    end = min(start + length, 3.0)
    whole, rate = decode(path, None)
    np.testing.assert_array_equal(decode(path, None, start, end)[0], whole[round(start * rate) : round(end * rate)])
    np.testing.assert_array_equal(decode(path, None, start)[0], whole[round(start * rate) :])


@given(st.integers(1, 5000), st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000]), st.sampled_from([8000, 16000]))
@settings(max_examples=60, deadline=None)
def test_resample_equals_librosa(length, rate, target):
    wave = np.random.default_rng(length).standard_normal(length).astype(np.float32)
    expected = librosa.resample(wave, orig_sr=rate, target_sr=target, res_type="soxr_hq")
    found = resample(wave, rate, target)
    assert len(found) == math.ceil(length * target / rate)
    np.testing.assert_array_equal(found, expected)


def reason(source, **part):
    with pytest.raises(DecodeError) as error:
        decode(source, 16000, **part)
    return error.value.reason


def test_defects_have_a_reason(audio_file, cut, tmp_path):
    (tmp_path / "text.wav").write_text("not audio\n" * 50)
    (tmp_path / "text.raw").write_text("not audio\n" * 50)
    (tmp_path / "nothing.wav").touch()
    assert reason(tmp_path / "text.wav") == "unreadable"
    assert reason(tmp_path / "text.raw") == "unreadable"
    assert reason(tmp_path / "absent.wav") == "unreadable"
    assert reason(tmp_path) == "unreadable"
    assert reason(b"not audio") == "unreadable"
    assert reason(b"") == "empty"
    assert reason(tmp_path / "nothing.wav") == "empty"
    assert reason(audio_file("zero.wav", np.zeros(0, np.float32))) == "empty"
    assert reason(audio_file("late.wav"), start=2.0) == "empty"
    assert reason(audio_file("reversed.wav"), start=0.5, end=0.2) == "empty"
    assert reason(cut(audio_file("cut.flac"), 0.5)) == "truncated"
    assert reason(audio_file("many.wav", np.zeros((100, 200), np.float32))) == "too_many_channels"
    for left, right in ((np.nan, 0), (np.inf, -np.inf), (3e38, 3e38), (-1e30, 0)):
        wave = np.full((100, 2), (left, right), np.float32)
        assert reason(audio_file("odd.wav", wave, subtype="FLOAT")) == "not_finite"


def test_a_long_mp3_is_decoded_in_one_go(audio_file, speechlike):
    wave = np.tile(speechlike(3.0, 48000), 10)
    path = audio_file("long.mp3", wave, 48000, bitrate_mode="VARIABLE")
    np.testing.assert_array_equal(decode(path, None)[0], soundfile.read(path, dtype="float32")[0])


def test_messages_name_the_file(tmp_path):
    (tmp_path / "text.wav").write_text("not audio")
    with pytest.raises(DecodeError, match=r"text\.wav: not audio that libsndfile reads \(.+\)"):
        decode(tmp_path / "text.wav", 16000)


def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    assert reason(tmp_path / "pipe.wav") == "unreadable"


@pytest.mark.real
def test_real_clips_equal_librosa(real_clips):
    for path in real_clips:
        np.testing.assert_array_equal(decode(path, 16000)[0], librosa.load(path, sr=16000)[0])
