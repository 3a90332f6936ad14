import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.provenance import Provenance
from earmark.store import Store, acquire, main_checkout, publish, replacing, replacing_folder


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / ".store")


def shard(path: Path, key: str, value: int = 1) -> Path:
    schema = Provenance("mel", 1, key).stamp(pa.schema([("x", pa.int32())]))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"x": pa.array([value], pa.int32())}, schema=schema), path)
    return path


def model(folder: Path, key: str) -> Path:
    (folder / "plots").mkdir(parents=True)
    (folder / "weights").write_text(key)
    (folder / "plots" / "a.csv").write_text("1")
    Provenance("train", 1, key).write(folder)
    return folder


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), replacing(tmp_path / "a" / "x") as part:
        part.write_text("half")
        raise RuntimeError
    with pytest.raises(RuntimeError), replacing_folder(tmp_path / "a" / "y") as part:
        (part / "z").write_text("half")
        raise RuntimeError
    assert list((tmp_path / "a").iterdir()) == []


def test_publishing_makes_exactly_the_wanted_files(store, tmp_path):
    one, two = shard(store.path("mel", "1"), "1"), shard(store.path("mel", "2"), "2")
    folder = tmp_path / "data"
    assert publish(folder, {"a.parquet": one, "b.parquet": two}) == 2
    assert publish(folder, {"a.parquet": one, "b.parquet": two}) == 0
    assert publish(folder, {"a.parquet": two}) == 2, "one replaced, one removed"
    assert sorted(p.name for p in folder.iterdir()) == ["a.parquet"]
    assert (folder / "a.parquet").samefile(two)


def test_a_restored_copy_with_the_same_key_is_not_touched(store, tmp_path):
    source = shard(store.path("mel", "1"), "1")
    copy = shard(tmp_path / "data" / "a.parquet", "1")
    before = copy.stat()
    assert publish(tmp_path / "data", {"a.parquet": source}) == 0
    assert copy.stat() == before


def test_publishing_replaces_and_never_writes_in_place(store, tmp_path):
    cached = tmp_path / "cache"
    cached.write_text("DVC's copy")
    published = tmp_path / "out" / "metrics.json"
    published.parent.mkdir()
    os.link(cached, published)
    source = tmp_path / "new"
    source.write_text("new")
    publish(tmp_path / "out", {"metrics.json": source})
    assert published.read_text() == "new"
    assert cached.read_text() == "DVC's copy"


def test_published_files_are_adopted_by_an_empty_store(store, tmp_path):
    published = shard(tmp_path / "data" / "a.parquet", "k1")
    assert store.adopt("mel", published)
    assert store.has("mel", "k1")
    assert not store.adopt("mel", published), "known already"
    assert not store.adopt("embed", published), "of another step"


def test_an_adopted_folder_must_be_intact(store, tmp_path):
    whole, broken = model(tmp_path / "whole", "k1"), model(tmp_path / "broken", "k2")
    (broken / "weights").write_text("edited")
    (whole / "stranger").write_text("not part of it")
    assert store.adopt("train", whole)
    assert not store.adopt("train", broken)
    assert {p.name for p in store.path("train", "k1", "").iterdir()} == {"weights", "plots", "provenance.json"}


def test_the_latest_of_a_family_is_forgotten_when_it_is_gone(store):
    path = shard(store.path("mel", "1"), "1")
    store.remember("mel", "family", "1")
    assert store.latest("mel", "family") == path
    path.unlink()
    assert store.latest("mel", "family") is None


def test_experiments_of_dvc_use_the_main_checkouts_store(tmp_path, monkeypatch):
    experiment = tmp_path / ".dvc" / "tmp" / "exps" / "standalone" / "x"
    experiment.mkdir(parents=True)
    assert main_checkout(experiment) == tmp_path
    monkeypatch.chdir(experiment)
    assert Store.find().root == tmp_path / ".store"
    monkeypatch.setenv("EARMARK_STORE", "/elsewhere")
    assert Store.find().root == Path("/elsewhere")


def test_the_lock_excludes_and_ends_with_its_process(store):
    code = (
        "import sys; from pathlib import Path; from earmark.store import acquire;"
        "handle = acquire(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(store.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with (store.root / "lock").open() as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        holder.kill()
    acquire(store.root).close()
