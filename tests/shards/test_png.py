import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from earmark.audio.decode import decode
from earmark.errors import EarmarkError
from earmark.shards.png import export_png, png, safe_name

CLIPS = ("clip 0.wav", "clip 1.wav", "clip 2.wav", "clip 3.wav", "clip 3.wav#0.1-0.3")
LABELS = ("down", "up", "down", "up", "down")


def image(seed, kind="mel", dtype="uint8", frames=30):
    levels = np.random.default_rng(seed).integers(0, 256, (16 if kind == "mel" else 5, frames))
    return (levels if dtype == "uint8" else levels * (80 / 255) - 80).astype(dtype)


def opened(path):
    return np.asarray(Image.open(path))


@pytest.fixture
def shard(image_shard, tmp_path):
    """Five clips, two kinds of images of each."""
    rows = [(clip, 0, {"mel": image(i), "chroma": image(i, "chroma")}) for i, clip in enumerate(CLIPS)]
    return image_shard(tmp_path / "all.parquet", rows, params={"window": None})


@pytest.fixture
def windows(image_shard, tmp_path):
    """Three windows of each clip, which names would put in another order without their zeros."""
    rows = [(clip, 96 * n, {"mel": image(n, frames=12)}) for clip in CLIPS for n in (0, 1, 11)]
    return image_shard(tmp_path / "windows.parquet", rows, params={"window": {"frames": 12}})


@pytest.fixture
def manifest(tmp_path):
    table = {"clip_id": CLIPS, "split": ["train"] * 4 + ["test"], "label": LABELS}
    pq.write_table(pa.table(table), tmp_path / "manifest.parquet")
    return tmp_path / "manifest.parquet"


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_png_round_trip(picture):
    image = Image.open(io.BytesIO(png(picture)))
    assert image.mode == "L"
    np.testing.assert_array_equal(np.asarray(image), picture)


@given(st.integers(1, 300), st.integers(1, 500), st.integers(0, 3), st.integers(0, 99))
def test_smooth_pictures_round_trip(height, width, smooth, seed):
    """Values near their neighbours, where the filters' choices and ties matter."""
    steps = np.random.default_rng(seed).integers(-smooth, smooth + 1, (height, width))
    picture = (steps.cumsum(axis=0).cumsum(axis=1) & 255).astype(np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(picture[::-1])))), picture[::-1])


@given(st.lists(st.text(max_size=300), unique=True, max_size=20))
def test_names_are_safe_and_unique(texts):
    names = [safe_name(text) for text in texts]
    assert len(set(names)) == len(names)
    for name in names:
        assert name and "/" not in name and not name.startswith(".") and len(f"{name}@000000.png".encode()) <= 255


def test_harmless_names_are_kept():
    assert safe_name("common_voice_en_1.mp3") == "common_voice_en_1.mp3"
    assert safe_name("数字") == "数字"
    assert safe_name("en/a.wav#0.5-1").startswith("en_a.wav_0.5-1-")


def test_pictures_lie_by_split_and_label(manifest, shard, tmp_path):
    folder = tmp_path / "png"
    assert export_png(manifest, [shard], folder) == 5
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    assert [name.rsplit("/", 1)[0] for name in found] == ["test/down", *["train/down"] * 2, *["train/up"] * 2]
    path = folder / "train" / "down" / f"{safe_name('clip 0.wav')}.png"
    np.testing.assert_array_equal(opened(path), image(0)[::-1])


def test_any_kind_can_be_written(manifest, shard, tmp_path):
    assert export_png(manifest, [shard], tmp_path / "png", "chroma") == 5
    path = tmp_path / "png" / "train" / "down" / f"{safe_name('clip 2.wav')}.png"
    np.testing.assert_array_equal(opened(path), image(2, "chroma")[::-1])
    with pytest.raises(EarmarkError):
        export_png(manifest, [shard], tmp_path / "png", "mfcc")


