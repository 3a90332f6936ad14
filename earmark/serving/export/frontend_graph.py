"""The front end as a graph: a translation of ``earmark.audio.frontend`` for devices, never used in the pipeline.

It is built from the pipeline's own tables (window, filters, cosines) and settings, and every export compares the two on
recordings. What cannot be said in operations that ONNX and TensorFlow Lite share is refused in words.
"""

from __future__ import annotations

import numpy as np

from earmark.audio import vad
from earmark.audio.decode import FloatArray
from earmark.audio.kinds import FROM_STFT
from earmark.audio.mel import AMIN, filterbank
from earmark.audio.pixels import HALF_MAX
from earmark.audio.spectral import cosines
from earmark.audio.stft import padded_hann
from earmark.audio.windows import Windows
from earmark.config import FeatureParams
from earmark.errors import EarmarkError
from earmark.serving.export.graph import Graph, Tensor

FLOAT16, FLOAT = 10, 1
"""Types of numbers in ONNX."""

FLAT = 1e-4
"""Range (dB) up to which an image is one grey: onnxruntime's vectorised Log and its scalar tail differ in the last bit,
so that silence is no constant there, and the range of rounding would be stretched to black and white."""

Images = dict[str, Tensor]
"""Images by kind, each (windows, rows, frames) float32."""

KINDS = ("mel", "stft", "mfcc")


def refuse(features: FeatureParams) -> None:
    """Raise EarmarkError where the graph cannot do what the front end does."""
    found = [f"kinds: {kind}" for kind in features.kinds if kind not in KINDS]
    found += [f"vad: {features.vad}"] if features.vad in ("webrtc", "silero") else []
    found += [f"deltas: {features.deltas}"] if features.deltas else []
    if found:
        raise EarmarkError(
            f"features.{found[0]} has no form on a device; models with kinds {', '.join(KINDS)}, vad none or energy "
            "and deltas 0 can be exported"
        )


def images(graph: Graph, waveform: Tensor, features: FeatureParams) -> Images:
    """What ``Frontend.windows`` makes of mono samples (n,) at ``features.sample_rate``; call ``refuse`` before."""
    samples = _voiced(graph, waveform, features)
    power = _power(graph, samples, features)
    spectra = {kind: _spectrum(graph, power, features, kind) for kind in features.kinds}
    return {kind: _image(graph, kind, _cut(graph, spectrum, features), features) for kind, spectrum in spectra.items()}


def _voiced(g: Graph, samples: Tensor, f: FeatureParams) -> Tensor:
    """The samples that ``VoiceActivity`` keeps: between the first and last loud frame, with ``energy`` loud ones."""
    if f.trim_db is None:
        return samples
    loud = _loud(g, samples, f.trim_db)
    kept = loud if f.vad == "energy" else _between(g, loud)
    frames = g.length(kept, 0)
    shape = g("Concat", frames, [vad.HOP_LENGTH], axis=0)
    each = g("Reshape", g("Expand", g("Unsqueeze", g.floats(kept), [1]), shape), [-1])
    inside = g("Greater", g.part(each, [0], g.length(samples, 0), 0), 0.5)
    return g("Compress", samples, inside, axis=0)


def _loud(g: Graph, samples: Tensor, top_db: float) -> Tensor:
    """Which frames of ``vad.FRAME_LENGTH`` are less than ``top_db`` below the loudest, bool (frames,)."""
    hop, half, parts = vad.HOP_LENGTH, vad.FRAME_LENGTH // 2, vad.FRAME_LENGTH // vad.HOP_LENGTH
    frames = g("Add", g("Div", g.length(samples, 0), [hop]), [1])
    blocks = g("Add", frames, [parts - 1])
    missing = g("Sub", g("Mul", blocks, [hop]), g("Add", g.length(samples, 0), [half]))
    squares = g.padded(g("Mul", samples, samples), [half], missing, 1)
    energy = g("ReduceSum", g("Reshape", squares, g("Concat", blocks, [hop], axis=0)), [1], keepdims=0)
    total = g.part(energy, [0], frames, 0)
    for shift in range(1, parts):
        total = g("Add", total, g.part(energy, [shift], g("Add", frames, [shift]), 0))
    power = g("Max", g("Div", total, float(vad.FRAME_LENGTH)), vad.AMIN)
    return g("Greater", power, g("Mul", g.maximum(power), 10 ** (-top_db / 10)))


def _between(g: Graph, loud: Tensor) -> Tensor:
    """True from the first to the last loud frame."""
    flags, number = g.floats(loud), g.count(g.length(loud, 0))
    first = g("ArgMax", flags, axis=0, keepdims=1)
    last = g("ArgMax", flags, axis=0, keepdims=1, select_last_index=1)
    return g("And", g("GreaterOrEqual", number, first), g("LessOrEqual", number, last))


def _power(g: Graph, samples: Tensor, f: FeatureParams) -> Tensor:
    """Power of every frequency, (1 + n_fft // 2, frames)."""
    half, window = f.n_fft // 2, padded_hann(f.win_length, f.n_fft)
    signal = g.padded(samples, [half], [half], 1)
    if f.n_fft & (f.n_fft - 1) == 0:
        spectrum = g("STFT", g("Unsqueeze", signal, [0, 2]), f.hop_length, window, f.n_fft)
        power = g("Squeeze", g("ReduceSum", g("Mul", spectrum, spectrum), [3], keepdims=0), [0])
    else:
        real, imaginary = (g("MatMul", _frames(g, signal, f), table) for table in _waves(window))
        power = g("Add", g("Mul", real, real), g("Mul", imaginary, imaginary))
    return g("Transpose", power, perm=[1, 0])


