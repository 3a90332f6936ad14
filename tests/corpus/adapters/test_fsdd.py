import pytest

from earmark.errors import EarmarkError


def test_digit_speaker_and_the_official_split(read, tree, tmp_path):
    clips, bad = read("fsdd", tree("fsdd", tmp_path))
    assert bad == []
    found = {clip.path.rsplit("/", 1)[1]: clip for clip in clips}
    assert {name: (clip.label, clip.speaker, clip.split) for name, clip in found.items()} == {
        "7_jackson_4.wav": ("7", "jackson", "test"),
        "7_jackson_5.wav": ("7", "jackson", "train"),
        "0_new_one_12.wav": ("0", "new_one", "train"),
    }
    jackson, other = found["7_jackson_4.wav"], found["0_new_one_12.wav"]
    assert (jackson.gender, jackson.accent, jackson.language) == ("male", "USA/neutral", "en")
    assert (other.gender, other.extra) == (None, {"digit": "0", "index": "12"})


def test_another_label(read, tree, tmp_path):
    clips, bad = read("fsdd", tree("fsdd", tmp_path), label="gender")
    assert ({clip.label for clip in clips}, [row.reason for row in bad]) == ({"male"}, ["no_label"])
    with pytest.raises(EarmarkError, match="no column 'genre'; did you mean 'gender'"):
        read("fsdd", tmp_path, label="genre")


def test_a_recording_of_another_name_is_reported(read, tree, sound, tmp_path):
    sound(tree("fsdd", tmp_path) / "extra.wav")
    _, (bad,) = read("fsdd", tmp_path)
    assert (bad.path, bad.reason) == ("extra.wav", "bad_name")


@pytest.mark.parametrize("text", ["metadata = {", "metadata = f()", "metadata = [1]", "", "metadata = {'a': 1}"])
def test_metadata_that_are_no_dictionary_are_never_executed(read, tree, tmp_path, text):
    path = next(tree("fsdd", tmp_path).rglob("metadata.py"))
    path.write_text(text)
    clips, _ = read("fsdd", tmp_path)
    assert {clip.gender for clip in clips} == {None}


def test_another_layout_is_an_error_in_words(read, tmp_path):
    with pytest.raises(EarmarkError, match=r"holds no \{digit\}_\{speaker\}_\{index\}\.wav; set data\.root"):
        read("fsdd", tmp_path)
