import pytest

from earmark.corpus.adapters.audiomnist import FIFTHS, folds
from earmark.errors import EarmarkError


def test_names_metadata_and_folds(read, tree, tmp_path):
    clips, bad = read("audiomnist", tree("audiomnist", tmp_path))
    assert bad == []
    first = next(clip for clip in clips if clip.path.endswith("3_01_49.wav"))
    assert (first.label, first.speaker, first.split) == ("3", "01", "train")
    assert (first.gender, first.age, first.accent, first.session) == ("male", "30", "german", "17-06-22-11-04-28")
    assert first.extra["native_speaker"] == "no"
    assert (first.extra["recordingroom"], first.extra["repetition"]) == ("Kino", "49")
    assert [first.extra[f"fold_{fold}"] for fold in range(5)] == ["train", "test", "val", "train", "train"]


def test_a_speaker_without_metadata_and_an_impossible_age(read, tree, tmp_path):
    clips, _ = read("audiomnist", tree("audiomnist", tmp_path))
    found = {clip.speaker: clip for clip in clips}
    assert (found["12"].gender, found["12"].split) == (None, "val")
    assert (found["26"].gender, found["26"].age, found["26"].split) == ("female", None, "test")


def test_the_published_folds():
    """https://github.com/soerenab/AudioMNIST: train, validate and test speakers of three of the five digit folds."""
    assert sorted(speaker for fifth in FIFTHS for speaker in fifth) == list(range(1, 61))

    def speakers(fold: int, side: str) -> set[int]:
        return {speaker for speaker in range(1, 61) if folds(f"{speaker:02}")[f"fold_{fold}"] == side}

    assert speakers(0, "test") == {26, 52, 60, 18, 32, 42, 5, 13, 22, 33, 45, 51}
    assert speakers(0, "val") == {12, 47, 59, 15, 27, 41, 4, 11, 21, 31, 44, 50}
    assert speakers(1, "test") == {28, 56, 7, 19, 35, 1, 6, 16, 23, 34, 46, 53}
    assert speakers(1, "val") == {26, 52, 60, 18, 32, 42, 5, 13, 22, 33, 45, 51}
    assert speakers(4, "test") == {12, 47, 59, 15, 27, 41, 4, 11, 21, 31, 44, 50}
    assert speakers(4, "val") == {43, 58, 14, 25, 38, 3, 10, 20, 30, 40, 49, 55}
    assert len(speakers(4, "train")) == 36
    assert folds("61") == {}


@pytest.mark.parametrize("label", ["gender", "accent", "native_speaker"])
def test_other_labels(read, tree, tmp_path, label):
    clips, bad = read("audiomnist", tree("audiomnist", tmp_path), label=label)
    assert (len(clips), [row.reason for row in bad]) == (3, ["no_label"])


def test_broken_metadata_another_layout_and_label_are_errors_in_words(read, tree, tmp_path):
    with pytest.raises(EarmarkError, match="holds no"):
        read("audiomnist", tmp_path)
    with pytest.raises(EarmarkError, match="did you mean 'accent'"):
        read("audiomnist", tree("audiomnist", tmp_path), label="acent")
    next(tmp_path.rglob("audioMNIST_meta.txt")).write_text("{")
    with pytest.raises(EarmarkError, match=r"audioMNIST_meta\.txt: not the metadata"):
        read("audiomnist", tmp_path)