def test_windows_are_named_in_order_of_time(manifest, windows, tmp_path):
    folder = tmp_path / "png"
    assert export_png(manifest, [windows], folder) == 15
    name = safe_name("clip 1.wav")
    found = sorted((folder / "train" / "up").glob(f"{name}@*.png"))
    assert [path.name for path in found] == [f"{name}@{frame}.png" for frame in ("000000", "000096", "001056")]
    for path, number in zip(found, (0, 1, 11), strict=True):
        np.testing.assert_array_equal(opened(path), image(number, frames=12)[::-1])


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


def test_whole_clips_replace_windows(manifest, shard, windows, tmp_path):
    export_png(manifest, [windows], tmp_path / "png")
    assert export_png(manifest, [shard], tmp_path / "png") == len(list((tmp_path / "png").rglob("*.png"))) == 5


def test_a_folder_with_other_things_is_refused(manifest, shard, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work")
    with pytest.raises(EarmarkError, match=r"thesis\.txt"):
        export_png(manifest, [shard], tmp_path / "home")
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.txt"]


def test_what_is_no_shard_is_named(manifest, tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"no shard")
    with pytest.raises(EarmarkError, match=r"bad\.parquet: not a readable shard"):
        export_png(manifest, [tmp_path / "bad.parquet"], tmp_path / "png")
    with pytest.raises(EarmarkError, match=r"manifest\.parquet: not a readable shard"):
        export_png(manifest, [manifest], tmp_path / "png")


def test_decibels_become_grey_and_other_halves_their_own_range(manifest, image_shard, tmp_path):
    rows = [
        (c, 0, {"mel": image(i, dtype="float16"), "mfcc": image(i, "mfcc", "float16")}) for i, c in enumerate(CLIPS)
    ]
    half = image_shard(tmp_path / "half.parquet", rows)
    export_png(manifest, [half], tmp_path / "mel")
    export_png(manifest, [half], tmp_path / "mfcc", "mfcc")
    for seed, clip in enumerate(CLIPS[:4]):
        name = f"train/{LABELS[seed]}/{safe_name(clip)}.png"
        assert np.abs(opened(tmp_path / "mel" / name)[::-1].astype(int) - image(seed)).max() <= 1
        grey = opened(tmp_path / "mfcc" / name)
        assert (grey.min(), grey.max()) == (0, 255)


def test_keras_reads_the_folders(manifest, shard, tmp_path):
    import keras

    export_png(manifest, [shard], tmp_path / "png")
    data = keras.utils.image_dataset_from_directory(
        tmp_path / "png" / "train", color_mode="grayscale", image_size=(16, 30), batch_size=4, verbose=False
    )
    images, labels = next(iter(data))
    assert data.class_names == ["down", "up"]
    assert images.shape == (4, 16, 30, 1) and sorted(np.asarray(labels).tolist()) == [0, 0, 1, 1]


def speech_images(shared_data, count):
    """Log-mel images (224, 480) of readers, 80 dB deep, through librosa: 25 ms windows every 12.5 ms."""
    import librosa

    samples, images = np.empty(0, np.float32), []
    for path in sorted((shared_data / "gender_librispeech").rglob("*.flac")):
        samples = np.concatenate([samples, decode(path, 16000)[0]])
        while len(samples) >= 480 * 200 and len(images) < count:
            mel = librosa.feature.melspectrogram(
                y=samples[: 479 * 200], sr=16000, n_fft=1024, win_length=400, hop_length=200, n_mels=224, fmin=200
            )
            level = librosa.power_to_db(mel, ref=np.max, top_db=80)
            images.append(np.rint((level + 80) * (255 / 80)).astype(np.uint8, order="C")[::-1])
            samples = samples[480 * 200 :]
        if len(images) == count:
            break
    return images


def pillow(picture):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.real
def test_speech_is_as_small_as_pillow_makes_it(shared_data):
    pictures = speech_images(shared_data, 20)
    assert {picture.shape for picture in pictures} == {(224, 480)}
    ours, pillows = (sum(len(encode(picture)) for picture in pictures) for encode in (png, pillow))
    assert ours <= 1.05 * pillows
