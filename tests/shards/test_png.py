import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from earmark.config import FeatureParams
from earmark.errors import EarmarkError
from earmark.shards.png import export_png, png, safe_name
from earmark.shards.read import read_mels
from earmark.shards.write import write_mel_shard


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_png_round_trip(picture):
    image = Image.open(io.BytesIO(png(picture)))
    assert image.mode == "L"
    np.testing.assert_array_equal(np.asarray(image), picture)


@given(st.lists(st.text(max_size=300), unique=True, max_size=20))
def test_names_are_safe_and_unique(texts):
    names = [safe_name(text) for text in texts]
    assert len(set(names)) == len(names)
    for name in names:
        assert name and "/" not in name and not name.startswith(".") and len(f"{name}.png".encode()) <= 255


def test_harmless_names_are_kept():
    assert safe_name("common_voice_en_1.mp3") == "common_voice_en_1.mp3"
    assert safe_name("数字") == "数字"
    assert safe_name("en/a.wav#0.5-1").startswith("en_a.wav_0.5-1-")


def test_pictures_lie_by_split_and_label(manifest, shard, tmp_path):
    folder = tmp_path / "png"
    assert export_png(manifest, [shard], folder) == 5
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    assert [name.rsplit("/", 1)[0] for name in found] == ["test/down", *["train/down"] * 2, *["train/up"] * 2]
    mel = next(read_mels(shard)).mel
    path = next(folder.glob(f"train/down/{safe_name('clip 0.wav')}.png"))
    np.testing.assert_array_equal(np.asarray(Image.open(path)), mel[::-1])


def test_the_set_is_exact_and_right_files_are_not_touched(manifest, shard, tmp_path):
    folder = tmp_path / "png"
    export_png(manifest, [shard], folder)
    wanted = {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")}
    stale, wrong = folder / "val" / "left" / "old.png", next(iter(wanted))
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"old")
    content = wrong.read_bytes()
    wrong.write_bytes(b"wrong")
    assert export_png(manifest, [shard], folder) == 5
    assert {path for path in folder.rglob("*") if path.is_file()} == set(wanted)
    assert not stale.parent.parent.exists() and wrong.read_bytes() == content
    assert all(path.stat().st_mtime_ns == time for path, time in wanted.items() if path != wrong)


def test_a_folder_with_other_things_is_refused(manifest, shard, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work")
    with pytest.raises(EarmarkError, match=r"thesis\.txt"):
        export_png(manifest, [shard], tmp_path / "home")
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.txt"]


def test_decibels_become_grey(corpus, provenance, manifest, shard, tmp_path):
    root, clips = corpus
    half = tmp_path / "half.parquet"
    write_mel_shard(clips, FeatureParams(n_mels=16, dtype="float16"), root.joinpath, provenance, half)
    export_png(manifest, [half], tmp_path / "half")
    export_png(manifest, [shard], tmp_path / "full")
    for path in (tmp_path / "half").rglob("*.png"):
        full = np.asarray(Image.open(tmp_path / "full" / path.relative_to(tmp_path / "half"))).astype(int)
        assert np.abs(np.asarray(Image.open(path)) - full).max() <= 1


def test_keras_reads_the_folders(manifest, shard, tmp_path):
    keras = pytest.importorskip("keras")
    export_png(manifest, [shard], tmp_path / "png")
    data = keras.utils.image_dataset_from_directory(
        tmp_path / "png" / "train", color_mode="grayscale", image_size=(16, 30), batch_size=4, verbose=False
    )
    images, labels = next(iter(data))
    assert data.class_names == ["down", "up"]
    assert images.shape == (4, 16, 30, 1) and sorted(np.asarray(labels).tolist()) == [0, 0, 1, 1]
