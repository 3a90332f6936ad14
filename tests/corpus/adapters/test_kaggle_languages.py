from collections import Counter

import pytest

from earmark.errors import EarmarkError

SPEAKER = "0809fd0642232f8c85b0b3d545dc2b5a"


def test_what_the_names_say(read, tree, tmp_path):
    clips, bad = read("kaggle_languages", tree("kaggle_languages", tmp_path))
    assert (Counter((c.label, c.split) for c in clips), bad) == ({("de", "train"): 3, ("es", "test"): 1}, [])
    copy = next(clip for clip in clips if "noise10" in clip.path)
    assert copy.path == f"train/train/de_f_{SPEAKER}.fragment1.noise10.flac"
    assert (copy.speaker, copy.gender, copy.language) == (SPEAKER, "female", "de")
    assert copy.recording == f"de_f_{SPEAKER}.fragment1"
    assert copy.extra == {"fragment": "1", "augmentation": "noise"}


def test_copies_of_a_fragment_share_its_recording(read, tree, tmp_path):
    clips, _ = read("kaggle_languages", tree("kaggle_languages", tmp_path))
    assert sorted(Counter(clip.recording for clip in clips).values()) == [1, 1, 2]
    assert Counter(clip.extra["augmentation"] for clip in clips) == {"none": 3, "noise": 1}


def test_gender_as_label_and_a_bad_name(read, tree, sound, tmp_path):
    sound(tree("kaggle_languages", tmp_path) / "test" / "podcast.flac")
    clips, (bad,) = read("kaggle_languages", tmp_path, label="gender")
    assert {clip.label for clip in clips} == {"female", "male"}
    assert (bad.path, bad.reason) == ("test/podcast.flac", "bad_name")


def test_another_layout_and_another_label_are_errors_in_words(read, tree, tmp_path):
    with pytest.raises(EarmarkError, match=r"holds no \{language\}_"):
        read("kaggle_languages", tmp_path)
    with pytest.raises(EarmarkError, match="did you mean 'language'"):
        read("kaggle_languages", tree("kaggle_languages", tmp_path), label="langauge")
