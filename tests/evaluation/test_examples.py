import base64
import io

import numpy as np
import pytest
import soundfile

from earmark.errors import EarmarkError
from earmark.evaluation import examples


def clip(name, label="a", seconds=1.0, **columns):
    return {"clip_id": name, "label": label, "duration": seconds, **columns}


def chosen(surveyed, rows):
    census = surveyed(rows)
    found = examples.choose(census.clips, census.labels)
    return {label: [row["clip_id"] for row in rows] for label, rows in found.items()}


def test_a_clip_of_median_length_and_one_of_another_voice(surveyed):
    rows = [clip("1", seconds=1, speaker="x"), clip("2", seconds=2, speaker="x"), clip("3", seconds=3, speaker="x")]
    rows += [clip("9", seconds=9, speaker="y"), clip("4", seconds=0.5, speaker="x"), clip("b", "b", speaker="z")]
    assert chosen(surveyed, rows) == {"a": ["2", "9"], "b": ["b"]}


def test_another_gender_is_preferred(surveyed):
    rows = [clip("1", speaker="x", gender="male"), clip("2", seconds=0.1, speaker="y", gender="male")]
    rows += [clip("3", seconds=9, speaker="z", gender="female")]
    assert chosen(surveyed, rows) == {"a": ["1", "3"]}


def test_unknown_speakers_are_two_clips(surveyed):
    assert chosen(surveyed, [clip("1"), clip("2"), clip("3")]) == {"a": ["2", "3"]}


@pytest.mark.parametrize(("classes", "clips"), [(12, 24), (13, 13), (24, 24), (40, 24)])
def test_a_page_has_so_many_clips_at_most(surveyed, classes, clips):
    found = chosen(surveyed, [clip(f"{i:02d}{k}", f"{i:02d}") for i in range(classes) for k in range(3)])
    assert sum(map(len, found.values())) == clips


@pytest.fixture
def shards(image_shard, tmp_path):
    """Two shards of two clips each, two windows of each clip."""

    def window(name, first_frame):
        filled = np.full((2, 3), ord(name) + first_frame, np.uint8)
        return name, first_frame, {"chroma": filled, "mel": np.zeros((5, 3), np.uint8)}

    return [
        image_shard(tmp_path / f"{names}.parquet", [window(name, first) for name in names for first in (0, 3)])
        for names in ("ab", "cd")
    ]


def test_the_first_image_of_the_first_window_is_found_in_any_shard(shards):
    found = examples.images(shards, ["c", "a"])
    assert {name: image.shape for name, image in found.items()} == {"a": (2, 3), "c": (2, 3)}
    assert (found["c"] == ord("c")).all()


def test_a_missing_image_is_named(shards):
    with pytest.raises(EarmarkError, match=r"1 clips are missing, e.g. z"):
        examples.images(shards, ["a", "z"])


def test_a_damaged_shard_is_named(shards):
    shards[0].write_bytes(b"no shard")
    with pytest.raises(EarmarkError, match=r"ab\.parquet: not a readable shard"):
        examples.images(shards, ["a"])


def heard(row, folder):
    address = examples.sound({"path": "x.wav", "start": None, "end": None, **row}, folder.joinpath)
    kind, _, content = address.partition(";base64,")
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(content)))
    return kind, samples, rate


@pytest.mark.parametrize(("rate", "sent"), [(8000, 8000), (10000, 11025), (16000, 16000), (44100, 16000)])
def test_a_browser_gets_the_recording_at_16_khz_at_most(tmp_path, rate, sent):
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)
    soundfile.write(tmp_path / "x.wav", tone, rate)
    kind, samples, found = heard({}, tmp_path)
    assert (kind, found) == ("data:audio/mpeg", sent)
    assert len(samples) / found == pytest.approx(2, abs=0.15)
    spectrum = np.abs(np.fft.rfft(samples[found // 2 : found]))
    assert spectrum.argmax() * found / (found - found // 2) == pytest.approx(440, abs=5)


@pytest.mark.parametrize(
    ("part", "seconds"),
    [({}, 6), ({"start": 7.0}, 3), ({"start": 1.0, "end": 1.5}, 0.5), ({"start": 1.0, "end": 9.0}, 6)],
)
def test_only_the_beginning_of_the_part_is_heard(tmp_path, part, seconds):
    soundfile.write(tmp_path / "x.wav", np.random.default_rng(0).normal(0, 0.1, 80000), 8000)
    _, samples, rate = heard(part, tmp_path)
    assert len(samples) / rate == pytest.approx(seconds, abs=0.25)


def test_an_old_libsndfile_sends_flac(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "x.wav", np.zeros(800), 8000)
    monkeypatch.setattr(soundfile, "available_formats", lambda: {"FLAC": "", "WAV": ""})
    assert heard({}, tmp_path)[0] == "data:audio/flac"


def test_a_recording_that_is_not_here_is_silent(tmp_path):
    assert examples.sound({"path": "gone.wav", "start": None, "end": None}, tmp_path.joinpath) is None
