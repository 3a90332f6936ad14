from collections import Counter
from itertools import pairwise

import pytest

from earmark.corpus.adapters.speech_commands import which_set
from earmark.errors import EarmarkError

TOP = "speech_commands_v0.02"


@pytest.fixture
def test_set(sound, tmp_path):
    """The separate archive of the test set, unpacked."""
    for path in ("_silence_/4173.wav", "_unknown_/three_d962e5ac_nohash_0.wav.wav", "yes/0a7c2a8d_nohash_1.wav"):
        sound(tmp_path / "speech_commands_test_set_v0.02" / path)
    return tmp_path


@pytest.mark.parametrize(
    ("split", "speakers"),
    [
        ("test", "bb05582b 97f4c236 f2e59fea fdb5155e dc75148d 3f170018 18f8afd5 e1469561 5c8af87a aa48c94a 837a0f64"),
        ("val", "439c84f4 6a27a9bf bdb26021 a6d586b7 7fd25f7c 3cc595de 3aa6f4e2 591d32f3 f427aa81 5b32733e ff2b842e"),
        ("train", "0a7c2a8d bobby"),
    ],
)
def test_the_rule_of_the_readme_gives_the_official_lists(split, speakers):
    """Speakers of testing_list.txt and validation_list.txt of v0.02, and two that are in neither."""
    for speaker in speakers.split():
        assert which_set(f"{speaker}_nohash_0.wav") == which_set(f"{speaker}_nohash_1.wav") == split


def test_every_word_is_a_class(read, tree, tmp_path):
    clips, bad = read("speech_commands", tree("speech_commands", tmp_path))
    assert Counter((clip.label, clip.split) for clip in clips) == {
        (word, split): 1 for word in ("yes", "no", "tree") for split in ("train", "val", "test")
    }
    first = next(clip for clip in clips if clip.path == f"{TOP}/yes/0a7c2a8d_nohash_0.wav")
    assert (first.speaker, first.language, first.session, first.recording) == ("0a7c2a8d", "en", None, None)
    assert first.extra == {"keyword": "yes", "word": "yes", "take": "0"}
    assert {row.reason for row in bad} == {"not_used"}
    assert len(bad) == 4
    assert "data.words" in bad[0].detail


def test_the_asked_words_unknown_and_silence(read, tree, tmp_path):
    clips, bad = read("speech_commands", tree("speech_commands", tmp_path), words=["yes", "no"])
    spoken = [clip for clip in clips if clip.label != "silence"]
    assert Counter(clip.label for clip in spoken) == {"yes": 3, "no": 3, "unknown": 3}
    assert {clip.extra["word"] for clip in spoken if clip.label == "unknown"} == {"tree"}
    silence = [clip for clip in clips if clip.label == "silence"]
    assert Counter(clip.split for clip in silence) == {"train": 1, "val": 1, "test": 1}
    assert len({clip.recording for clip in silence}) == 3
    assert all(clip.speaker is None and clip.end - clip.start == 1 for clip in silence)
    assert [row.reason for row in bad] == ["not_used"]


def test_silence_is_spread_over_its_recordings_and_no_recording_crosses_splits(read, tree, sound, tmp_path):
    root = tree("speech_commands", tmp_path)
    for speaker in range(20):
        for word in ("yes", "no"):
            sound(root / TOP / word / f"{speaker:08x}_nohash_0.wav")
    clips, bad = read("speech_commands", root, words=["yes", "no", "silence", "unknown"])
    silence = [clip for clip in clips if clip.label == "silence"]
    assert (Counter(clip.split for clip in silence)["train"], bad) == (21, [])
    assert len({(clip.recording, clip.split) for clip in silence}) == 4
    assert len({clip.clip_id for clip in silence}) == len(silence)
    by_file = Counter(clip.recording for clip in silence if clip.split == "train")
    assert sorted(by_file.values()) == [10, 11]
    spaced = sorted(clip.start for clip in silence if clip.recording == max(by_file, key=by_file.get))
    assert (spaced[0], spaced[-1]) == (0.0, 2.0)
    assert all(abs(b - a - 0.2) < 0.002 for a, b in pairwise(spaced))
    assert read("speech_commands", root, words=["yes", "no"])[0] == clips


