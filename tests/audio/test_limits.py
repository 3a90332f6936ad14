"""Limits are refused in words, and what is within them is not touched."""

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from earmark.audio.decode import DecodeError, decode
from earmark.audio.limits import LOCAL, UPLOAD


@pytest.mark.parametrize("limits", [LOCAL, UPLOAD])
@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.ogg"])
def test_samples_within_limits_are_the_same(audio_file, name, limits):
    path = audio_file(name)
    np.testing.assert_array_equal(decode(path, 8000, limits=limits)[0], decode(path, 8000)[0])
    part, whole = (decode(path, None, 0.25, 0.5, limits=each)[0] for each in (limits, None))
    np.testing.assert_array_equal(part, whole)


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        ({"file_bytes": 1000}, "too_large", "0 MiB are read"),
        ({"seconds": 0.5}, "too_long", "longer than 0 s"),
        ({"decoded_bytes": 16000}, "too_long", "16000 Hz × 2"),
        ({"sample_rate": 8000}, "strange_rate", "rates from 1000 to 8000 Hz"),
        ({"channels": 1}, "too_many_channels", "2 channels, at most 1"),
    ],
)
@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3"])
def test_each_limit_is_named(audio_file, speechlike, name, change, reason, words):
    path = audio_file(name, np.stack([speechlike(1.0)] * 2, axis=1))
    for source in (path, path.read_bytes()):
        with pytest.raises(DecodeError, match=words) as refusal:
            decode(source, 16000, limits=replace(UPLOAD, **change))
        assert refusal.value.reason == reason


def test_a_rate_that_would_multiply_the_sound_is_refused(speechlike):
    stream = io.BytesIO()
    soundfile.write(stream, speechlike(1.0), 16000, format="WAV")
    data = bytearray(stream.getvalue())
    data[24:28] = struct.pack("<I", 1)
    with pytest.raises(DecodeError, match="1 Hz; rates from 1000") as refusal:
        decode(bytes(data), 16000, limits=UPLOAD)
    assert refusal.value.reason == "strange_rate"


def test_a_small_file_of_much_silence_is_not_decoded_to_its_end(tmp_path):
    path = tmp_path / "bomb.flac"
    with soundfile.SoundFile(path, "w", 8000, 1, format="FLAC") as sound:
        for _ in range(20):
            sound.write(np.zeros(1 << 20, np.int16))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(DecodeError, match="longer than 1800 s, the most that is read of 8000 Hz × 1; cut it"):
        decode(path, 16000, limits=UPLOAD)
