"""The picture of a clip: what lies where on its axes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.audio.kinds import Kinds
from earmark.config import FeatureParams
from earmark.evaluation.clip_plot import Clip, _pieces, clip, cuts
from earmark.evaluation.style import DARK, LIGHT, png

RATE, HOP = 16000, 200
FEATURES = FeatureParams()

bounds = st.lists(st.integers(0, 20000), min_size=0, max_size=8, unique=True).map(sorted)
parts = bounds.map(lambda b: [(b[i], b[i + 1]) for i in range(0, len(b) - 1, 2)])


def drawn(features=FEATURES, parts=((1600, 8000),), windows=((0, 33),), length=16000):
    samples = np.random.default_rng(0).standard_normal(length).astype(np.float32) * 0.1
    kept = np.concatenate([samples[a:b] for a, b in parts]) if parts else samples[:0]
    kinds = Kinds(features.model_copy(update={"window": None}))
    return Clip("noise", samples, list(parts), kinds.images(kinds.spectra(kept)), list(windows), features)


def figure(shown, theme=LIGHT):
    figures = []

    def draw(theme):
        figures.append(clip(theme, shown))
        return figures[0]

    assert png(draw, theme).startswith(b"\x89PNG")
    return figures[0]


@given(parts, st.integers(0, 5000))
def test_parts_and_cuts_make_the_whole(parts, tail):
    length = (parts[-1][1] if parts else 0) + tail
    found = cuts(parts, length)
    whole = sorted([*parts, *found["ends"], *found["inside"]])
    assert sum(b - a for a, b in whole) == length and all(one[1] == two[0] for one, two in pairwise(whole))
    assert all(parts[0][1] <= a < b <= parts[-1][0] for a, b in found["inside"])


@given(parts, st.integers(1, 500))
def test_every_frame_is_drawn_once_at_its_own_place(parts, hop):
    joined = np.concatenate([np.empty(0, int), *(np.arange(a, b) for a, b in parts)])
    frames = 1 + len(joined) // hop
    pieces = _pieces(parts, hop, frames)
    covered = [k for columns, _ in pieces for k in range(columns.start, columns.stop)]
    assert covered == (list(range(frames)) if pieces else [])
    for columns, left in pieces:
        for k in range(columns.start, columns.stop):
            if k * hop < len(joined):
                assert left + (k - columns.start) * hop + hop / 2 == joined[k * hop]


def test_time_in_the_clip_of_a_time_in_the_image():
    shown = drawn(parts=((1600, 3200), (8000, 9600)))
    assert shown.seconds(0) == 0.1 and shown.seconds(1600) == 0.5 and shown.seconds(1600, end=True) == 0.2
    assert shown.seconds(2400) == 0.55 and shown.seconds(9999) == shown.duration == 1


def test_axes_have_seconds_hertz_and_decibels():
    wave, mel, bar = figure(drawn()).axes
    assert wave.get_xlim() == mel.get_xlim() == (0, 1) and mel.get_xlabel() == "time, s"
    assert [tick.get_text() for tick in mel.get_yticklabels()] == ["4k", "2k", "1k", "500", "100"]
    assert mel.get_ylabel() == "frequency, Hz" and bar.get_ylabel() == "dB" and bar.get_ylim() == (-80, 0)
    (image,) = mel.images
    assert image.get_extent()[0] == pytest.approx((1600 - HOP / 2) / RATE) and image.get_array().shape == (40, 33)
    assert mel.get_title(loc="left") == "mel spectrogram, 40 × 33"


@pytest.mark.parametrize("scale", ["slaney", "htk"])
def test_a_frequency_is_marked_where_its_tone_is_loudest(scale):
    features = FeatureParams(mel_scale=scale, n_mels=64)
    tone = np.sin(2 * np.pi * 2000 * np.arange(RATE) / RATE).astype(np.float32)
    kinds = Kinds(features)
    shown = Clip("tone", tone, [(0, RATE)], kinds.images(kinds.spectra(tone)), [(0, 81)], features)
    mel = figure(shown).axes[1]
    row = dict(zip([tick.get_text() for tick in mel.get_yticklabels()], mel.get_yticks(), strict=True))["2k"]
    assert abs(row - shown.images["mel"][:, 40].argmax()) < 0.6


def test_what_was_cut_is_shaded_and_named():
    features = FeatureParams(vad="energy")
    wave, mel, _ = figure(drawn(features, ((1600, 3200), (8000, 9600)))).axes
    words = [text.get_text() for text in wave.get_legend().get_texts()]
    assert words == [
        "ends cut (30 dB below the peak): 0.50 s", "pauses cut (energy): 0.30 s", "kept: 0.20 of 1.00 s",
    ]  # fmt: skip
    assert len(wave.patches) == len(mel.patches) == 3 and len(mel.images) == 2


def test_windows_that_overlap_lie_in_lanes():
    features = FeatureParams(window={"frames": 16, "hop": 8})
    windows = [(0, 16), (8, 16), (16, 16), (24, 16)]
    _, lanes, *_ = figure(drawn(features, windows=windows)).axes
    bars = [(bar.get_x(), bar.get_width(), round(bar.get_y() + bar.get_height() / 2)) for bar in lanes.patches]
    assert [bar[2] for bar in bars] == [0, -1, 0, -1]
    assert bars[1][:2] == (pytest.approx(0.1 + 8 * HOP / RATE), pytest.approx(16 * HOP / RATE))
    assert [text.get_text() for text in lanes.texts] == ["1", "2", "3", "4"]


def test_every_kind_has_its_scale():
    features = FeatureParams(
        kinds=["mel", "stft", "mfcc", "chroma", "contrast", "pcen"], deltas=2, dtype="float16", reference=1.0
    )
    axes = figure(drawn(features)).axes
    images, bars = axes[1:19], axes[19:]
    assert len(axes) == 37 and all(picture.images for picture in images)
    units = ["dB", "dB", "coefficient", "strength", "dB", "gain-controlled"]
    assert [bar.get_ylabel() for bar in bars[:6]] == units
    assert [bars[6].get_ylabel(), bars[7].get_ylabel()] == ["dB per frame", "dB per frame²"]
    assert images[3].get_yticklabels()[1].get_text() == "D"


def test_a_clip_of_which_nothing_is_kept():
    wave, mel, _ = figure(drawn(parts=())).axes
    assert mel.images == [] or not len(mel.images)
    assert wave.get_legend().get_texts()[-1].get_text() == "kept: 0.00 of 1.00 s"


def test_it_is_drawn_in_a_dark_theme_too():
    from matplotlib.colors import to_hex

    assert to_hex(figure(drawn(), DARK).get_facecolor()) == DARK.paper
