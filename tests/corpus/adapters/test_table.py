import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.config import DataParams
from earmark.corpus.adapters import table
from earmark.corpus.catalogue import BadRow, Clip
from earmark.errors import EarmarkError
from earmark.recordings import Recordings
from earmark.store import Store

ROWS = [
    {
        "path": "a.wav",
        "word": "go",
        "speaker": "p",
        "gender": "F",
        "split": "train",
        "start": "0.5",
        "end": "1",
        "take": "3",
    },
    {"path": "b.wav", "word": "no", "speaker": "", "gender": "", "split": "", "start": "", "end": "", "take": ""},
]


@pytest.fixture
def folder(tmp_path, sound):
    sound(tmp_path / "a.wav")
    sound(tmp_path / "b.wav")
    return tmp_path


def read(folder, name="t.csv", label="word"):
    data = DataParams(adapter="table", root=str(folder), table=name, label=label)
    return list(table.clips(data, Recordings(folder, Store(folder.parent / "store"))))


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet"])
def test_all_columns_of_the_manifest_and_others(folder, rows, name):
    if name == "t.parquet":
        typed = [{**row, "start": float(row["start"] or "nan"), "end": float(row["end"] or "nan")} for row in ROWS]
        pq.write_table(pa.Table.from_pylist(typed), folder / name)
    else:
        rows(folder / name, ROWS)
    one, two = read(folder, name)
    assert one == Clip(
        "a.wav", "go", "table", 0.5, 1.0, "train", "p", gender="female", extra={"word": "go", "take": "3"}
    )
    assert two == Clip("b.wav", "no", "table", extra={"word": "no"})


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"path": ""}, "bad_row"),
        ({"path": "c.wav"}, "missing_file"),
        ({"word": ""}, "no_label"),
        ({"start": "soon"}, "bad_row"),
        ({"start": "2"}, "bad_row"),
        ({"start": "-1"}, "bad_row"),
        ({"end": "nan"}, "bad_row"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(folder, rows, cells, reason):
    rows(folder / "t.csv", [{**ROWS[0], **cells}])
    (bad,) = read(folder)
    assert isinstance(bad, BadRow)
    assert bad.reason == reason
    assert bad.detail


def test_files_are_the_table_and_what_it_names(folder, rows):
    rows(folder / "t.csv", [*ROWS, {**ROWS[0], "path": "c.wav"}])
    data = DataParams(adapter="table", root=str(folder), table="t.csv", label="word")
    files = table.files(data, Recordings(folder, Store(folder.parent / "store")))
    assert [file.name for file in files] == ["t.csv", "a.wav", "b.wav", "c.wav"]


@pytest.mark.parametrize(
    ("name", "label", "message"),
    [
        ("t.csv", "wrd", r"t\.csv: no column 'wrd'; did you mean 'word'\? columns: end, gender"),
        ("absent.csv", "word", r"absent\.csv: no such file"),
        (None, "word", r"data\.table: adapter 'table' needs"),
        ("a.wav", "word", r"a\.wav: "),
    ],
)
def test_an_unusable_table_is_an_error_in_words(folder, rows, name, label, message):
    rows(folder / "t.csv", ROWS)
    with pytest.raises(EarmarkError, match=message):
        read(folder, name, label)


def test_a_broken_parquet_file_is_an_error_in_words(folder):
    (folder / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(EarmarkError, match="not a Parquet file"):
        read(folder, "t.parquet")
