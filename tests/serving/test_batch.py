"""Recordings by file, folder, pattern; answers of worker processes."""

import shutil

import pytest

from earmark.audio.limits import LOCAL
from earmark.errors import EarmarkError
from earmark.serving.batch import recognise, recordings
from earmark.serving.options import STANDARD, Options
from earmark.serving.recogniser import Recogniser


@pytest.fixture
def folder(tmp_path):
    for name in ("b.WAV", "a.mp3", "deep/c.flac", "notes.txt", "x[1].wav", "deep/d.m4a"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def test_what_words_mean(folder, monkeypatch):
    monkeypatch.chdir(folder)
    everything = ["a.mp3", "b.WAV", "deep/c.flac", "deep/d.m4a", "x[1].wav"]
    assert recordings(["."]) == everything
    assert recordings([str(folder)]) == [str(folder / name) for name in everything]
    assert recordings(["*.mp3", "a.mp3", "deep", "-"]) == ["a.mp3", "deep/c.flac", "deep/d.m4a", "-"]
    assert recordings(["**/*.flac"]) == ["deep/c.flac"]
    assert recordings(["x[1].wav", "notes.txt", "absent.wav"]) == ["x[1].wav", "notes.txt", "absent.wav"]


def test_words_without_recordings_are_refused(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "empty").mkdir()
    with pytest.raises(EarmarkError, match=r"empty: no recording in this folder; known endings: \.wav, \.flac"):
        recordings(["empty"])
    with pytest.raises(EarmarkError, match=r"\*\.ogg: no file has such a name"):
        recordings(["*.ogg"])


def test_files_are_answered_as_in_this_process_and_bad_ones_do_not_stop_it(served, tmp_path):
    odd = tmp_path / "; touch hacked $(touch hacked) `touch hacked` \udcff.wav"  # the last is no UTF-8
    shutil.copy(served.files[0], odd)
    (tmp_path / "junk.wav").write_bytes(b"RIFF, or so it says")
    paths = [str(served.files[-1]), str(tmp_path / "junk.wav"), str(odd), "-", str(tmp_path / "absent.wav")]
    results = list(recognise(served.folder, paths, STANDARD, LOCAL, 2, served.files[1].read_bytes()))
    assert [result.path for result in results] == [*paths[:3], "standard input", paths[4]]
    recogniser = Recogniser.load(served.folder, threads=1)
    for number, path in ((0, served.files[-1]), (2, served.files[0]), (3, served.files[1])):
        assert results[number].answer == recogniser.of_file(path).plain()
    assert "not audio" in results[1].error and "no such file" in results[4].error
    assert not list(tmp_path.glob("hacked*"))


def test_a_model_that_cannot_be_used_stops_it(served, tmp_path):
    with pytest.raises(EarmarkError, match="not a model folder"):
        list(recognise(tmp_path, [str(served.files[0])], STANDARD, LOCAL, 1))
    with pytest.raises(EarmarkError, match="hop"):
        list(recognise(served.folder, [str(served.files[0])], Options(hop=99), LOCAL, 1))
