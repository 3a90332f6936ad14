from collections import Counter

import pytest

from earmark.config import DataParams
from earmark.corpus.adapters import common_voice
from earmark.corpus.catalogue import BadRow, Clip
from earmark.errors import EarmarkError


def read(root, **values):
    data = DataParams(adapter="common_voice", root=str(root), **values)
    found = list(common_voice.clips(data))
    return [c for c in found if isinstance(c, Clip)], [b for b in found if isinstance(b, BadRow)]


def test_a_release_with_several_locales(release):
    clips, bad = read(release)
    assert (Counter(c.label for c in clips), bad) == ({"en": 12, "es": 12}, [])
    first = clips[0]
    assert first.path == "en/clips/en_00.mp3"
    assert (first.speaker, first.gender, first.age, first.language) == ("en0", "male", "twenties", "en")
    assert (first.up_votes, first.down_votes, first.sentence) == (0, 0, "en sentence 00")
    assert first.accent is None


def test_one_locale_as_the_root(release):
    clips, _ = read(release / "es", label="gender")
    assert clips[0].path == "clips/es_00.mp3"
    assert {c.label for c in clips} == {"male", "female"}


def test_an_old_release(tmp_path, sound, rows):
    """Column accent, plain genders, no locale, and paths without a suffix."""
    sound(tmp_path / "fr" / "clips" / "a.mp3")
    rows(
        tmp_path / "fr" / "validated.tsv", [{"client_id": "p", "path": "a", "gender": "female", "accent": 'the "north'}]
    )
    (clip,), _ = read(tmp_path)
    assert (clip.path, clip.label, clip.gender) == ("fr/clips/a.mp3", "fr", "female")
    assert clip.accent in ('the "north', '"the ""north"')


def test_files_are_the_tables_and_the_clips(release):
    files = common_voice.files(DataParams(adapter="common_voice", root=str(release)))
    assert len(files) == 2 * (1 + 12)
    assert all(file.is_file() for file in files)


def test_missing_unlisted_unlabelled_and_unnamed(release, rows, sound):
    (release / "en" / "clips" / "en_00.mp3").unlink()
    (release / "en" / "clips" / "en_00_copy.mp3").write_bytes(b"")
    (release / "en" / "clips" / ".hidden").write_bytes(b"")
    with (release / "en" / "validated.tsv").open("a") as table:
        table.write("someone\t\tno file\t1\t0\n")
    _, bad = read(release, label="accent")
    assert Counter(row.reason for row in bad) == {"no_label": 23, "missing_file": 1, "unlisted": 1, "bad_row": 1}


def test_a_missing_column_is_an_error_that_names_what_is_there(release):
    with pytest.raises(EarmarkError, match=r"en/validated\.tsv: no column 'gendr'; did you mean 'gender'"):
        read(release, label="gendr")


def test_no_table_is_an_error_that_names_the_way_out(tmp_path):
    with pytest.raises(EarmarkError, match=r"neither validated\.tsv nor"):
        read(tmp_path)
    with pytest.raises(EarmarkError, match="earmark demo"):
        common_voice.files(DataParams(root=str(tmp_path)))
