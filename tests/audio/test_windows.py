import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.audio.windows import Windows
from earmark.config import FeatureParams, WindowParams

windows = st.builds(
    Windows, st.integers(1, 50), st.integers(1, 60), st.sampled_from(["pad", "repeat", "shift", "drop"])
)


def spectrum(frames):
    return np.arange(1, 2 * frames + 1, dtype=np.float32).reshape(2, frames)


@given(windows, st.integers(1, 300))
def test_every_clip_has_a_window_and_its_end_is_covered(window, frames):
    starts = window.starts(frames)
    assert starts[0] == 0 and starts == sorted(set(starts)) and starts[-1] < frames
    if window.rest == "drop":
        assert starts[-1] + window.length <= max(frames, window.length)
        assert starts[-1] + window.hop + window.length > frames
    if window.hop <= window.length and window.rest != "drop":
        seen = {frame for start in starts for frame in range(start, start + window.length)}
        assert seen >= set(range(frames))


@given(windows, st.integers(1, 300))
def test_windows_hold_the_clips_frames(window, frames):
    clip = spectrum(frames)
    for start in window.starts(frames):
        part = window.cut(clip, start)
        assert part.shape == (2, window.length)
        held = min(window.length, frames - start)
        np.testing.assert_array_equal(part[:, :held], clip[:, start : start + held])
        rest = part[:, held:]
        expected = np.resize(clip[0, start:], window.length)[held:] if window.rest == "repeat" else 0
        np.testing.assert_array_equal(rest[0], expected if window.rest == "repeat" else np.zeros(rest.shape[1]))


@pytest.mark.parametrize(
    ("rest", "starts"), [("pad", [0, 4, 8]), ("repeat", [0, 4, 8]), ("shift", [0, 4, 5]), ("drop", [0, 4])]
)
def test_rules_for_the_rest(rest, starts):
    assert Windows(10, 4, rest).starts(15) == starts


def test_seconds_are_rounded_to_frames():
    features = FeatureParams(window=WindowParams(seconds=1, hop=0.3))
    assert Windows.of(features) == (80, 24, "pad")
    assert Windows.of(FeatureParams(window=WindowParams(frames=100))) == (100, 100, "pad")
    assert Windows.of(FeatureParams()) is None
