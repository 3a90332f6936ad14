"""Synthetic training speech, really spoken: few voices, few texts."""

import hashlib
import shutil
import sys

import numpy as np
import pytest
import soundfile

from earmark import versions
from earmark.audio.casting import speakers
from earmark.audio.probe import probe
from earmark.config import SyntheticParams
from earmark.corpus.synthetic import SyntheticSpeech
from earmark.errors import EarmarkError
from earmark.provenance import read_record
from earmark.recordings import SPOKEN, Recordings
from earmark.store import Store

LINES = "label,language,text\nen,en-us,good morning\nen,en-us,yellow\nen,en-us,...\nzh,cmn,早上好\nzh,cmn,苹果\n"

GOLDEN = {"cmn/001/000.flac": ("苹果", 0.63975), "cmn/001/001.flac": ("早上好", 0.97875)}
"""What one speaker says, and for how long, s."""


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """Two voices a language by two texts (or three, of which espeak-ng says nothing to one)."""
    folder = tmp_path_factory.mktemp("spoken")
    (folder / "texts.csv").write_text(LINES, encoding="utf-8")
    params = SyntheticParams(texts=str(folder / "texts.csv"), voices=2, texts_per_voice=3)
    made = SyntheticSpeech(params, Store(folder / "store"))
    made.speak(workers=2)
    return made


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_every_voice_says_the_texts_of_its_language(speech):
    clips, bad = speech.clips()
    assert len(clips) == 8 and len({clip.clip_id for clip in clips}) == 8
    assert {clip.clip.speaker for clip in clips} == {f"synthetic-{name}" for name in (
        "cmn-000", "cmn-001", "en-us-000", "en-us-001")}  # fmt: skip
    assert {(clip.clip.label, clip.clip.language, clip.clip.sentence) for clip in clips} == {
        ("en", "en-us", "good morning"),
        ("en", "en-us", "yellow"),
        ("zh", "cmn", "早上好"),
        ("zh", "cmn", "苹果"),
    }
    assert {clip.clip.gender for clip in clips if clip.clip.speaker == "synthetic-cmn-000"} == {
        speakers("cmn", 2)[0].voice.gender
    }
    assert {clip.clip.source for clip in clips} == {"synthetic"}
    assert [(row.reason, row.detail) for row in bad] == [("silent", "espeak-ng says nothing in en-us: '...'")] * 2


def test_the_index_says_what_is_in_the_files(speech):
    recordings = Recordings(speech.folder / "no data set", speech.store)
    for clip in speech.clips()[0]:
        assert clip.clip.path.startswith(f"{SPOKEN}{speech.key}/")
        path = recordings.path(clip.clip.path)
        found = probe(path)
        assert (found.reason, found.sample_rate, found.codec) == (None, 16000, "FLAC PCM_16")
        assert (found.duration, found.bytes) == (clip.probe.duration, clip.probe.bytes)
        assert found.level == pytest.approx(clip.probe.level, abs=0.01)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == clip.audio_digest
        assert 0.2 < found.duration < 2
    assert len({clip.audio_digest for clip in speech.clips()[0]}) == 8


def test_a_second_run_makes_the_same_bytes_and_a_third_none(speech, tmp_path):
    again = SyntheticSpeech(speech.params, Store(tmp_path))
    again.speak(workers=1)
    assert files(again.folder) == files(speech.folder)
    assert again.folder.relative_to(tmp_path) == speech.folder.relative_to(speech.store.root)
    stamp = (again.folder / "clips.parquet").stat().st_mtime_ns
    again.speak()
    assert (again.folder / "clips.parquet").stat().st_mtime_ns == stamp
    record = read_record(again.folder)
    assert (record["step"], record["key"]) == ("synthetic", again.key)


def test_numbers_change_only_with_the_version(speech):
    """Bump ``versions.SYNTHETIC`` and these figures together."""
    assert versions.SYNTHETIC == 1
    heard = {
        clip.clip.path.removeprefix(f"{SPOKEN}{speech.key}/"): (clip.clip.sentence, clip.probe.duration)
        for clip in speech.clips()[0]
        if clip.clip.speaker == "synthetic-cmn-001"
    }
    assert heard == GOLDEN


def test_the_key_follows_texts_and_settings_and_not_the_files_name(speech, tmp_path, monkeypatch):
    def key(name="texts.csv", lines=LINES, **changed):
        (tmp_path / name).write_text(lines, encoding="utf-8")
        settings = {**speech.params.plain(), "texts": str(tmp_path / name), **changed}
        return SyntheticSpeech(SyntheticParams(**settings), speech.store).key

    assert key() == key("renamed.csv") == speech.key
    others = [key(voices=3), key(texts_per_voice=1), key(seed=1), key(lines=LINES + "en,en-us,blue\n")]
    monkeypatch.setattr(versions, "SYNTHETIC", 99)
    assert len({speech.key, *others, key()}) == 6


def test_a_killed_run_leaves_nothing_that_counts(speech, tmp_path):
    other = SyntheticSpeech(speech.params, Store(tmp_path))
    shutil.copytree(speech.folder, other.folder)
    (other.folder / "provenance.json").unlink()
    (other.folder / "clips.parquet").write_bytes(b"half")
    other.speak()
    assert files(other.folder) == files(speech.folder)


def test_speech_that_is_not_there_is_asked_for(speech, tmp_path):
    with pytest.raises(EarmarkError, match="no synthetic speech; run `earmark speak`"):
        SyntheticSpeech(speech.params, Store(tmp_path)).clips()
    assert SyntheticSpeech.of(None, speech.store) is None


def test_unknown_languages_and_a_missing_espeak_are_said(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("label,language,text\nen,en-gb,hello\n")
    speech = SyntheticSpeech(SyntheticParams(texts=str(tmp_path / "t.csv"), voices=1), Store(tmp_path / "store"))
    with pytest.raises(EarmarkError, match="no voice 'en-gb'"):
        speech.speak()
    assert not speech.folder.exists()
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(EarmarkError, match="espeak-ng is not installed: pip install espeakng-loader"):
        SyntheticSpeech(speech.params, speech.store).key  # noqa: B018


def test_clips_are_speech_of_a_sane_level(speech):
    for path in sorted(speech.folder.rglob("*.flac")):
        samples, rate = soundfile.read(path)
        assert rate == 16000
        assert 0.05 < np.abs(samples).max() <= 1
