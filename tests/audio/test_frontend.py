"""The front end, and the golden images that guard ``versions.MEL``.

To record them again after a deliberate change of the numbers: bump ``versions.MEL``, delete ``golden_mel.npz`` beside
this file and run this test twice.
"""

from pathlib import Path

import librosa
import numpy as np
import pytest

from earmark import versions
from earmark.audio.frontend import Frontend
from earmark.config import FeatureParams, WindowParams

GOLDEN = Path(__file__).with_name("golden_mel.npz")
SETTINGS = {
    "default": FeatureParams(),
    "minmax": FeatureParams(scale="minmax", trim_db=None, n_mels=24, hop_length=400),
    "float16": FeatureParams(dtype="float16", sample_rate=8000, fmax=3800, trim_db=20, top_db=60),
}

KINDS = FeatureParams(
    kinds=["mfcc", "chroma", "contrast", "pcen", "stft"], deltas=1, dtype="float16", n_fft=256, win_length=256,
    vad="energy", power=1, mel_scale="htk", mel_norm="none", window=WindowParams(frames=30, rest="repeat"),
)  # fmt: skip


def reference(samples, features):
    """The image by the naive librosa loop."""
    if features.trim_db:
        samples, _ = librosa.effects.trim(samples, top_db=features.trim_db)
    names = ("n_fft", "win_length", "hop_length", "n_mels", "fmin", "fmax")
    arguments = {name: getattr(features, name) for name in names}
    power = librosa.feature.melspectrogram(y=samples, sr=features.sample_rate, **arguments)
    return librosa.power_to_db(power, ref=np.max, top_db=features.top_db)


def test_grey_levels_span_top_db(speechlike):
    features = FeatureParams()
    found, level = Frontend(features).image(speechlike()), reference(speechlike(), features)
    assert found.dtype == np.uint8 and found.shape == level.shape
    expected = np.round(255 * (level + features.top_db) / features.top_db)
    assert np.abs(found - expected).max() <= 1
    assert (found != expected).mean() <= 1e-3


def test_minmax_spans_the_clip(speechlike):
    features = FeatureParams(scale="minmax", top_db=200)
    found, level = Frontend(features).image(speechlike()), reference(speechlike(), features)
    assert (found.min(), found.max()) == (0, 255)
    assert np.abs(found - np.round(255 * (level - level.min()) / (level.max() - level.min()))).max() <= 1


def test_float16_holds_decibels(speechlike):
    features = FeatureParams(dtype="float16")
    found = Frontend(features).image(speechlike())
    assert found.dtype == np.float16 and found.max() == 0 and found.min() >= -80
    np.testing.assert_allclose(found, reference(speechlike(), features), atol=0.05)


def test_frequency_rises_with_the_row():
    time = np.arange(16000) / 16000
    features = FeatureParams()
    low, high = (Frontend(features).image(np.sin(2 * np.pi * f * time).astype(np.float32)) for f in (300, 5000))
    assert low.mean(axis=1).argmax() < 10 < 30 < high.mean(axis=1).argmax()


