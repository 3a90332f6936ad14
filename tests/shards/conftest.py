"""A small corpus of WAV files and what the manifest would say about it."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from earmark.config import FeatureParams
from earmark.provenance import Provenance
from earmark.shards.schema import ClipRow
from earmark.shards.write import write_mel_shard

FEATURES = FeatureParams(n_mels=16)


@pytest.fixture
def features():
    return FEATURES


@pytest.fixture
def corpus(tmp_path):
    """(root, clips): five files below ``root``, the last clip a part of the fourth file."""
    root, clips = tmp_path / "corpus", []
    root.mkdir()
    for index in range(4):
        random = np.random.default_rng(index)
        path = root / f"clip {index}.wav"
        soundfile.write(path, random.standard_normal(4000 + 1000 * index) * 0.1, 16000)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        clips.append(ClipRow(path.name, path.name, None, None, digest))
    clips.append(ClipRow("clip 3.wav#0.1-0.3", "clip 3.wav", 0.1, 0.3, digest))
    return root, clips


@pytest.fixture
def provenance():
    return Provenance("mel", 1, "0" * 20, FEATURES.front_end(), {"clips": 5})


@pytest.fixture
def shard(corpus, provenance, tmp_path):
    root, clips = corpus
    write_mel_shard(clips, FEATURES, root.joinpath, provenance, tmp_path / "mel" / "all.parquet")
    return tmp_path / "mel" / "all.parquet"


@pytest.fixture
def manifest(corpus, tmp_path):
    """Clip id, split and label of the corpus, as prepare writes them."""
    _, clips = corpus
    labels = ["down", "up", "down", "up", "down"]
    table = {"clip_id": [c.clip_id for c in clips], "split": ["train"] * 4 + ["test"], "label": labels}
    pq.write_table(pa.table(table), tmp_path / "manifest.parquet")
    return tmp_path / "manifest.parquet"
