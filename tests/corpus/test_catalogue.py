import pytest

from earmark.audio.probe import Probe
from earmark.corpus.catalogue import MANIFEST, Clip, Measured, gender, relative, require_columns
from earmark.errors import EarmarkError


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        ("male_masculine", "male"),
        ("female_feminine", "female"),
        ("M", "male"),
        ("", None),
        (None, None),
        ("do_not_wish_to_say", None),
    ],
)
def test_gender_is_normalised(spelt, meant):
    assert gender(spelt) == meant


def test_clip_id_names_file_and_part():
    assert Clip("a/b.wav", "x", "table").clip_id == "a/b.wav"
    assert Clip("b.wav", "x", "table", start=1.5, end=2).clip_id == "b.wav#1.5-2"
    assert Clip("b.wav", "x", "table", end=1234.5678).clip_id == "b.wav#0-1234.5678"
    assert Clip("b.wav", "x", "table", start=3).clip_id == "b.wav#3-"


def test_values_come_from_the_catalogue_the_data_set_and_the_file():
    measured = Measured(Clip("a.wav", "x", "table", start=0.5, extra={"word": "go"}), "0f", Probe(2.0, 8000, 1, -20.0))
    assert measured.value("word") == "go"
    assert measured.value("label") == "x"
    assert measured.value("duration") == 1.5
    assert measured.value("sample_rate") == 8000
    assert measured.value("speaker") is None
    assert list(measured.row("val")) == MANIFEST.names
    assert measured.row("val")["split"] == "val"


def test_paths_are_written_the_same_way_everywhere():
    assert relative("./a\\b.wav") == "a/b.wav"


def test_an_unknown_column_is_refused_with_the_near_miss():
    clips = [Clip("a.wav", "x", "table", extra={"word": "go"})]
    require_columns(["word", "gender", "duration"], clips, "split.by")
    with pytest.raises(EarmarkError, match=r"split\.by: no column 'speakr'; did you mean 'speaker'"):
        require_columns(["speakr"], clips, "split.by")