@pytest.mark.parametrize("scale", ["top_db", "minmax"])
@pytest.mark.parametrize("dtype", ["uint8", "float16"])
@pytest.mark.parametrize("length", [0, 1, 16000])
def test_silence_is_at_the_bottom_of_the_scale(scale, dtype, length):
    features = FeatureParams(scale=scale, dtype=dtype)
    found = Frontend(features).image(np.zeros(length, np.float32))
    assert found.shape == (40, 1 + length // 200)
    assert np.unique(found).tolist() == [0 if dtype == "uint8" else -80]


def test_one_sample_and_dc_give_images():
    for samples in (np.ones(1, np.float32), np.full(16000, 0.5, np.float32)):
        image = Frontend(FeatureParams()).image(samples)
        assert image.max() == 255 and image.shape[0] == 40


def test_files_bytes_and_parts_agree(audio_file, speechlike):
    path, frontend = audio_file("a.wav", subtype="FLOAT"), Frontend(FeatureParams())
    np.testing.assert_array_equal(frontend.image_of(path), frontend.image(speechlike()))
    np.testing.assert_array_equal(frontend.image_of(path.read_bytes()), frontend.image(speechlike()))
    np.testing.assert_array_equal(frontend.image_of(path, 0.25, 0.75), frontend.image(speechlike()[4000:12000]))


def test_the_caller_keeps_its_samples(speechlike):
    samples = speechlike()
    before = samples.copy()
    Frontend(FeatureParams(trim_db=None)).image(samples)
    np.testing.assert_array_equal(samples, before)


@pytest.fixture
def golden_file(audio_file):
    """A stereo file at 44.1 kHz: decoding, mixing and resampling are covered too, and no library makes its noise."""
    time = np.arange(44100) / 44100
    glide = np.sin(2 * np.pi * (200 * time + 1500 * time**2)) * np.sin(np.pi * time) ** 2
    noise = np.modf(np.sin(np.arange(44100) * 12.9898) * 43758.5453)[0] * 0.01
    return audio_file("golden.wav", np.stack([0.5 * glide + noise, 0.3 * glide], axis=1), 44100)


def test_golden(golden_file):
    found = {name: Frontend(features).image_of(golden_file) for name, features in SETTINGS.items()}
    found |= Frontend(KINDS).windows_of(golden_file)[1].images
    if not GOLDEN.exists():
        np.savez_compressed(GOLDEN, version=versions.MEL, **found)
        pytest.fail(f"{GOLDEN} was absent and is now recorded; run the test again")
    golden = np.load(GOLDEN)
    assert golden["version"] == versions.MEL, f"versions.MEL was bumped: delete {GOLDEN} and record it again"
    for name, image in found.items():
        assert same_picture(image, golden[name]), f"the numbers of '{name}' changed: bump versions.MEL"


def same_picture(image, golden):
    """Equal but for the rounding of another processor's arithmetic: one step on a hundredth of the pixels."""
    if image.shape != golden.shape or image.dtype != golden.dtype:
        return False
    steps = np.abs(image.astype(float) - golden.astype(float))
    return steps.max() <= (1 if image.dtype == np.uint8 else 0.1) and np.mean(steps > 0) < 0.01


def test_the_golden_test_would_notice(golden_file):
    golden = np.load(GOLDEN)["default"]
    for change in ({"fmin": 70}, {"top_db": 79}, {"win_length": 402}, {"trim_db": 20}):
        assert not same_picture(Frontend(FeatureParams(**change)).image_of(golden_file), golden), change


def test_windows_are_clips_of_their_own(speechlike):
    samples, part = speechlike(3.0), {"seconds": 1, "hop": 0.5}
    features = FeatureParams(trim_db=None, window=WindowParams(**part))
    windows = Frontend(features).windows(samples)
    assert [window.first_frame for window in windows] == [0, 40, 80, 120, 160, 200]
    for window in windows:
        assert window.images["mel"].shape == (40, 80) and window.images["mel"].max() == 255
    second = Frontend(FeatureParams(trim_db=None)).image(samples[8000:24000])
    np.testing.assert_allclose(windows[1].images["mel"][:, 4:-4], second[:, 4:76], atol=2)


def test_short_clips_fill_their_window_with_silence_or_themselves(speechlike):
    for rest, filled in (("pad", False), ("repeat", True), ("shift", False), ("drop", False)):
        features = FeatureParams(trim_db=None, window=WindowParams(seconds=2, rest=rest))
        [window] = Frontend(features).windows(speechlike(0.5))
        assert window.images["mel"].shape == (40, 160)
        assert bool(window.images["mel"][:, 60:].any()) == filled


def test_several_kinds_share_one_time_axis(speechlike):
    features = FeatureParams(kinds=["mel", "chroma"], deltas=2, scale="minmax")
    [window], frontend = Frontend(features).windows(speechlike()), Frontend(features)
    heights = {kind: image.shape[0] for kind, image in window.images.items()}
    assert heights == frontend.heights() and len({image.shape[1] for image in window.images.values()}) == 1
    assert list(heights) == ["mel", "chroma", "mel_delta", "mel_delta2", "chroma_delta", "chroma_delta2"]
    np.testing.assert_array_equal(window.images["mel"], frontend.image(speechlike()))


@pytest.mark.parametrize("vad", ["trim", "energy"])
def test_pauses_are_cut_as_asked(speechlike, vad):
    samples = np.concatenate([speechlike(1), np.zeros(16000, np.float32), speechlike(1)])
    frames = Frontend(FeatureParams(vad=vad)).image(samples).shape[1]
    assert frames < 180 if vad == "energy" else frames > 200
    if vad == "trim":
        np.testing.assert_array_equal(
            Frontend(FeatureParams(vad=vad)).image(samples), Frontend(FeatureParams()).image(samples)
        )


def test_every_kind_survives_odd_sounds():
    features = FeatureParams(
        kinds=["mel", "stft", "mfcc", "chroma", "contrast", "pcen"], deltas=2, dtype="float16", trim_db=None
    )
    for samples in (np.zeros(0), np.zeros(9000), np.ones(1), np.full(5000, 0.5), np.eye(1, 4000, 2000)[0]):
        [window] = Frontend(features).windows(samples.astype(np.float32))
        assert all(np.isfinite(image).all() for image in window.images.values())


@pytest.mark.parametrize("power", [1, 2])
def test_the_power_of_a_file_is_what_its_image_shows_before_anything_is_cut(audio_file, speechlike, power):
    path = audio_file("a.wav", np.concatenate([np.zeros(8000), speechlike(), np.zeros(8000)]), subtype="FLOAT")
    features = FeatureParams(trim_db=None, power=power, dtype="float16")
    found = Frontend(features).mel_power(path)
    assert found.shape == (40, 1 + (16000 + len(speechlike())) // 200) and found.dtype == np.float32
    level = 10 * np.log10(np.maximum(found, 1e-20) / found.max())
    np.testing.assert_allclose(np.maximum(level, -80), Frontend(features).image_of(path), atol=0.05)
    trimming = Frontend(FeatureParams(trim_db=20, power=power, window=WindowParams(seconds=0.5)))
    np.testing.assert_array_equal(trimming.mel_power(path), found)
