import math
import os

import numpy as np
import pytest
import soundfile

from earmark.audio.container import mp3_seconds
from earmark.audio.probe import probe


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.aiff"])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_a_good_file_is_measured(audio_file, speechlike, name, rate):
    found = probe(audio_file(name, speechlike(1.5, rate), rate))
    assert (found.reason, found.detail) == (None, None)
    assert found.duration == pytest.approx(1.5, abs=0.001)
    assert (found.sample_rate, found.channels) == (rate, 1)


def test_level_is_rms_of_the_mono_mix_in_dbfs(audio_file):
    tone = np.sin(np.arange(16000) * 0.1).astype(np.float32)
    assert probe(audio_file("a.wav", tone)).level == pytest.approx(-3.01, abs=0.01)
    both = probe(audio_file("b.wav", np.stack([tone, tone * 0], 1)))
    assert both.level == pytest.approx(-9.03, abs=0.01) and both.channels == 2
    assert probe(audio_file("c.wav", np.stack([tone, -tone], 1))).reason == "silent"


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.aiff"])
@pytest.mark.parametrize("share", [0.85, 0.5, 0.3])
def test_a_cut_file_is_truncated(audio_file, speechlike, cut, name, share):
    found = probe(cut(audio_file(name, speechlike(4.0, 44100), 44100), share))
    assert found.reason == "truncated"
    assert found.duration < 4.0 * (share + 0.1)
    assert "breaks off" in found.detail


def test_a_header_may_promise_too_much(audio_file):
    path = audio_file("a.wav")
    data = bytearray(path.read_bytes())
    data[40:44] = (10 * 32000).to_bytes(4, "little")
    path.write_bytes(data)
    assert probe(path).detail == "breaks off after 1.00 s of 10.00 s; copy or download the file again"


def test_a_promise_of_terabytes_costs_no_memory(audio_file):
    for name, marker, offset in (("a.flac", b"fLaC", 21), ("a.mp3", b"Xing", 8)):
        path = audio_file(name)
        data = bytearray(path.read_bytes())
        place = data.index(marker) + offset
        data[place : place + 4] = b"\xff" * 4  # FLAC's number of samples (the low 32 of 36 bits), Xing's of frames
        path.write_bytes(data)
        assert probe(path).reason == "truncated"


def test_every_cut_of_a_file_is_survived(audio_file):
    for name in ("a.wav", "a.flac", "a.mp3", "a.ogg"):
        data = audio_file(name).read_bytes()
        for length in range(0, min(len(data), 400), 23):
            path = audio_file(name)
            path.write_bytes(data[:length])
            assert probe(path).reason in ("unreadable", "empty", "truncated")


def test_random_damage_is_survived(audio_file):
    random = np.random.default_rng(0)
    for name in ("a.wav", "a.flac", "a.mp3", "a.ogg"):
        data = np.frombuffer(audio_file(name).read_bytes(), np.uint8)
        for _ in range(20):
            damaged = data.copy()
            places = random.integers(0, len(data), 10)
            damaged[places] = random.integers(0, 256, 10)
            damaged[random.integers(0, 60)] = 255
            path = audio_file(name)
            path.write_bytes(damaged.tobytes())
            probe(path)


def test_an_mp3_that_libsndfile_reads_short_is_truncated(audio_file, speechlike):
    wave = speechlike(6.0, 48000)
    wave[:96000] = np.random.default_rng(0).standard_normal(96000) * 0.1
    path = audio_file("a.mp3", wave, 48000, bitrate_mode="VARIABLE", compression_level=0.5)
    data = path.read_bytes()
    second = next(n for n in range(100, 2000) if data[n : n + 2] == data[:2] and mp3_seconds_of(path, data[n:]) > 5)
    path.write_bytes(data[second:])  # without the Xing frame libsndfile guesses the length from the first bit rate
    assert soundfile.info(path).frames < 4 * 48000
    assert probe(path).reason == "truncated"


def mp3_seconds_of(path, data):
    path.write_bytes(data)
    return mp3_seconds(path)


def test_text_nothing_folders_and_pipes(tmp_path):
    (tmp_path / "text.wav").write_text("path,label\n" * 100)
    (tmp_path / "text.mp3").write_text("path,label\n" * 100_000)
    (tmp_path / "text.raw").write_text("path,label\n" * 100)
    (tmp_path / "nothing.wav").touch()
    os.mkfifo(tmp_path / "pipe.wav")
    for name in ("text.wav", "text.mp3", "text.raw", "pipe.wav", "absent.wav", "."):
        found = probe(tmp_path / name)
        assert found.reason == "unreadable" and found.detail, name
    assert probe(tmp_path / "nothing.wav").reason == "empty"


def test_zero_samples_are_empty(audio_file):
    for name in ("a.wav", "a.flac"):
        found = probe(audio_file(name, np.zeros(0, np.float32)))
        assert (found.reason, found.duration, found.level) == ("empty", 0, -math.inf)


def test_silence_is_told_from_quiet_speech(audio_file, speechlike):
    assert probe(audio_file("a.wav", np.zeros(16000, np.float32))).reason == "silent"
    assert probe(audio_file("b.wav", speechlike() * 5e-4, subtype="PCM_24")).reason == "silent"
    assert probe(audio_file("c.wav", speechlike() * 0.02)).reason is None


def test_two_hundred_channels(audio_file):
    found = probe(audio_file("a.wav", np.zeros((1600, 200), np.float32)))
    assert found.reason == "too_many_channels" and "200" in found.detail


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e20])
def test_not_finite(audio_file, speechlike, value):
    wave = speechlike()
    wave[777] = value
    assert probe(audio_file("a.wav", wave, subtype="FLOAT")).reason == "not_finite"


@pytest.mark.real
def test_real_clips_are_usable(real_clips):
    assert [probe(path).reason for path in real_clips] == [None] * len(real_clips)
