import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.decode import decode
from earmark.audio.vad import trim_bounds


def reference(samples, top_db, **lengths):
    return tuple(int(bound) for bound in librosa.effects.trim(samples, top_db=top_db, **lengths)[1])


@st.composite
def signals(draw):
    """Noise whose level jumps from piece to piece, some pieces digital silence."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    pieces = draw(st.lists(st.tuples(st.integers(1, 6000), st.floats(-90, 0)), min_size=1, max_size=6))
    wave = [random.standard_normal(n) * (0 if level < -80 else 10 ** (level / 20)) for n, level in pieces]
    return np.concatenate(wave).astype(np.float32)


@settings(max_examples=150, deadline=None)
@given(signals(), st.floats(5, 70))
def test_equals_librosa(samples, top_db):
    assert trim_bounds(samples, top_db) == reference(samples, top_db)


@settings(max_examples=80, deadline=None)
@given(signals(), st.floats(5, 60), st.integers(2, 1500), st.integers(1, 900))
def test_equals_librosa_at_any_lengths(samples, top_db, frame_length, hop_length):
    lengths = {"frame_length": frame_length, "hop_length": hop_length}
    assert trim_bounds(samples, top_db, **lengths) == reference(samples, top_db, **lengths)


@pytest.mark.parametrize("length", [1, 511, 512, 513, 2048, 5000])
def test_edges(length):
    for samples in (np.zeros(length, np.float32), np.ones(length, np.float32), np.eye(1, length, 0, np.float32)[0]):
        assert trim_bounds(samples, 30) == reference(samples, 30)


def test_nothing_stays_nothing():
    assert trim_bounds(np.zeros(0, np.float32), 30) == (0, 0)


@pytest.mark.real
def test_real_clips(real_clips):
    for path in real_clips:
        samples, _ = decode(path, 16000)
        for top_db in (10, 20, 30, 45, 60):
            assert trim_bounds(samples, top_db) == reference(samples, top_db)