def _frames(g: Graph, signal: Tensor, f: FeatureParams) -> Tensor:
    """(frames, n_fft) of a padded signal."""
    count = g("Add", g("Div", g("Sub", g.length(signal, 0), [f.n_fft]), [f.hop_length]), [1])
    starts = g("Mul", g.count(count), f.hop_length)
    return g("Gather", signal, g("Add", g("Unsqueeze", starts, [1]), np.arange(f.n_fft)[None]), axis=0)


def _waves(window: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Windowed cosines and sines (n_fft, 1 + n_fft // 2)."""
    n = len(window)
    angle = -2 * np.pi / n * (np.outer(np.arange(n), np.arange(n // 2 + 1)) % n)
    return ((window[:, None] * np.cos(angle)).astype(np.float32), (window[:, None] * np.sin(angle)).astype(np.float32))


def _spectrum(g: Graph, power: Tensor, f: FeatureParams, kind: str) -> Tensor:
    """Bands (rows, frames) that a kind's image is made of."""
    if kind in FROM_STFT:
        return power
    weights = filterbank(f.sample_rate, f.n_fft, f.n_mels, f.fmin, f.fmax, f.mel_scale, f.mel_norm == "slaney")
    return g("MatMul", weights, g("Sqrt", power) if f.power == 1 else power)


def _cut(g: Graph, spectrum: Tensor, f: FeatureParams) -> Tensor:
    """Windows (windows, rows, frames) of a spectrum (rows, frames); whole clips are one window."""
    cut = Windows.of(f)
    if cut is None:
        return g("Unsqueeze", spectrum, [0])
    frames = g.length(spectrum, 1)
    starts = g("Unsqueeze", _starts(g, frames, cut), [1])
    index = np.arange(cut.length)[None]
    if cut.rest == "repeat":
        left = g("Min", g("Sub", frames, starts), [cut.length])
        found = g("Gather", spectrum, g("Add", starts, g("Mod", index, left)), axis=1)
    else:
        longer = g.padded(spectrum, [0], [cut.length], 2)
        found = g("Gather", longer, g("Add", starts, index), axis=1)
    return g("Transpose", found, perm=[1, 0, 2])


def _starts(g: Graph, frames: Tensor, cut: Windows) -> Tensor:
    """As ``Windows.starts``: int64 (windows,)."""
    beyond = g("Max", g("Sub", frames, [cut.length]), [0])
    ends = {
        "drop": lambda: g("Add", beyond, [1]),
        "shift": lambda: beyond,
    }.get(cut.rest, lambda: g("Min", g("Add", beyond, [cut.hop]), g("Max", frames, [1])))()
    count = g("Div", g("Add", ends, [cut.hop - 1]), [cut.hop])
    starts = g("Mul", g.count(count), cut.hop)
    return g("Concat", starts, beyond, axis=0) if cut.rest == "shift" else starts


def _image(g: Graph, kind: str, bands: Tensor, f: FeatureParams) -> Tensor:
    level = _level(g, bands, f, f.power if kind != "stft" else 2)
    if kind == "mfcc":
        level = g("MatMul", cosines(min(f.n_mfcc, f.n_mels), f.n_mels), level)
    return _pixels(g, kind, level, f)


def _level(g: Graph, power: Tensor, f: FeatureParams, exponent: int) -> Tensor:
    """As ``Kinds._level``: dB, at most ``top_db`` below the loudest point of each window."""
    smallest, factor = AMIN ** (exponent / 2), 20 / exponent
    level = g("Mul", g("Log", g("Max", power, smallest)), factor / np.log(10))
    loudest = g.maximum(level, [1, 2])
    lowest = g("Sub", loudest, float(f.top_db))
    if f.reference != "max":
        reference = factor * np.log10(max(smallest, float(f.reference)))
        return g("Sub", g("Max", level, lowest), reference)
    limited = g("Sub", g("Max", level, lowest), loudest)
    silent = g("LessOrEqual", g.maximum(power, [1, 2]), float(np.float32(smallest)))
    return g("Sub", limited, g("Mul", g.floats(silent), float(f.top_db)))


def _pixels(g: Graph, kind: str, values: Tensor, f: FeatureParams) -> Tensor:
    """As ``Frontend._pixels``: grey levels, or what half precision leaves."""
    if f.dtype == "float16":
        half = g("Cast", g("Clip", values, -HALF_MAX, HALF_MAX), to=FLOAT16)
        return g("Cast", half, to=FLOAT)
    if f.scale == "top_db":
        scaled = g("Mul", g("Add", values, float(f.top_db)), 255 / f.top_db)
    else:
        low = g.minimum(values, [1, 2])
        span = g("Sub", g.maximum(values, [1, 2]), low)
        scaled = g("Div", g("Mul", g("Sub", values, low), 255.0), g("Max", span, FLAT))
        scaled = g("Mul", scaled, g.floats(g("Greater", span, FLAT)))
    return g("Floor", g("Add", g("Clip", scaled, 0.0, 255.0), 0.5))
