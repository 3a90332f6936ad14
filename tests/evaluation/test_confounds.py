import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.config import SplitParams
from earmark.errors import EarmarkError
from earmark.evaluation.confounds import confounds, read_confounds
from earmark.provenance import Provenance
from earmark.shards.blobs import BlobWriter
from earmark.shards.schema import mel_schema

BANDS = 8


def write(folder, change=None, speakers=10, n=120, windows=1):
    """Clips whose label nothing tells, unless ``change(row, image, label)`` puts it somewhere."""
    rng = np.random.default_rng(0)
    rows, images = [], {}
    for i in range(n):
        label = i % 2
        row = {"clip_id": f"{i:03d}", "label": "ab"[label], "split": "train", "speaker": f"{label}{i // 2 % speakers}"}
        row |= {"source": "table", "duration": rng.uniform(1, 3), "level": rng.normal(-20, 3), "codec": "WAV PCM_16"}
        row |= {"sample_rate": 16000, "channels": 1, "bytes": int(rng.integers(30000, 90000))}
        image = rng.integers(60, 200, (BANDS, 50)).astype(np.uint8)
        image[:, :5] //= 10
        if change:
            change(row, image, label)
        rows.append(row)
        images[row["clip_id"]] = image
    manifest, shard = folder / "manifest.parquet", folder / "all.parquet"
    pq.write_table(pa.Table.from_pylist(rows), manifest)
    heights = {"mel": BANDS, "chroma": 2}
    schema = Provenance("mel", 2, "k").stamp(mel_schema(heights), heights=heights, dtype="uint8", top_db=80)
    with BlobWriter(shard, schema) as writer:
        for name, image in sorted(images.items()):
            for first, part in enumerate(np.split(image, windows, axis=1)):
                writer.add(name, name, first * part.shape[1], part.shape[1], part.tobytes(), bytes(2 * part.shape[1]))
    return manifest, [shard]


def probe(folder, change=None, by="speaker", **sizes):
    manifest, mels = write(folder, change, **sizes)
    return confounds(manifest, mels, SplitParams(by=by), folder / "out", Provenance("confounds", 1, "c"))


def telling(found):
    return {name for name, scores in found["probes"].items() if scores["ci95"][0] > 0.7}


def test_clean_data_tells_nothing(tmp_path):
    found = probe(tmp_path)
    assert telling(found) == set()
    assert (found["chance"], found["clips"], found["grouped_by"], found["folds"]) == (0.5, 120, "speaker", 5)
    assert read_confounds(tmp_path / "out") == found == json.loads((tmp_path / "out/confounds.json").read_text())


def test_synthetic_speech_is_not_probed(tmp_path):
    def spoken(row, image, label):
        if int(row["clip_id"]) >= 100:
            row.update(source="synthetic", duration=9.0 * label, codec="FLAC PCM_16")

    found = probe(tmp_path, spoken)
    assert (found["clips"], telling(found)) == (100, set())


def longer(row, image, label):
    row["duration"] += 2 * label


def louder(row, image, label):
    row["level"] += 12 * label


def encoded(row, image, label):
    row["codec"] = ("WAV PCM_16", "MP3 MPEG_LAYER_III")[label]


def humming(row, image, label):
    image[2, :5] += np.uint8(40 * label)


def coloured(row, image, label):
    image[6, 5:] = np.minimum(255, image[6, 5:] + 30.0 * label)


@pytest.mark.parametrize(
    ("change", "names"),
    [(longer, {"duration"}), (louder, {"level"}), (encoded, {"file"}), (coloured, {"spectrum"})],
)
def test_what_tells_the_labels_is_found_by_its_probe_only(tmp_path, change, names):
    assert telling(probe(tmp_path, change)) == names


def test_a_hum_in_the_pauses_is_found(tmp_path):
    assert "silence" in telling(probe(tmp_path, humming))


def test_a_clip_cut_into_windows_is_probed_as_a_whole(tmp_path):
    for folder in ("whole", "cut"):
        (tmp_path / folder).mkdir()
    whole, cut = (probe(tmp_path / folder, coloured, windows=n) for folder, n in (("whole", 1), ("cut", 5)))
    assert cut == whole


def test_what_belongs_to_the_voice_is_not_found_across_voices(tmp_path):
    """Each speaker has a level of its own: within speakers it tells the label, for a new speaker it does not."""

    def own_level(row, image, label):
        row["level"] = -20 - 3 * (int(row["speaker"][1:]) * 2 + (label if int(row["speaker"][1:]) % 2 else 1 - label))

    assert telling(probe(tmp_path, own_level, by="random", speakers=5)) == {"level"}
    assert telling(probe(tmp_path, own_level, by="speaker", speakers=5)) == set()


def test_one_speaker_per_class_cannot_be_cross_validated(tmp_path):
    found = probe(tmp_path, speakers=1)
    assert (found["folds"], found["probes"]) == (0, {})


def test_a_missing_image_is_an_error_in_words(tmp_path):
    manifest, _ = write(tmp_path)
    with pytest.raises(EarmarkError, match="120 clips are missing"):
        confounds(manifest, [], SplitParams(), tmp_path / "out", Provenance("confounds", 1, "c"))
    with pytest.raises(EarmarkError, match="no usable confounds"):
        read_confounds(tmp_path)


def test_parts_of_one_length_have_no_duration_to_tell(tmp_path):
    def cut(row, image, label):
        row["duration"] = 3.48 - 1.16 if int(row["clip_id"]) % 3 else 2.32

    assert probe(tmp_path, cut)["probes"]["duration"]["balanced_accuracy"] == 0.5
