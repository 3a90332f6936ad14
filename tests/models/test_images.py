import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.errors import EarmarkError
from earmark.models.images import TrainingImages


@pytest.fixture
def study(tmp_path, image_shard):
    """Manifest and two shards: clip i is constant i, (4, 5 + i) long; c1 has two windows; kinds mel and mfcc."""

    def image(i, width=None):
        return {
            "mel": np.full((4, width or 5 + i), i, np.uint8),
            "mfcc": np.full((2, width or 5 + i), 100 + i, np.uint8),
        }

    rows = [(f"c{i}", 0, image(i)) for i in range(6)]
    rows.insert(2, ("c1", 6, image(1)))
    shards = [image_shard(tmp_path / "a.parquet", rows[:4]), image_shard(tmp_path / "b.parquet", rows[4:])]
    table = {
        "clip_id": [f"c{i}" for i in reversed(range(6))],
        "label": ["y", "x", "y", "x", "y", "x"],
        "split": ["test", "val", "val", "train", "train", "train"],
    }
    pq.write_table(pa.table(table), tmp_path / "manifest.parquet")
    return tmp_path / "manifest.parquet", shards


def test_images_are_those_of_the_shards_in_order_of_clip_and_time(study, tmp_path):
    images = TrainingImages.load(*study, tmp_path)
    assert images.labels == ["x", "y"]
    assert images.train.classes.tolist() == [0, 1, 1, 0] and images.train.clips.tolist() == [0, 1, 1, 2]
    assert [images.train.image(i)["mel"][0, 0] for i in range(4)] == [0, 1, 1, 2]
    for part, first in ((images.train, 0), (images.val, 3)):
        image = part.image(0)
        assert {kind: values.shape for kind, values in image.items()} == {"mel": (4, 5 + first), "mfcc": (2, 5 + first)}
        assert (image["mel"] == first).all() and (image["mfcc"] == 100 + first).all()
    assert images.counts() == {"train": {"x": 2, "y": 1}, "val": {"x": 1, "y": 1}}
    assert images.windows() == {"train": {"x": 2, "y": 2}, "val": {"x": 1, "y": 1}}


def test_the_order_of_shards_does_not_matter(study, tmp_path):
    manifest, shards = study
    (tmp_path / "other").mkdir()
    one, two = (
        TrainingImages.load(manifest, shards, tmp_path),
        TrainingImages.load(manifest, shards[::-1], tmp_path / "other"),
    )
    for i in range(4):
        np.testing.assert_array_equal(one.train.image(i)["mel"], two.train.image(i)["mel"])


def test_missing_clips_are_named(study, tmp_path):
    manifest, shards = study
    with pytest.raises(EarmarkError, match=r"are missing, e\.g\. c"):
        TrainingImages.load(manifest, shards[:1], tmp_path)