def test_short_damaged_and_repeated_background_recordings_are_reported(read, tree, sound, tmp_path):
    noise = tree("speech_commands", tmp_path) / TOP / "_background_noise_"
    for path in sorted(noise.glob("*.wav"))[1:]:
        path.unlink()
    (name,) = [path.name for path in noise.glob("*.wav")]
    sound(tmp_path / "v0.01" / "_background_noise_" / name, seconds=3)
    _, bad = read("speech_commands", tmp_path, words=["yes"])
    assert [row.reason for row in bad] == ["duplicate"]
    sound(noise / name, seconds=0.5)
    assert "shorter than 1 s" in read("speech_commands", tmp_path, words=["yes"])[1][-1].detail
    (noise / name).write_bytes(b"RIFF")
    assert read("speech_commands", tmp_path, words=["yes"])[1][-1].reason == "unreadable"


def test_the_archive_of_the_test_set(read, test_set):
    clips, bad = read("speech_commands", test_set)
    assert {(clip.label, clip.split, clip.speaker, clip.extra["word"]) for clip in clips} == {
        ("silence", "test", None, "silence"),
        ("unknown", "test", "d962e5ac", "three"),
        ("yes", "test", "0a7c2a8d", "yes"),
    }
    assert bad == []
    assert len(read("speech_commands", test_set, words=["yes"])[0]) == 3


def test_its_silence_counts_where_both_archives_lie_below_the_root(read, tree, test_set):
    clips, _ = read("speech_commands", tree("speech_commands", test_set), words=["yes", "no"])
    silence = [clip.path.split("/")[0] for clip in clips if clip.label == "silence" and clip.split == "test"]
    assert sorted(silence) == ["speech_commands_test_set_v0.02", TOP]  # two clips of yes and one of no: 1.5, so two


def test_without_lists_the_rule_decides(read, tree, tmp_path):
    for path in tree("speech_commands", tmp_path).rglob("*_list.txt"):
        path.unlink()
    clips, _ = read("speech_commands", tmp_path)
    assert Counter(clip.split for clip in clips) == {"train": 3, "val": 3, "test": 3}


def test_the_layout_of_kaggle(read, sound, tmp_path):
    sound(tmp_path / "train" / "audio" / "yes" / "0a7c2a8d_nohash_0.wav")
    sound(tmp_path / "test" / "audio" / "clip_000044442.wav")
    (clip,), (bad,) = read("speech_commands", tmp_path)
    assert (clip.label, clip.path) == ("yes", "train/audio/yes/0a7c2a8d_nohash_0.wav")
    assert (bad.reason, "earmark predict" in bad.detail) == ("unlabelled", True)


@pytest.mark.parametrize(("label", "labels"), [("word", {"yes", "no", "tree", "silence"}), ("language", {"en"})])
def test_other_labels(read, tree, tmp_path, label, labels):
    clips, _ = read("speech_commands", tree("speech_commands", tmp_path), words=["yes"], label=label)
    assert {clip.label for clip in clips} == labels


def test_a_recording_outside_the_words_is_reported(read, tree, sound, tmp_path):
    sound(tree("speech_commands", tmp_path) / "a.wav")
    assert {row.path: row.reason for row in read("speech_commands", tmp_path)[1]}["a.wav"] == "unlisted"


def test_errors_in_words(read, tree, tmp_path):
    with pytest.raises(EarmarkError, match=r"holds no \{word\}/\{speaker\}_nohash_\{n\}\.wav; set data\.root"):
        read("speech_commands", tmp_path)
    tree("speech_commands", tmp_path)
    with pytest.raises(EarmarkError, match=r"data\.words: there is no word 'yess' in .*: no, tree, yes"):
        read("speech_commands", tmp_path, words=["yess"])
    with pytest.raises(EarmarkError, match="at least one word besides"):
        read("speech_commands", tmp_path, words=["silence"])
    with pytest.raises(EarmarkError, match="did you mean 'speaker'"):
        read("speech_commands", tmp_path, label="speakr")
