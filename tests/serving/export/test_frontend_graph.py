"""The front end's translation against the front end itself: all settings that it knows, on sounds and on speech."""

import numpy as np
import pytest

from earmark.audio.decode import decode
from earmark.audio.frontend import Frontend
from earmark.config import FeatureParams
from earmark.errors import EarmarkError
from earmark.serving.export import frontend_graph
from earmark.serving.export.graph import Graph

ALIKE = 0.999
"""Least share of grey levels that must be equal; the others are one level away."""

SETTINGS = {
    "standard": {},
    "untrimmed": {"trim_db": None},
    "pauses cut": {"vad": "energy", "trim_db": 25},
    "odd FFT": {"n_fft": 320, "win_length": 300, "hop_length": 160},
    "magnitudes on the HTK scale": {"power": 1, "mel_scale": "htk", "mel_norm": "none"},
    "stft": {"kinds": ["stft"]},
    "two kinds": {"kinds": ["mel", "stft"], "n_mels": 257},
    "mfcc": {"kinds": ["mfcc"], "dtype": "float16"},
    "mfcc in grey": {"kinds": ["mfcc"], "scale": "minmax"},
    "a fixed reference": {"reference": 1.0, "dtype": "float16"},
    "half precision": {"dtype": "float16"},
    "of the clip's range": {"scale": "minmax"},
    "of the clip's range, a number of bands that no vector has": {"scale": "minmax", "n_mels": 43},
    "windows, padded": {"window": {"frames": 50, "hop": 30}},
    "windows, repeated": {"window": {"seconds": 0.9, "rest": "repeat"}},
    "windows, moved back": {"window": {"frames": 40, "hop": 25, "rest": "shift"}},
    "stft in windows": {"kinds": ["stft"], "window": {"frames": 60}, "trim_db": None},
    "windows, left out": {"window": {"frames": 60, "rest": "drop"}},
}


def translated(computed, features, samples):
    """Images by kind of all windows, (windows, rows, frames)."""
    graph = Graph("front")
    images = frontend_graph.images(graph, "waveform", features)
    return dict(zip(images, computed(graph, list(images.values()), waveform=samples), strict=True))


def compare(computed, features, sounds):
    frontend, equal, pixels = Frontend(features), 0, 0
    for samples in sounds:
        windows, found = frontend.windows(samples), translated(computed, features, samples)
        for kind in features.kinds:
            expected = np.stack([window.images[kind] for window in windows]).astype(np.float32)
            assert found[kind].shape == expected.shape
            difference = np.abs(found[kind] - expected)
            step = 1 if features.dtype == "uint8" else np.abs(expected).max() * 2**-9
            assert difference.max() <= step
            equal, pixels = equal + (difference <= step / 2).sum(), pixels + difference.size
    assert equal / pixels >= ALIKE


@pytest.mark.parametrize("name", SETTINGS)
def test_images_are_those_of_the_front_end(computed, sounds, name):
    compare(computed, FeatureParams(**SETTINGS[name]), sounds)


@pytest.mark.real
@pytest.mark.parametrize("name", ["standard", "pauses cut", "odd FFT", "windows, moved back"])
def test_images_of_recorded_speech(computed, shared_data, name):
    files = sorted((shared_data / "speech_commands").rglob("*.*"))[::200][:20]
    compare(computed, FeatureParams(**SETTINGS[name]), [decode(path, 16000)[0] for path in files])


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"kinds": ["chroma"]}, "kinds: chroma"),
        ({"kinds": ["pcen"], "dtype": "float16"}, "kinds: pcen"),
        ({"vad": "webrtc"}, "vad: webrtc"),
        ({"deltas": 1, "dtype": "float16"}, "deltas: 1"),
    ],
)
def test_what_has_no_form_on_a_device_is_named(setting, words):
    with pytest.raises(EarmarkError, match=f"features.{words} has no form on a device"):
        frontend_graph.refuse(FeatureParams(**setting))
    frontend_graph.refuse(FeatureParams())
