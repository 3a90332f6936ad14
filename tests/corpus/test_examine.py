"""Which rows can be used: what is wrong is set aside with its reason, and others take its place."""

import pytest

from earmark.config import DataParams
from earmark.corpus.examine import choose, listed
from earmark.corpus.measure import Meter
from earmark.errors import EarmarkError
from earmark.recordings import Recordings
from earmark.store import Store


@pytest.fixture
def recordings(tmp_path, sound, rows):
    """Three good clips of each of two classes and their table."""
    table = [{"path": f"{label}{n}.wav", "label": label, "votes": n} for label in "ab" for n in range(3)]
    for row in table:
        sound(tmp_path / "data" / row["path"])
    rows(tmp_path / "data" / "clips.csv", table)
    return Recordings(tmp_path / "data", Store(tmp_path / "store"))


def data(recordings, **changes):
    return DataParams(adapter="table", root=str(recordings.root), table="clips.csv", label="label", **changes)


def chosen(recordings, **changes):
    settings = data(recordings, **changes)
    examined = listed(settings, recordings)
    selection = choose(settings, [], examined, Meter(recordings, 1))
    return sorted(clip.clip_id for clip in selection.kept), {row.clip_id: row.reason for row in examined.bad}


def test_a_row_that_stands_twice_counts_once_and_never_with_two_labels(recordings):
    table = recordings.root / "clips.csv"
    table.write_text(table.read_text() + "a0.wav,a,0\nb0.wav,a,0\n")
    examined = listed(data(recordings), recordings)
    assert sorted(clip.clip_id for clip in examined.clips) == ["a0.wav", "a1.wav", "a2.wav", "b1.wav", "b2.wav"]
    assert [(row.clip_id, row.reason) for row in examined.bad] == [
        ("a0.wav", "duplicate"), ("b0.wav", "duplicate"), ("b0.wav", "duplicate"),
    ]  # fmt: skip


@pytest.mark.parametrize("rules", [{}, {"min_duration": 0.01}])
def test_the_next_best_takes_the_place_of_a_broken_file(recordings, rules):
    (recordings.root / "a2.wav").write_text("no sound")
    kept, bad = chosen(recordings, rank_by="votes", top=2, **rules)
    assert kept == ["a0.wav", "a1.wav", "b1.wav", "b2.wav"]
    assert bad == {"a2.wav": "unreadable"}


def test_the_same_sound_under_two_names_is_one_clip(recordings):
    (recordings.root / "b1.wav").write_bytes((recordings.root / "b0.wav").read_bytes())
    kept, bad = chosen(recordings)
    assert "b0.wav" in kept and bad == {"b1.wav": "duplicate"}


def test_nothing_that_can_be_used_is_an_error_with_an_example(recordings):
    for path in recordings.root.glob("*.wav"):
        path.write_bytes(b"")
    with pytest.raises(EarmarkError, match=r"no usable clip \(6 quarantined, e\.g\. a0\.wav"):
        chosen(recordings)
