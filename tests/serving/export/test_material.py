"""Recordings to measure with: those of one split, spread over the classes, or made sounds of many kinds."""

from pathlib import Path

import numpy as np
import pytest

from earmark.audio.decode import decode
from earmark.serving.export import material


def test_clips_of_one_split_in_order_with_their_labels(project):
    clips = material.clips(project / "results" / "model", "test", 16000)
    assert [(clip.name, clip.label) for clip in clips] == [
        ("down-6.wav", "down"), ("down-7.wav", "down"), ("up-6.wav", "up"), ("up-7.wav", "up"),
    ]  # fmt: skip
    expected, _ = decode(project / "sounds" / "up-7.wav", 16000)
    np.testing.assert_array_equal(clips[-1].samples, expected)


@pytest.mark.parametrize(("place", "name"), [("..", "model"), (".", ".")])
def test_a_relative_path_finds_the_recordings(project, monkeypatch, place, name):
    monkeypatch.chdir(project / "results" / "model" / place)
    assert len(material.clips(Path(name), "test", 16000)) == 4


def test_fewer_clips_are_spread_over_the_classes(project):
    clips = material.clips(project / "results" / "model", "train", 8000, 4)
    assert [clip.label for clip in clips] == ["down", "down", "up", "up"]
    assert len(clips[0].samples) == 8000


def test_none_without_a_manifest_and_a_missing_recording_is_named(served, project, tmp_path):
    assert material.clips(served.folder, "test", 16000) == []
    (project / "sounds" / "up-7.wav").rename(tmp_path / "up-7.wav")
    try:
        with pytest.raises(material.AbsentError, match=r"up-7.wav: no such file \(1 of 4 test clips .*dvc pull"):
            material.clips(project / "results" / "model", "test", 16000)
    finally:
        (tmp_path / "up-7.wav").rename(project / "sounds" / "up-7.wav")


def test_made_sounds_are_the_same_every_time_and_of_many_lengths():
    first, again = material.made(16000), material.made(16000)
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(first, again, strict=True))
    assert len({len(clip.samples) for clip in first}) > 4
    assert {clip.samples.dtype for clip in first} == {np.dtype(np.float32)}
    assert all(np.abs(clip.samples).max() <= 1 for clip in first)
    assert [clip.name for clip in first if not clip.samples.any()] == ["silence"]
