import pytest

from earmark.corpus.adapters.tables import Listing, read_rows, visible
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


def test_listing_knows_which_files_exist(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    (tmp_path / ".hidden").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    listing = Listing()
    assert tmp_path / "a.wav" in listing
    assert tmp_path / "b.wav" not in listing
    assert tmp_path / "nowhere" / "a.wav" not in listing
    assert visible(tmp_path) == ["a.wav"]
