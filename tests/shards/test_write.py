import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from earmark.audio.frontend import Frontend
from earmark.config import FeatureParams
from earmark.errors import EarmarkError
from earmark.provenance import read_record
from earmark.shards import blobs
from earmark.shards.read import read_features, read_images
from earmark.shards.schema import row_key
from earmark.shards.write import write_feature_shard, write_mel_shard


def test_rows_are_the_front_ends_images_sorted(corpus, features, shard):
    root, clips = corpus
    rows, frontend = list(read_images(shard)), Frontend(features)
    assert [row.clip_id for row in rows] == sorted(clip.clip_id for clip in clips)
    for row, clip in zip(rows, sorted(clips, key=lambda c: c.clip_id), strict=True):
        assert row.row_key == row_key(clip, features.front_end())
        np.testing.assert_array_equal(row.images["mel"], frontend.image_of(root / clip.path, clip.start, clip.end))


def test_provenance_is_in_the_file(shard, provenance, features):
    record = read_record(shard)
    assert (record["step"], record["key"], record["params"]) == ("mel", provenance.key, features.front_end())
    assert (record["heights"], record["dtype"], record["top_db"]) == ({"mel": 16}, "uint8", 80)


def test_equal_work_gives_equal_bytes_computed_or_copied(corpus, features, provenance, shard, tmp_path):
    root, clips = corpus
    again, copied = tmp_path / "again.parquet", tmp_path / "copied.parquet"
    assert write_mel_shard(clips[::-1], features, root.joinpath, provenance, again) == (5, 0)
    assert write_mel_shard(clips, features, root.joinpath, provenance, copied, [shard]) == (0, 5)
    assert again.read_bytes() == copied.read_bytes() == shard.read_bytes()


def test_only_what_changed_is_computed(corpus, features, provenance, shard, tmp_path):
    root, clips = corpus
    soundfile.write(root / "clip 1.wav", np.random.default_rng(9).standard_normal(3000) * 0.1, 16000)
    changed = [clips[0], replace(clips[1], audio_digest="new"), *clips[2:4]]
    output = tmp_path / "new.parquet"
    assert write_mel_shard(changed, features, root.joinpath, provenance, output, [shard]) == (1, 3)
    fresh = tmp_path / "fresh.parquet"
    write_mel_shard(changed, features, root.joinpath, provenance, fresh)
    assert output.read_bytes() == fresh.read_bytes()
    finer = FeatureParams(n_mels=17)
    assert write_mel_shard(clips, finer, root.joinpath, provenance, output, [shard]) == (5, 0)


def test_copying_needs_no_audio(corpus, features, provenance, shard, tmp_path):
    root, clips = corpus
    for path in root.iterdir():
        path.unlink()
    assert write_mel_shard(clips, features, root.joinpath, provenance, tmp_path / "new.parquet", [shard]) == (0, 5)


@pytest.mark.parametrize("damage", [b"", b"PAR1 PAR1", None])
def test_a_damaged_earlier_shard_is_ignored(corpus, features, provenance, shard, tmp_path, damage):
    root, clips = corpus
    whole = shard.read_bytes()
    if damage is None:
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 255
        damage = bytes(flipped)
    earlier, output = tmp_path / "earlier.parquet", tmp_path / "new.parquet"
    earlier.write_bytes(damage)
    computed, copied = write_mel_shard(clips, features, root.joinpath, provenance, output, [earlier])
    assert (computed, copied) == (5, 0)
    assert output.read_bytes() == whole


@pytest.mark.parametrize("content", [b"no longer audio", None])
def test_a_changed_file_is_named_and_nothing_is_written(corpus, features, provenance, tmp_path, content):
    root, clips = corpus
    (root / "clip 2.wav").unlink() if content is None else (root / "clip 2.wav").write_bytes(content)
    output = tmp_path / "out" / "all.parquet"
    with pytest.raises(EarmarkError, match=r"clip 2\.wav: .*changed since it was prepared; run the prepare step again"):
        write_mel_shard(clips, features, root.joinpath, provenance, output)
    assert list(output.parent.iterdir()) == []


