import pyarrow as pa
import pyarrow.parquet as pq

from earmark.digest import file_digest
from earmark.provenance import Provenance, read_record

SAMPLE = Provenance("mel", 1, "k" * 20, {"n_mels": 40}, {"clips": 2})


def test_a_parquet_file_carries_its_provenance(tmp_path):
    schema = SAMPLE.stamp(pa.schema([("x", pa.int32())]), shape=[3])
    pq.write_table(pa.table({"x": pa.array([1], pa.int32())}, schema=schema), tmp_path / "a.parquet")
    record = read_record(tmp_path / "a.parquet")
    assert record["key"] == SAMPLE.key
    assert record["params"] == {"n_mels": 40}
    assert record["shape"] == [3]


def test_a_folder_records_what_is_in_it(tmp_path):
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "a.csv").write_text("x")
    SAMPLE.write(tmp_path)
    record = read_record(tmp_path)
    assert record["outputs"] == {"plots/a.csv": file_digest(tmp_path / "plots" / "a.csv")}


def test_what_has_none_gives_none(tmp_path):
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    assert read_record(tmp_path / "broken.parquet") is None
    assert read_record(tmp_path) is None
    assert read_record(tmp_path / "missing") is None
