import numpy as np
import pytest

from earmark.audio.mel import hz_to_mel, mel_to_hz
from earmark.config import FeatureParams, WindowParams
from earmark.evaluation import pictures


@pytest.mark.parametrize("scale", ["slaney", "htk"])
def test_bands_are_where_the_filterbank_centres_them(scale):
    features = FeatureParams(mel_scale=scale)
    mels = np.linspace(hz_to_mel(features.fmin, scale), hz_to_mel(features.fmax, scale), features.n_mels + 2)
    centres = mel_to_hz(mels, scale)[1:-1]
    assert [pictures.band_of(hz, features) for hz in centres] == pytest.approx(range(features.n_mels))


@pytest.mark.parametrize(
    ("changes", "stored", "shown"),
    [
        ({}, [0, 255], [-80, 0]),
        ({"scale": "minmax"}, [0, 255], [0, 1]),
        ({"dtype": "float16"}, [-30, 0], [-30, 0]),
        ({"kinds": ["chroma"]}, [0, 255], [0, 1]),
        ({"kinds": ["stft", "mel"], "top_db": 60}, [0, 255], [-60, 0]),
        ({"kinds": ["mfcc"], "dtype": "float16"}, [-300, 20], [-300, 20]),
    ],
)
def test_stored_values_become_what_the_kind_measures(changes, stored, shown):
    features = FeatureParams(**changes)
    assert pictures.values(np.array(stored, features.dtype), features) == pytest.approx(shown)


@pytest.mark.parametrize(
    ("changes", "limits"),
    [
        ({}, (-80, 0)),
        ({"dtype": "float16"}, (-80, 0)),
        ({"scale": "minmax"}, (0, 1)),
        ({"kinds": ["chroma"], "dtype": "float16"}, (0, 1)),
        ({"reference": 1.0, "dtype": "float16"}, (-7, 5)),
        ({"kinds": ["mfcc"], "dtype": "float16"}, (-7, 5)),
    ],
)
def test_colours_span_the_kinds_range_or_what_is_drawn(changes, limits):
    drawn = [np.array([[-7.0, 1.0]]), np.array([[0.0, 5.0]])]
    assert pictures.limits(drawn, FeatureParams(**changes)) == limits


def test_a_picture_of_one_value_has_a_range():
    assert pictures.limits([np.full((2, 2), 3.0)], FeatureParams(kinds=["pcen"], dtype="float16")) == (2, 4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ", after trimming (mel bands)"),
        ({"trim_db": None}, " (mel bands)"),
        ({"vad": "energy"}, ", after trimming, without pauses (mel bands)"),
        ({"vad": "webrtc"}, ", after trimming, only where WebRTC hears a voice (mel bands)"),
        ({"window": WindowParams(seconds=2)}, ", after trimming, the first of its windows (mel bands)"),
        (
            {"kinds": ["chroma", "mfcc"], "deltas": 1, "dtype": "float16"},
            ", after trimming (pitch classes; there are mfcc, deltas too)",
        ),
    ],
)
def test_the_caption_says_how_the_clip_was_cut(changes, words):
    assert pictures.caption(FeatureParams(**changes)) == words
