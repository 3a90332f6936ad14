"""Clips to try."""

import io
import shutil

import soundfile

from earmark.serving.app.presets import Preset, presets


def test_a_test_clip_of_each_class_as_it_is(pitch_study):
    found = presets(pitch_study / "results" / "model")
    assert [(preset.label, preset.path.name) for preset in found] == [
        ("high", "high-test.wav"),
        ("low", "low-test.wav"),
    ]
    assert found[0].audio() == found[0].path.read_bytes()


def test_a_part_of_a_recording_is_a_file_of_its_own(pitch_study):
    audio = Preset("low", pitch_study / "tones" / "low-test.wav", 0.25, 0.75).audio()
    whole, _ = soundfile.read(pitch_study / "tones" / "low-test.wav", dtype="float32")
    part, rate = soundfile.read(io.BytesIO(audio), dtype="float32")
    assert rate == 16000 and part.tolist() == whole[4000:12000].tolist()


def test_none_where_recordings_or_manifest_are_not_at_hand(pitch_study, pitch_model, tmp_path):
    for name in ("results", "data", "tones"):
        shutil.copytree(pitch_study / name, tmp_path / name)
    (tmp_path / "tones" / "low-test.wav").unlink()
    (tmp_path / "tones" / "high-test.wav").write_bytes(b"another file of this name")
    assert presets(tmp_path / "results" / "model") == presets(pitch_model) == []
