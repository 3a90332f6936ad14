import os
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark import inventory
from earmark.provenance import Provenance
from earmark.recordings import COMPLETE
from earmark.store import Store


@pytest.fixture
def store(tmp_path):
    """Two mel shards of different params, and a model."""
    store = Store(tmp_path / ".store")
    for key, n_mels in (("k1", 40), ("k2", 80)):
        path = store.path("mel", key)
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = Provenance("mel", 1, key, {"n_mels": n_mels}).stamp(pa.schema([("x", pa.int32())]))
        pq.write_table(pa.table({"x": pa.array([1], pa.int32())}, schema=schema), path)
    model = store.path("train", "k3", "")
    model.mkdir(parents=True)
    (model / "weights").write_text("w" * 100)
    Provenance("train", 1, "k3").write(model)
    store.remember("mel", "family", "k1")
    return store


def keys(found):
    return [entry.key for entry in found]


def test_every_product_is_listed_with_its_params_and_size(store):
    found = list(inventory.entries(store))
    assert keys(found) == ["k1", "k2", "k3"]
    assert found[1].params == {"n_mels": 80}
    assert found[2].size > 100
    assert '"n_mels": 80' in inventory.overview(store)
    assert inventory.as_dicts(store)[0]["path"] == "mel/k1.parquet"


def test_what_a_recent_study_needs_stays(store):
    inventory.note(store, "study", [store.path("mel", "k1")])
    assert keys(inventory.collect(store, days=1, dry_run=True)) == ["k2", "k3"]
    assert keys(inventory.entries(store)) == ["k1", "k2", "k3"], "a dry run removes nothing"
    inventory.collect(store, days=1)
    assert keys(inventory.entries(store)) == ["k1"]


def test_an_old_note_no_longer_counts_but_the_present_study_does(store):
    inventory.note(store, "study", [store.path("mel", "k1")])
    old = store.root / "needed" / "study.json"
    os.utime(old, (time.time() - 3 * inventory.DAY,) * 2)
    gone = inventory.collect(store, days=1, keep=[store.path("train", "k3", "")])
    assert keys(gone) == ["k1", "k2"]
    assert not old.exists()


def test_unpacked_archives_are_listed_and_collected(store):
    folder = store.path("unpacked", "k0", "")
    folder.mkdir(parents=True)
    (folder / "a.wav").write_bytes(b"sound")
    assert "k0" not in keys(inventory.entries(store))
    (folder / COMPLETE).touch()
    assert "k0" in keys(inventory.entries(store))
    assert "k0" not in keys(inventory.collect(store, days=1, keep=[folder]))
    assert "k0" in keys(inventory.collect(store, days=1))
    assert not folder.exists()
