import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from earmark.audio.frontend import Frontend
from earmark.config import FeatureParams
from earmark.errors import EarmarkError
from earmark.provenance import read_record
from earmark.shards.read import read_features, read_mels
from earmark.shards.schema import row_key
from earmark.shards.write import write_feature_shard, write_mel_shard


def test_rows_are_the_front_ends_images_sorted(corpus, features, shard):
    root, clips = corpus
    rows, frontend = list(read_mels(shard)), Frontend(features)
    assert [row.clip_id for row in rows] == sorted(clip.clip_id for clip in clips)
    for row, clip in zip(rows, sorted(clips, key=lambda c: c.clip_id), strict=True):
        assert row.row_key == row_key(clip, features.front_end())
        np.testing.assert_array_equal(row.mel, frontend.image_of(root / clip.path, clip.start, clip.end))


def test_provenance_is_in_the_file(shard, provenance, features):
    record = read_record(shard)
    assert (record["step"], record["key"], record["params"]) == ("mel", provenance.key, features.front_end())
    assert (record["n_mels"], record["dtype"], record["top_db"]) == (16, "uint8", 80)


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
    first = next(read_mels(output))
    assert first.mel.dtype == np.dtype("<f2") and first.mel.max() == 0


def test_features_must_be_alike(provenance, tmp_path):
    output = tmp_path / "features.parquet"
    rows = [("a", "key a", np.zeros(4, np.float32)), ("b", "key b", np.zeros(5, np.float32))]
    for wrong in (rows, [rows[0], ("b", "key b", np.zeros(4, np.float16))], []):
        with pytest.raises(EarmarkError):
            write_feature_shard(wrong, provenance, output)
    assert list(tmp_path.glob("*features*")) == []


def test_features_are_streamed(provenance, tmp_path):
    output = tmp_path / "features.parquet"
    write_feature_shard(((f"{n:04}", "key", np.full(3, n, np.float32)) for n in range(1000)), provenance, output)
    assert read_features(output).vectors[:, 2].tolist() == list(range(1000))


def test_a_worker_imports_nothing_heavy(corpus, tmp_path):
    root, clips = corpus
    code = f"""
import sys
from pathlib import Path
from earmark.config import FeatureParams
from earmark.provenance import Provenance
from earmark.shards.schema import ClipRow
from earmark.shards.read import read_mels
from earmark.shards.write import write_mel_shard
output = Path({str(tmp_path / "mel.parquet")!r})
root, provenance = Path({str(root)!r}), Provenance("mel", 1, "k")
for earlier in ([], [output]):
    write_mel_shard({clips!r}, FeatureParams(), root.joinpath, provenance, output, earlier)
assert len(list(read_mels(output))) == 5
heavy = {{"librosa", "keras", "tensorflow", "pandas", "matplotlib", "sklearn", "mlflow", "numba", "scipy.signal"}}
sys.exit(" ".join(heavy & sys.modules.keys()))
"""
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr.strip() == ""
    )
