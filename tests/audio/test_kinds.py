import librosa
import numpy as np
import pytest

from earmark.audio.kinds import Kinds, band_hertz
from earmark.config import FeatureParams

ALL = ["mel", "stft", "mfcc", "chroma", "pcen", "contrast"]


def images(samples, **settings):
    kinds = Kinds(FeatureParams(dtype="float16", **settings))
    return kinds.images(kinds.spectra(samples))


def librosa_images(y, features):
    """The same by librosa's own functions, each from the samples."""
    frame = {"n_fft": features.n_fft, "hop_length": features.hop_length, "win_length": features.win_length}
    bands = {"n_mels": features.n_mels, "fmin": features.fmin, "fmax": features.fmax}
    power = np.abs(librosa.stft(y, **frame)) ** 2
    mel = librosa.feature.melspectrogram(S=power, sr=features.sample_rate, n_fft=features.n_fft, **bands)
    level = librosa.power_to_db(mel, ref=np.max, top_db=features.top_db)
    return {
        "mel": level,
        "stft": librosa.power_to_db(power, ref=np.max, top_db=features.top_db),
        "mfcc": librosa.feature.mfcc(S=level, n_mfcc=features.n_mfcc),
        "chroma": librosa.feature.chroma_stft(S=power, sr=features.sample_rate, n_fft=features.n_fft),
        "contrast": librosa.feature.spectral_contrast(S=np.sqrt(power), sr=features.sample_rate),
        "pcen": librosa.pcen(mel * 2**31, sr=features.sample_rate, hop_length=features.hop_length),
    }


TOLERANCE = {"mel": 0.01, "stft": 0.05, "mfcc": 0.05, "chroma": 1e-3, "contrast": 0.02, "pcen": 2e-3}


def assert_close(found, expected, kind):
    """Within the tolerance; contrast's valleys lie at float32's noise, where a frame in a hundred may differ more."""
    difference = np.abs(found - expected)
    assert np.quantile(difference, 0.99) <= TOLERANCE[kind]
    assert difference.max() <= (0.5 if kind == "contrast" else TOLERANCE[kind])


@pytest.mark.parametrize("kind", ALL)
def test_each_kind_is_librosas(speechlike, kind):
    features = FeatureParams(dtype="float16")
    found, expected = images(speechlike(1.5), kinds=[kind])[kind], librosa_images(speechlike(1.5), features)[kind]
    assert found.shape == expected.shape
    assert_close(found, expected, kind)


@pytest.mark.real
def test_real_clips(real_clips):
    from earmark.audio.decode import decode

    features = FeatureParams(dtype="float16")
    for path in real_clips:
        samples, _ = decode(path, 16000)
        found, expected = images(samples, kinds=ALL[:-1]), librosa_images(samples, features)
        for kind in ALL[:-1]:  # where a codec left nothing, contrast tells the ups and downs of rounding errors
            assert_close(found[kind], expected[kind], kind)


def test_deltas_follow_all_kinds(speechlike):
    found = images(speechlike(), kinds=["mel", "mfcc"], deltas=2)
    assert list(found) == ["mel", "mfcc", "mel_delta", "mel_delta2", "mfcc_delta", "mfcc_delta2"]
    np.testing.assert_allclose(found["mfcc_delta2"], librosa.feature.delta(found["mfcc"], order=2), atol=1e-3)


def test_an_absolute_reference_keeps_loudness(speechlike):
    loud, soft = (images(gain * speechlike(), kinds=["mel"], reference=1.0)["mel"] for gain in (1, 0.1))
    np.testing.assert_allclose(loud - soft, 20, atol=0.01)
    relative = images(speechlike(), kinds=["mel"])["mel"]
    np.testing.assert_allclose(loud - loud.max(), relative, atol=1e-4)


def test_magnitudes_have_the_same_range_of_levels(speechlike):
    power, magnitude = (images(speechlike(), kinds=["mel"], power=p)["mel"] for p in (2, 1))
    assert magnitude.min() >= -80 and np.abs(power - magnitude).mean() < 3


def test_limits_are_those_of_the_kind():
    kinds = Kinds(FeatureParams(kinds=["mel", "chroma", "mfcc"], dtype="float16", top_db=60))
    assert [kinds.limits(name) for name in ("mel", "chroma", "mfcc", "mel_delta")] == [(-60, 0), (0, 1), None, None]


def test_heights_and_bands_are_those_of_the_settings():
    features = FeatureParams(kinds=["mel", "stft", "mfcc", "chroma", "contrast"], deltas=1, scale="minmax")
    heights = {"mel": 40, "stft": 257, "mfcc": 20, "chroma": 12, "contrast": 7}
    assert Kinds(features).heights() == heights | {f"{kind}_delta": height for kind, height in heights.items()}
    hertz = band_hertz(features)
    assert len(hertz) == 40 and 60 < hertz[0] < hertz[-1] < 7600 and (np.diff(hertz) > 0).all()