def test_float16_is_little_endian_decibels(corpus, provenance, tmp_path):
    root, clips = corpus
    output, features = tmp_path / "half.parquet", FeatureParams(dtype="float16", n_mels=16)
    write_mel_shard(clips, features, root.joinpath, provenance, output)
    first = next(read_images(output))
    assert first.images["mel"].dtype == np.dtype("<f2") and first.images["mel"].max() == 0


STACKED = {"kinds": ["stft", "mel", "mfcc"], "deltas": 1, "dtype": "float16", "n_mels": 16, "n_mfcc": 5}


def test_every_kind_has_a_column(corpus, provenance, tmp_path):
    root, clips = corpus
    features, output = FeatureParams(**STACKED), tmp_path / "kinds.parquet"
    write_mel_shard(clips, features, root.joinpath, provenance, output)
    names = ["stft", "mel", "mfcc", "stft_delta", "mel_delta", "mfcc_delta"]
    assert pq.read_schema(output).names[4:] == names
    assert read_record(output)["heights"] == dict(zip(names, [257, 16, 5] * 2, strict=True))
    for row, clip in zip(read_images(output), clips, strict=True):
        (window,) = Frontend(features).windows_of(root / clip.path, clip.start, clip.end)
        assert list(row.images) == names
        for kind, image in row.images.items():
            np.testing.assert_array_equal(image, window.images[kind])


CUT = FeatureParams(n_mels=16, kinds=["mel", "chroma"], window={"frames": 8, "hop": 3, "rest": "shift"})


@pytest.fixture
def cut_shard(corpus, provenance, tmp_path):
    root, clips = corpus
    write_mel_shard(clips, CUT, root.joinpath, provenance, tmp_path / "cut.parquet")
    return tmp_path / "cut.parquet"


def test_windows_are_rows(corpus, cut_shard):
    root, clips = corpus
    rows, expected = list(read_images(cut_shard)), []
    for clip in sorted(clips, key=lambda c: c.clip_id):
        windows = Frontend(CUT).windows_of(root / clip.path, clip.start, clip.end)
        expected += [(clip.clip_id, row_key(clip, CUT.front_end()), window) for window in windows]
    assert len(rows) == len(expected) > 2 * len(clips)
    for row, (clip_id, key, window) in zip(rows, expected, strict=True):
        assert (row.clip_id, row.row_key, row.first_frame) == (clip_id, key, window.first_frame)
        assert {image.shape for image in row.images.values()} == {(16, 8), (12, 8)}
        for kind, image in row.images.items():
            np.testing.assert_array_equal(image, window.images[kind])


def test_windows_copied_are_windows_computed(corpus, provenance, cut_shard, tmp_path, monkeypatch):
    root, clips = corpus
    monkeypatch.setattr(blobs, "ROWS_PER_GROUP", 3)  # a clip lies in several row groups
    small, copied = tmp_path / "small.parquet", tmp_path / "copied.parquet"
    assert write_mel_shard(clips, CUT, root.joinpath, provenance, small) == (5, 0)
    assert pq.read_metadata(small).num_row_groups > len(clips)
    assert write_mel_shard(clips, CUT, root.joinpath, provenance, copied, [cut_shard]) == (0, 5)
    assert copied.read_bytes() == small.read_bytes()
    monkeypatch.undo()
    assert write_mel_shard(clips, CUT, root.joinpath, provenance, copied, [small]) == (0, 5)
    assert copied.read_bytes() == cut_shard.read_bytes()


def test_a_changed_clip_costs_its_windows_only(corpus, provenance, cut_shard, tmp_path):
    root, clips = corpus
    soundfile.write(root / "clip 1.wav", np.random.default_rng(9).standard_normal(9000) * 0.1, 16000)
    changed = [clips[0], replace(clips[1], audio_digest="new"), *clips[2:]]
    output, fresh = tmp_path / "new.parquet", tmp_path / "fresh.parquet"
    assert write_mel_shard(changed, CUT, root.joinpath, provenance, output, [cut_shard]) == (1, 4)
    assert write_mel_shard(changed, CUT, root.joinpath, provenance, fresh) == (5, 0)
    assert output.read_bytes() == fresh.read_bytes() != cut_shard.read_bytes()


