"""Batches of images: every row once, in stored order or shuffled, cut and filled, labelled, and every refusal."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import EarmarkError
from earmark.provenance import Provenance
from earmark.shards.dataset import ShardDataset

HEIGHTS = {"mel": 4, "mfcc": 3}


def pixels(clip, kind, frames, dtype="uint8", height=None):
    """Images that tell which clip and which frame they are of."""
    rows = np.arange(height or HEIGHTS[kind])[:, None] * 50 + np.arange(frames)
    return ((rows + clip * 7 + len(kind)) % 200).astype(dtype)


@pytest.fixture(scope="module")
def write(image_shard):
    """A shard of ``clips`` (numbers), ``frames`` a number or a function of the clip's."""

    def make(path, clips, frames, per_group=8, dtype="uint8", heights=HEIGHTS, first=0, **options):
        length = frames if callable(frames) else lambda clip: frames
        rows = [
            (f"c{c:05}", first, {kind: pixels(c, kind, length(c), dtype, heights[kind]) for kind in heights})
            for c in clips
        ]
        return image_shard(path, rows, per_group, **options)

    return make


@pytest.fixture
def shards(tmp_path, write):
    """Fifty clips of 1 to 12 frames in two shards of several row groups."""
    halves = {"0": range(0, 50, 2), "1": range(1, 50, 2)}
    return [write(tmp_path / f"{name}.parquet", clips, lambda c: 1 + c % 12) for name, clips in halves.items()]


def number(clip_id):
    return int(clip_id[1:])


def check(batch, kinds=("mel",)):
    for at, clip in enumerate(map(number, batch.clip_ids)):
        for kind in kinds:
            np.testing.assert_array_equal(batch.images[kind][at], pixels(clip, kind, 1 + clip % 12))


def test_stored_order(shards):
    data = ShardDataset(shards, ["mel", "mfcc"])
    batches = list(data.batches(16))
    assert (len(data), [len(b.clip_ids) for b in batches]) == (50, [16, 16, 16, 2])
    assert [clip for b in batches for clip in b.clip_ids] == data.clip_ids
    assert [number(clip) for clip in data.clip_ids] == [*range(0, 50, 2), *range(1, 50, 2)]
    assert np.concatenate([b.rows for b in batches]).tolist() == list(range(50))
    assert batches[0].classes is None and data.heights == HEIGHTS and data.dtype == np.uint8
    for batch in batches:
        check(batch, ["mel", "mfcc"])
        assert not batch.images["mel"][0].flags.writeable


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 60), st.integers(0, 99))
def test_shuffling_gives_every_row_once_and_depends_on_the_seed(tmp_path_factory, write, per_group, buffer, size, seed):
    path = write(tmp_path_factory.mktemp("s") / "all.parquet", range(50), lambda c: 1 + c % 12, per_group)
    data = ShardDataset([path], buffer=buffer)
    batches = list(data.batches(size, np.random.default_rng(seed)))
    assert sorted(clip for b in batches for clip in b.clip_ids) == data.clip_ids
    assert all(len(b.clip_ids) == size for b in batches[:-1])
    for batch in batches:
        check(batch)
    again = [b.clip_ids for b in data.batches(size, np.random.default_rng(seed))]
    assert again == [b.clip_ids for b in batches]


def test_shuffling_reads_each_row_group_about_once(tmp_path, monkeypatch, write):
    from earmark.shards import dataset

    data = ShardDataset([write(tmp_path / "all.parquet", range(400), 3)], buffer=4)
    read, held, images = [], [], dataset._images

    def counted(shard, group, kinds):
        read.append(group)
        held.append(len(data._held))
        return images(shard, group, kinds)

    monkeypatch.setattr(dataset, "_images", counted)
    order = [clip for b in data.batches(24, np.random.default_rng(1)) for clip in b.clip_ids]
    assert sorted(read) == list(range(50)) and max(held) < 4
    assert order != sorted(order) and read != sorted(read)


