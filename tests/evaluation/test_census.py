import pytest

from earmark.errors import EarmarkError
from earmark.evaluation.census import FORMAT, MOST_VALUES, NOT_STATED, Census, Size, sizes


def clip(label, speaker=None, **columns):
    return {"label": label, "speaker": speaker, **columns}


def test_composition_counts_clips_hours_and_speakers(surveyed):
    census = surveyed([clip("a", "x"), clip("a", "x", split="test"), clip("b", "y", duration=3600.0), clip("b")])
    first, second, whole = census.composition()
    assert (first["label"], second["label"], whole["label"]) == ("a", "b", None)
    assert first["splits"] == {
        "train": Size(1, pytest.approx(0.0005), 1),
        "test": Size(1, pytest.approx(0.0005), 1),
        "all": Size(2, pytest.approx(0.001), 1),
    }
    assert second["splits"]["test"] == Size(0, 0.0, 0)
    assert whole["splits"]["all"] == census.total == Size(4, pytest.approx(1.0015), 2)


def test_speakers_of_all_splits_are_counted_once(surveyed):
    census = surveyed([clip("a", "x"), clip("b", "x", split="test")])
    assert [row["splits"]["all"].speakers for row in census.composition()] == [1, 1, 1]


def test_a_cross_table_says_what_is_not_stated(surveyed):
    census = surveyed([clip("a", gender="male"), clip("a", gender="male"), clip("b", gender="female"), clip("b")])
    table = census.cross("gender")
    assert table.values == ["female", "male", NOT_STATED]
    assert table.labels == ["a", "b"]
    assert table.clips() == [[0, 2, 0], [1, 0, 1]]
    assert table.clips(stated_only=True) == [[0, 2], [1, 0]]
    label, whole = table.rows[-1]
    assert label is None and [size.clips for size in whole] == [1, 2, 1]
    assert table.rows[0][1][0] is None


def test_ages_are_in_order_of_age(surveyed):
    census = surveyed([clip("a", age=age) for age in ("sixties", "sixties", "teens", "fourties", "30", "8", "old")])
    assert census.cross("age").values == ["teens", "fourties", "sixties", "8", "30", "old"]


def test_rare_values_are_counted_together(surveyed):
    census = surveyed([clip("a", accent=f"{i:02d}") for i in range(20)] + [clip("b", accent="19")])
    table = census.cross("accent")
    assert table.values == ["19", *(f"{i:02d}" for i in range(MOST_VALUES - 1)), "others (8)"]
    assert table.rows[0][1][-1].clips == 8


def test_one_value_too_many_is_shown_rather_than_called_others(surveyed):
    census = surveyed([clip("a", accent=f"{i:02d}") for i in range(MOST_VALUES + 1)])
    assert len(census.cross("accent").values) == MOST_VALUES + 1


def test_file_formats_are_named(surveyed):
    census = surveyed([clip("a"), clip("b", codec="MP3", sample_rate=48000, channels=2)])
    assert set(census.cross(FORMAT).values) == {"WAV PCM_16, 16000 Hz, 1 ch", "MP3, 48000 Hz, 2 ch"}


def test_quarantine_reasons_come_most_frequent_first(surveyed):
    rows = [("empty", "0 bytes"), ("silent", "first"), ("silent", "second")]
    quarantine = [{"path": "x", "reason": reason, "detail": detail} for reason, detail in rows]
    census = surveyed([clip("a")], quarantine=quarantine)
    assert census.quarantine_reasons() == [("silent", 2, "first"), ("empty", 1, "0 bytes")]
    assert surveyed([clip("a")]).quarantine_reasons() == []


def test_sizes_without_durations_have_no_hours(surveyed):
    census = surveyed([clip("a", "x"), clip("b", "y")])
    assert sizes(census.catalogue, "label") == {("a",): Size(1, 0.0, 1), ("b",): Size(1, 0.0, 1)}


@pytest.mark.parametrize(
    "name", ["manifest.parquet", "catalogue.parquet", "quarantine.parquet", "leaks.json", "provenance.json"]
)
def test_a_missing_part_is_named(surveyed, tmp_path, name):
    surveyed([clip("a")])
    (tmp_path / name).unlink()
    with pytest.raises(EarmarkError, match=rf"{name.split('.')[0]}.*earmark prepare"):
        Census.read(tmp_path)


def test_rows_are_sorted_by_clip(surveyed):
    census = surveyed([clip("a", clip_id="b"), clip("a", clip_id="a")])
    assert census.clips["clip_id"].to_pylist() == ["a", "b"]


def test_synthetic_speech_is_in_no_table(surveyed):
    spoken = clip("a", "synthetic-en-000", source="synthetic", duration=3600.0, accent="none")
    census = surveyed([clip("a", "x", source="table"), clip("b"), spoken])
    assert census.total == Size(2, pytest.approx(0.001), 1)
    assert census.composition()[0]["splits"]["train"].clips == 1
    assert census.distinct("accent") == 0
