"""Containers through ffmpeg: recognised by content, converted, and refused in words where it is missing or fails."""

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from earmark.audio.decode import DecodeError, decode
from earmark.audio.ffmpeg import container, converted
from earmark.audio.limits import UPLOAD

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
KINDS = {"m4a": "mov", "webm": "matroska", "aac": "aac", "avi": "avi"}


@pytest.fixture
def encoded(audio_file):
    """Suffix → path of a second of sound in that container."""

    def encode(suffix, *words):
        path = audio_file("a.wav")
        target = path.with_name(f"-i; touch hacked.{suffix}")
        command = ["ffmpeg", "-v", "error", "-i", str(path), *words, f"file:{target}"]
        subprocess.run(command, check=True)
        return target

    return encode


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.aiff"])
def test_what_libsndfile_reads_stays_with_it(audio_file, name):
    path = audio_file(name)
    assert container(path) is container(path.read_bytes()) is None


def test_a_signature_decides_and_no_name(tmp_path):
    (tmp_path / "video.wav").write_bytes(b"\0\0\0\x20ftypisom")
    (tmp_path / "list.m4a").write_bytes(b"#EXTM3U\nfile:///etc/passwd\n")
    assert container(tmp_path / "video.wav") == "mov"
    assert container(tmp_path / "list.m4a") is container(tmp_path / "absent.m4a") is None


def test_without_ffmpeg_it_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DecodeError, match="m4a and video need the program ffmpeg, which is not installed") as refusal:
        converted(b"\0\0\0\x20ftypisom", "mov", UPLOAD)
    assert refusal.value.reason == "needs_ffmpeg"


@needs_ffmpeg
@pytest.mark.parametrize("suffix", KINDS)
def test_a_container_gives_its_sound(encoded, speechlike, suffix):
    path = encoded(suffix, *(["-c:a", "pcm_s16le"] if suffix == "avi" else []))
    assert container(path) == KINDS[suffix]
    from_file, from_bytes = (converted(source, KINDS[suffix], UPLOAD) for source in (path, path.read_bytes()))
    assert from_file == from_bytes
    samples, _ = decode(from_file, 16000)
    original = speechlike(1.0)
    assert abs(len(samples) - len(original)) < 3200, "a codec may add or lose a fifth of a second"
    assert samples.std() == pytest.approx(original.std(), rel=0.2)
    if suffix == "avi":
        np.testing.assert_allclose(samples, original, atol=1e-4)
    assert not (path.parent / "hacked").exists()


@needs_ffmpeg
def test_what_is_longer_than_allowed_is_not_converted_whole(encoded):
    short = replace(UPLOAD, decoded_bytes=16000)
    data = converted(encoded("avi", "-c:a", "pcm_s16le"), "avi", short)
    assert len(data) < 40000
    with pytest.raises(DecodeError, match="longer than"):
        decode(data, 16000, limits=short)


@needs_ffmpeg
def test_no_sound_no_file_and_damage_are_said(tmp_path, encoded):
    with pytest.raises(DecodeError, match="ffmpeg finds no sound"):
        converted(b"\0\0\0\x20ftypisom" + bytes(99), "mov", UPLOAD)
    with pytest.raises(DecodeError, match="at most 0 MiB are read"):
        converted(encoded("m4a"), "mov", replace(UPLOAD, file_bytes=10))
    with pytest.raises(DecodeError, match="cannot be read"):
        converted(tmp_path / "absent.m4a", "mov", UPLOAD)
