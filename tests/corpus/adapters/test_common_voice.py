from collections import Counter

import pytest

from earmark.config import DataParams
from earmark.corpus.adapters import common_voice
from earmark.errors import EarmarkError
from earmark.recordings import Recordings
from earmark.store import Store

FIRST_COLUMNS = ["filename", "text", "up_votes", "down_votes", "age", "gender", "accent", "duration"]


@pytest.fixture
def first_release(tmp_path, sound, rows):
    """The release of 2017: three tables, each with a folder of its name."""
    for number, split in enumerate(("train", "dev", "test")):
        name = f"cv-valid-{split}/sample-00000{number}.mp3"
        sound(tmp_path / "cv_corpus_v1" / name, rate=48000)
        row = dict(zip(FIRST_COLUMNS, [name, "learn", 1, 0, "twenties", "female", "us", 9.5], strict=True))
        rows(tmp_path / "cv_corpus_v1" / f"cv-valid-{split}.csv", [row])
    return tmp_path


def test_a_release_with_several_locales(read, release):
    clips, bad = read("common_voice", release, label="language")
    assert (Counter(c.label for c in clips), bad) == ({"en": 12, "es": 12}, [])
    first = clips[0]
    assert first.path == "en/clips/en_00.mp3"
    assert (first.speaker, first.gender, first.age, first.language) == ("en0", "male", "twenties", "en")
    assert (first.up_votes, first.down_votes, first.sentence) == (0, 0, "en sentence 00")
    assert (first.accent, first.split) == (None, None)
    assert read("common_voice", release)[0] == clips


def test_one_locale_as_the_root(read, release):
    clips, _ = read("common_voice", release / "es", label="gender")
    assert clips[0].path == "clips/es_00.mp3"
    assert {c.label for c in clips} == {"male", "female"}


def test_an_old_release(read, tmp_path, sound, rows):
    """Column accent, plain genders, no locale, and paths without a suffix."""
    sound(tmp_path / "fr" / "clips" / "a.mp3")
    row = {"client_id": "p", "path": "a", "gender": "female", "accent": 'the "north'}
    rows(tmp_path / "fr" / "validated.tsv", [row])
    (clip,), _ = read("common_voice", tmp_path)
    assert (clip.path, clip.label, clip.gender) == ("fr/clips/a.mp3", "fr", "female")
    assert clip.accent in ('the "north', '"the ""north"')
    assert read("common_voice", tmp_path / "fr")[0][0].label == "fr"


def test_below_leading_folders_with_the_official_split(read, tree, tmp_path):
    clips, bad = read("common_voice", tree("common_voice", tmp_path))
    assert bad == []
    assert [clip.split for clip in clips if clip.language == "en"] == ["train", "test", None]
    assert clips[0].path == "cv-corpus-17.0/en/clips/en0.mp3"


def test_another_table_of_the_release(read, tree, rows, tmp_path):
    root = tree("common_voice", tmp_path)
    rows(root / "cv-corpus-17.0" / "en" / "other.tsv", [{"client_id": "p", "path": "en2.mp3"}])
    clips, bad = read("common_voice", root, table="other.tsv")
    assert ([clip.speaker for clip in clips], {row.reason for row in bad}) == (["p"], {"unlisted"})
    assert [clip.split for clip in read("common_voice", root, table="test.tsv")[0]] == ["test", "test"]
    with pytest.raises(EarmarkError, match=r"holds no others\.tsv"):
        read("common_voice", root, table="others.tsv")


def test_the_release_of_2017(read, first_release):
    clips, bad = read("common_voice", first_release)
    assert bad == []
    assert {clip.path: clip.split for clip in clips} == {
        "cv_corpus_v1/cv-valid-train/sample-000000.mp3": "train",
        "cv_corpus_v1/cv-valid-dev/sample-000001.mp3": "val",
        "cv_corpus_v1/cv-valid-test/sample-000002.mp3": "test",
    }
    (clip, *_) = clips
    assert (clip.label, clip.speaker, clip.sentence, clip.gender) == ("en", None, "learn", "female")
    assert (clip.up_votes, clip.accent, clip.extra) == (1, "us", {"stated_duration": "9.5"})


def test_the_release_of_2017_as_kaggle_has_it(read, first_release, sound):
    """Each folder in a folder of its name, and any of the tables."""
    top = first_release / "cv_corpus_v1"
    for split in ("dev", "test"):
        (top / f"cv-valid-{split}.csv").unlink()
    (top / "cv-valid-train").rename(top / "inner")
    (top / "cv-valid-train").mkdir()
    (top / "inner").rename(top / "cv-valid-train" / "cv-valid-train")
    sound(top / "cv-valid-train" / "cv-valid-train" / "sample-9.mp3", rate=48000)
    (clip,), (bad,) = read("common_voice", first_release, label="gender")
    assert clip.path == "cv_corpus_v1/cv-valid-train/cv-valid-train/sample-000000.mp3"
    assert (bad.path, bad.reason) == ("cv_corpus_v1/cv-valid-train/cv-valid-train/sample-9.mp3", "unlisted")
    with pytest.raises(EarmarkError, match=r"cv-valid-train\.csv: no column 'client_id'"):
        read("common_voice", first_release, label="speaker")


def test_missing_unlisted_unlabelled_and_unnamed(read, release):
    (release / "en" / "clips" / "en_00.mp3").unlink()
    (release / "en" / "clips" / "en_00_copy.mp3").write_bytes(b"")
    (release / "en" / "clips" / ".hidden").write_bytes(b"")
    with (release / "en" / "validated.tsv").open("a") as table:
        table.write("someone\t\tno file\t1\t0\n")
    _, bad = read("common_voice", release, label="accent")
    assert Counter(row.reason for row in bad) == {"no_label": 23, "missing_file": 1, "unlisted": 1, "bad_row": 1}


def test_a_missing_column_is_an_error_that_names_what_is_there(read, release):
    with pytest.raises(EarmarkError, match=r"en/validated\.tsv: no column 'gendr'; did you mean 'gender'"):
        read("common_voice", release, label="gendr")


def test_no_table_is_an_error_that_names_the_way_out(read, tmp_path):
    with pytest.raises(EarmarkError, match=r"neither validated\.tsv nor"):
        read("common_voice", tmp_path)
    with pytest.raises(EarmarkError, match="earmark demo"):
        list(common_voice.clips(DataParams(root=str(tmp_path)), Recordings(tmp_path, Store(tmp_path / ".store"))))
