import pytest

from earmark.corpus.adapters.tables import read_rows, renamed, to_clip
from earmark.corpus.catalogue import Clip
from earmark.errors import EarmarkError


def test_quotation_marks_mean_nothing_between_tabs(tmp_path):
    (tmp_path / "t.tsv").write_text('path\tsentence\na.mp3\t"Never, she said.\nb.mp3\tplain\n')
    assert [row["sentence"] for row in read_rows(tmp_path / "t.tsv", ["path"])] == ['"Never, she said.', "plain"]


def test_quoted_cells_hold_commas_and_a_byte_order_mark_is_ignored(tmp_path):
    (tmp_path / "t.csv").write_text('path,sentence\na.mp3,"one, two"\n\n', encoding="utf-8-sig")
    assert list(read_rows(tmp_path / "t.csv", ["path"])) == [{"path": "a.mp3", "sentence": "one, two"}]


def test_an_empty_table_and_another_encoding_are_errors_in_words(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(EarmarkError, match="no column 'path'"):
        list(read_rows(tmp_path / "empty.csv", ["path"]))
    (tmp_path / "latin.csv").write_bytes("path\nMünchen".encode("latin-1"))
    with pytest.raises(EarmarkError, match="UTF-8"):
        list(read_rows(tmp_path / "latin.csv", ["path"]))


def test_json_lines_may_have_different_keys(tmp_path):
    lines = '{"path": "a.wav", "n": 1, "x": null}\n\n{"path": "b.wav", "ok": true, "l": [1, "ü"], "f": NaN}\n'
    (tmp_path / "t.jsonl").write_text(lines, encoding="utf-8")
    expected = [{"path": "a.wav", "n": "1"}, {"path": "b.wav", "ok": "true", "l": '[1, "ü"]'}]
    assert list(read_rows(tmp_path / "t.jsonl", ["path", "ok"])) == expected
    with pytest.raises(EarmarkError, match="no column 'okk'; did you mean 'ok'"):
        list(read_rows(tmp_path / "t.jsonl", ["okk"]))


@pytest.mark.parametrize("text", [b'{"path": 1}\n{"path"', b'{"path": 1}\n[1]', b'{"path": 1}\n3\n'])
def test_lines_that_are_no_json_objects_are_errors_in_words(tmp_path, text):
    (tmp_path / "t.jsonl").write_bytes(text)
    with pytest.raises(EarmarkError, match=r"t\.jsonl: line 2 is not a JSON object"):
        list(read_rows(tmp_path / "t.jsonl", []))


def test_renamed_columns_replace_nothing():
    names = {"text": "sentence", "transcription": "sentence"}
    assert renamed({"text": "a", "x": "b"}, names) == {"sentence": "a", "x": "b"}
    assert renamed({"text": "a", "sentence": "b"}, names) == {"text": "a", "sentence": "b"}
    assert renamed({"text": "a", "transcription": "b"}, names) == {"sentence": "a", "transcription": "b"}


def test_what_a_data_set_says_under_a_name_of_earmarks_own_is_kept_under_another():
    row = {"label": "x", "word": "go", "duration": "9", "source": "radio", "level": "3"}
    stated = {"stated_duration": "9", "stated_source": "radio", "stated_level": "3"}
    assert to_clip(row, "a.wav", "label", "table") == Clip("a.wav", "x", "table", extra={"word": "go", **stated})
    clip = to_clip(row, "a.wav", "word", "table")
    assert isinstance(clip, Clip)
    assert (clip.label, clip.extra["stated_label"]) == ("go", "x")
