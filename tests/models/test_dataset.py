"""Joining manifest and feature shards: order, pooling, and every refusal."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.errors import EarmarkError
from earmark.models import dataset
from earmark.provenance import Provenance
from earmark.shards.write import write_feature_shard


def refused(study, match):
    manifest, features, _ = study.write()
    with pytest.raises(EarmarkError, match=match):
        dataset.load(manifest, features)


def rewrite_manifest(study, **changes):
    rows = [{**row, **{name: change(row) for name, change in changes.items()}} for row in study.rows()]
    study.rows = lambda: rows


def test_clips_come_in_order_of_id_however_they_are_sharded(study):
    one, many = (dataset.load(*study(shards=n).write()[:2]) for n in (1, 5))
    np.testing.assert_array_equal(one.train.vectors, many.train.vectors)
    np.testing.assert_array_equal(one.val.classes, many.val.classes)
    tiny = study()
    expected = {clip: vector for clip, *_, vector in tiny.vectors()}
    ids = sorted(row["clip_id"] for row in tiny.rows() if row["split"] == "train")
    np.testing.assert_array_equal(one.train.vectors, [expected[i] for i in ids])
    assert one.labels == ["de", "en", "zh"]
    assert one.counts() == {"train": dict.fromkeys(one.labels, 18), "val": dict.fromkeys(one.labels, 6)}
    assert one.train.majority() == pytest.approx(1 / 3)


def test_windows_are_examples_and_clips_are_counted(study):
    tiny = study(windows=3, shards=4)
    data = dataset.load(*tiny.write()[:2])
    for name, part in {"train": data.train, "val": data.val}.items():
        rows = sorted((row for row in tiny.rows() if row["split"] == name), key=lambda row: row["clip_id"])
        owned = {row["clip_id"]: [v for clip, *_, v in tiny.vectors() if clip == row["clip_id"]] for row in rows}
        np.testing.assert_array_equal(part.vectors, [vector for vectors in owned.values() for vector in vectors])
        assert part.clips.tolist() == [i for i, vectors in enumerate(owned.values()) for _ in vectors]
        assert [data.labels[i] for i in part.classes] == [rows[i]["label"] for i in part.clips]
        assert part.n_clips == len(rows) == sum(data.counts()[name].values())
        assert len(part) == sum(data.windows()[name].values()) > len(rows)


def test_windows_of_a_clip_never_cross_splits(study):
    data, whole = (dataset.load(*study(windows=n).write()[:2]) for n in (3, 1))
    assert (data.counts(), data.windows() is None) == (whole.counts(), False)
    assert whole.windows() is None
    train, val = ({vector.tobytes() for vector in part.vectors} for part in (data.train, data.val))
    assert not train & val


def test_spatial_maps_are_averaged(study):
    tiny = study(shape=(3, 2, 8), dtype="float16")
    data = dataset.load(*tiny.write()[:2])
    assert data.shape == (3, 2, 8)
    first = next(vector for *_, vector in tiny.vectors())
    np.testing.assert_allclose(data.train.vectors[0], first.astype(np.float32).mean(axis=(0, 1)), rtol=1e-5)
    assert data.train.vectors.dtype == np.float32


def test_a_clip_without_features_is_named(study):
    tiny = study()
    kept = tiny.vectors()[1:]
    tiny.vectors = lambda: kept
    refused(tiny, "1 clips of the manifest are missing, e.g. c000")


def test_features_that_are_not_numbers_are_refused(study):
    tiny = study()
    vectors = tiny.vectors()
    vectors[4][-1][3] = np.nan
    tiny.vectors = lambda: vectors
    refused(tiny, "features of c004 are not finite")


def test_an_empty_split_is_refused(study):
    tiny = study()
    rewrite_manifest(tiny, split=lambda row: row["split"].replace("val", "test"))
    refused(tiny, "no clip is in the split 'val'")


def test_a_single_class_is_refused(study):
    refused(study(labels=("en",)), "all training clips are 'en'")


def test_a_class_without_training_clips_is_refused(study):
    tiny = study()
    rewrite_manifest(tiny, label=lambda row: "fr" if row["split"] == "val" else row["label"])
    refused(tiny, "class 'fr' has validation clips but no training clip")


def test_shards_of_different_shape_are_refused(study):
    tiny = study()
    manifest, features, _ = tiny.write()
    write_feature_shard(
        [("x", "key", 0, np.zeros(3, np.float32))], Provenance("embed", 1, "0"), features[0].with_name("x")
    )
    with pytest.raises(EarmarkError, match=r"features of shape \(3,\), but .* has \(16,\)"):
        dataset.load(manifest, [*features, features[0].with_name("x")])


def test_the_manifest_may_have_other_columns_and_any_order(study):
    tiny = study()
    manifest, features, _ = tiny.write()
    expected = dataset.load(manifest, features)
    rows = [{**row, "speaker": "s"} for row in reversed(tiny.rows())]
    pq.write_table(pa.Table.from_pylist(rows), manifest)
    np.testing.assert_array_equal(dataset.load(manifest, features).train.vectors, expected.train.vectors)