def test_rows_of_other_places_meet(tmp_path, write):
    data = ShardDataset([write(tmp_path / "all.parquet", range(400), 1)], buffer=4)
    first, second = (data.order(np.random.default_rng(seed)) for seed in (1, 2))
    assert len(set(first[:32] // 8)) == 4 and not np.array_equal(first, second)


def test_labels_choose_clips_and_number_classes(shards):
    labels = {f"c{clip:05}": "zh" if clip % 3 else "en" for clip in range(10, 30)}
    data = ShardDataset(shards, labels=labels)
    assert len(data) == 20 and data.classes == ["en", "zh"]
    for batch in data.batches(7, np.random.default_rng(0)):
        check(batch)
        assert [data.classes[c] for c in batch.classes] == [labels[clip] for clip in batch.clip_ids]
    other = ShardDataset(shards, labels=labels, classes=["zh", "xx", "en"])
    assert set(np.concatenate([b.classes for b in other.batches(9)]).tolist()) == {0, 2}


def test_wrong_labels_are_refused(shards):
    with pytest.raises(EarmarkError, match=r"1 clips are missing, e\.g\. c00099"):
        ShardDataset(shards, labels={"c00099": "en", "c00001": "en"})
    with pytest.raises(EarmarkError, match="'en' is not among the classes de"):
        ShardDataset(shards, labels={"c00001": "en"}, classes=["de"])


def test_images_of_one_length_from_the_middle(shards):
    batch = next(ShardDataset(shards, frames=5).batches(50))
    stack = batch.images["mel"]
    assert stack.shape == (50, 4, 5) and stack.dtype == np.uint8
    for image, clip in zip(stack, map(number, batch.clip_ids), strict=True):
        whole = pixels(clip, "mel", 1 + clip % 12)
        spare = whole.shape[1] - 5
        if spare >= 0:
            np.testing.assert_array_equal(image, whole[:, spare // 2 : spare // 2 + 5])
        else:
            left = -spare // 2
            np.testing.assert_array_equal(image, np.pad(whole, ((0, 0), (left, -spare - left))))


def test_cuts_are_random_when_shuffling_and_the_same_in_all_kinds(tmp_path, write):
    data = ShardDataset([write(tmp_path / "all.parquet", range(50), 12)], ["mel", "mfcc"], frames=5)
    starts = []
    for batch in data.batches(50, np.random.default_rng(0)):
        for at, clip in enumerate(map(number, batch.clip_ids)):
            mel, mfcc = pixels(clip, "mel", 12), pixels(clip, "mfcc", 12)
            start = next(s for s in range(8) if np.array_equal(batch.images["mel"][at], mel[:, s : s + 5]))
            np.testing.assert_array_equal(batch.images["mfcc"][at], mfcc[:, start : start + 5])
            starts.append(start)
    assert set(starts) == set(range(8))


def test_short_images_lie_anywhere_in_silence_when_shuffling(tmp_path, write):
    path = write(tmp_path / "all.parquet", range(100), 3, dtype="float16")
    data = ShardDataset([path], ["mel", "mfcc"], frames=6)
    images = next(data.batches(100, np.random.default_rng(0))).images
    assert images["mel"].dtype == np.float16
    silent = (images["mel"] == -80).all(axis=1)
    assert (silent.sum(axis=1) == 3).all() and len({tuple(row) for row in silent.tolist()}) == 4
    assert ((images["mfcc"] == 0).all(axis=1) >= silent).all()


def test_absolute_levels_are_surrounded_by_their_lowest(tmp_path, write):
    path = write(tmp_path / "all.parquet", range(40, 44), 3, dtype="float16", params={"reference": 1.0})
    images = next(ShardDataset([path], frames=5).batches(4)).images["mel"]
    for image, clip in zip(images, range(40, 44), strict=True):
        assert (image[:, [0, 4]] == pixels(clip, "mel", 3).min()).all() and image.min() > 0


@pytest.mark.parametrize("dtype", ["uint8", "float16"])
def test_compressed_shards_and_halves(tmp_path, dtype, write):
    data = ShardDataset([write(tmp_path / "z.parquet", range(30), 9, dtype=dtype, compression="zstd")])
    for batch in data.batches(4, np.random.default_rng(0)):
        for image, clip in zip(batch.images["mel"], map(number, batch.clip_ids), strict=True):
            np.testing.assert_array_equal(image, pixels(clip, "mel", 9, dtype))


def test_windows_tell_their_first_frame(tmp_path, write):
    path = write(tmp_path / "all.parquet", range(3), 4, first=96)
    assert next(ShardDataset([path]).batches(3)).first_frames.tolist() == [96] * 3


def test_images_without_frames(tmp_path, write):
    path = write(tmp_path / "all.parquet", range(3), lambda c: c)
    assert [i.shape for i in next(ShardDataset([path]).batches(3)).images["mel"]] == [(4, 0), (4, 1), (4, 2)]
    assert next(ShardDataset([path], frames=2).batches(3)).images["mel"][0].tolist() == [[0, 0]] * 4


def test_a_damaged_image_is_noticed(shards):
    whole = bytearray(shards[1].read_bytes())
    spot = whole.index(pixels(21, "mel", 10).tobytes())
    whole[spot + 5] ^= 1
    shards[1].write_bytes(whole)
    with pytest.raises(EarmarkError, match=r"1\.parquet: not a readable shard"):
        list(ShardDataset(shards).batches(8, np.random.default_rng(0)))


def test_a_damaged_file_is_named(shards):
    shards[0].write_bytes(shards[0].read_bytes()[:-9])
    with pytest.raises(EarmarkError, match=r"0\.parquet: not a readable shard"):
        ShardDataset(shards)
    with pytest.raises(EarmarkError, match=r"gone\.parquet: not a readable shard"):
        ShardDataset([shards[1], shards[1].with_name("gone.parquet")])


def test_what_does_not_fit_is_refused(shards, tmp_path, write):
    with pytest.raises(EarmarkError, match="has mel, mfcc, not 'chroma'"):
        ShardDataset(shards, ["mel", "chroma"])
    lower = write(tmp_path / "lower.parquet", range(3), 2, heights={"mel": 3})
    pq.write_table(pa.table({"x": [1]}), tmp_path / "foreign.parquet")
    with pytest.raises(EarmarkError, match=r"foreign\.parquet: no images"):
        ShardDataset([tmp_path / "foreign.parquet"])
    with pytest.raises(EarmarkError, match="no shards"):
        ShardDataset([])
    with pytest.raises(EarmarkError, match=r"lower\.parquet: heights {'mel': 3}, but .*0\.parquet has {'mel': 4}"):
        ShardDataset([*shards, lower])


def test_a_record_that_lies_about_the_height_is_damage(tmp_path, write):
    path = write(tmp_path / "all.parquet", range(3), 2)
    table = pq.ParquetFile(path).read()
    lying = Provenance("mel", 2, "k").stamp(table.schema, heights={"mel": 5}, dtype="uint8", top_db=80.0)
    pq.write_table(table.cast(lying), path)
    with pytest.raises(EarmarkError, match="images are not 5 high"):
        list(ShardDataset([path]).batches(3))


def test_reading_imports_nothing_heavy(shards):
    code = (
        "import sys; from pathlib import Path; from earmark.shards.dataset import ShardDataset;"
        f"list(ShardDataset([Path({str(shards[0])!r})], frames=480).batches(64));"
        "print(*sorted(set(sys.modules) & {'pandas', 'keras', 'librosa', 'scipy'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
