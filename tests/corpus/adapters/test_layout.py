import pytest

from earmark.corpus.adapters.layout import folders, require_label, sounds, split_of, stem, wrong_layout
from earmark.errors import EarmarkError
from earmark.recordings import Recordings
from earmark.store import Store


def test_names_are_taken_apart():
    assert folders("en/set.tar.gz/cv-17.0/clips/a.b.mp3") == ["en", "set", "cv-17.0", "clips"]
    assert folders("a.wav") == []
    assert [stem(name) for name in ("x/a.b.wav", "README", "a/README")] == ["a.b", "README", "README"]


@pytest.mark.parametrize(
    ("above", "split"),
    [(["set", "train"], "train"), (["Dev"], "val"), (["test", "validation"], "val"), (["testdata"], None), ([], None)],
)
def test_the_innermost_folder_of_a_split_counts(above, split):
    assert split_of(above) == split


def test_sounds_are_told_by_their_suffix_also_those_that_cannot_be_decoded(tmp_path):
    for name in ("a.WAV", "b.m4a", "notes.txt", "wav"):
        (tmp_path / name).write_bytes(b"")
    recordings = Recordings(tmp_path, Store(tmp_path / ".store"))
    assert list(sounds(recordings)) == ["a.WAV", "b.m4a"]
    assert str(wrong_layout(recordings, "x", "set y")) == f"{tmp_path}: holds no x; set y"


def test_an_unknown_label_is_an_error_that_names_the_near_miss():
    require_label("gender", ["gender"], "fsdd")
    with pytest.raises(EarmarkError, match=r"'fsdd' has no column 'gendr'; did you mean 'gender'\? columns: gender"):
        require_label("gendr", ["gender"], "fsdd")