def test_clips_of_equal_sound_keep_their_windows_apart(corpus, provenance, tmp_path):
    root, clips = corpus
    twins = [clips[0], replace(clips[0], clip_id="clip 0 again.wav")]
    first, copied = tmp_path / "first.parquet", tmp_path / "copied.parquet"
    write_mel_shard(twins, CUT, root.joinpath, provenance, first)
    assert write_mel_shard(twins, CUT, root.joinpath, provenance, copied, [first]) == (0, 2)
    assert copied.read_bytes() == first.read_bytes()


def test_compressed_shards_hold_the_same_and_give_their_rows(corpus, features, provenance, shard, tmp_path):
    root, clips = corpus
    zstd, plain = features.model_copy(update={"compression": "zstd"}), tmp_path / "plain.parquet"
    computed, copied = tmp_path / "computed.parquet", tmp_path / "copied.parquet"
    assert write_mel_shard(clips, zstd, root.joinpath, provenance, computed) == (5, 0)
    assert write_mel_shard(clips, zstd, root.joinpath, provenance, copied, [shard]) == (0, 5)
    assert write_mel_shard(clips, features, root.joinpath, provenance, plain, [computed]) == (0, 5)
    assert computed.read_bytes() == copied.read_bytes() != shard.read_bytes() == plain.read_bytes()
    assert pq.read_metadata(computed).row_group(0).column(4).compression == "ZSTD"
    for one, other in zip(read_images(computed), read_images(shard), strict=True):
        np.testing.assert_array_equal(one.images["mel"], other.images["mel"])


def test_one_front_end_serves_many_shards(corpus, features, provenance, shard, tmp_path):
    root, clips = corpus
    frontend, output = Frontend(features), tmp_path / "one.parquet"
    for part in (clips[:2], clips):
        write_mel_shard(part, features, root.joinpath, provenance, output, frontend=frontend)
    assert output.read_bytes() == shard.read_bytes()


def test_features_must_be_alike(provenance, tmp_path):
    output = tmp_path / "features.parquet"
    rows = [("a", "key a", 0, np.zeros(4, np.float32)), ("b", "key b", 0, np.zeros(5, np.float32))]
    for wrong in (rows, [rows[0], ("b", "key b", 0, np.zeros(4, np.float16))], []):
        with pytest.raises(EarmarkError):
            write_feature_shard(wrong, provenance, output)
    assert list(tmp_path.glob("*features*")) == []


def test_features_are_streamed(provenance, tmp_path):
    output = tmp_path / "features.parquet"
    write_feature_shard(((f"{n:04}", "key", 0, np.full(3, n, np.float32)) for n in range(1000)), provenance, output)
    assert read_features(output).vectors[:, 2].tolist() == list(range(1000))


def test_a_worker_imports_nothing_heavy(corpus, tmp_path):
    root, clips = corpus
    code = f"""
import sys
from pathlib import Path
from earmark.config import FeatureParams
from earmark.provenance import Provenance
from earmark.shards.schema import ClipRow
from earmark.shards.read import read_images
from earmark.shards.write import write_mel_shard
output = Path({str(tmp_path / "mel.parquet")!r})
root, provenance = Path({str(root)!r}), Provenance("mel", 1, "k")
for earlier in ([], [output]):
    write_mel_shard({clips!r}, FeatureParams(), root.joinpath, provenance, output, earlier)
assert len(list(read_images(output))) == 5
heavy = {{"librosa", "keras", "tensorflow", "pandas", "matplotlib", "sklearn", "mlflow", "numba", "scipy.signal"}}
sys.exit(" ".join(heavy & sys.modules.keys()))
"""
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr.strip() == ""
    )
