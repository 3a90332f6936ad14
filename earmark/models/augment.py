"""Augmentation of mel images: what rooms, microphones, noise and other people do to a sound.

All of it works on dB images, where it costs little: power spectra of independent sounds add, a late reverberation is
an exponential tail of every band, a filter is an offset of every band.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rng = np.random.Generator

STRETCH, WARP = 0.15, 0.10
"""Largest relative change of duration, and of frequency."""

SNR_DB = (0, 40)
"""Level of the speech above the noise; at 40 dB it is inaudible."""

BABBLE, REVERBERATION, BAND_LIMIT = 0.15, 0.5, 0.3
"""Share of the clips with another voice behind, in a room, and through a narrow channel (a telephone, say)."""

FRAME_SECONDS = 0.0125
"""Step of the default front end."""


ALL = frozenset(("shift", "speed", "warp", "equaliser", "reverberation", "noise", "babble", "mask"))
"""What can be done, each by itself: in time, in frequency, by filters, rooms, noises, other voices, and gaps."""


def augment(
    images: Sequence[NDArray[Any]], frames: int, hertz: Floats, top_db: float, rng: Rng, chosen: Collection[str] = ALL
) -> Floats:
    """A batch (n, n_mels, frames) in dB, each band's mean removed, of uint8 ``images`` (n_mels, any).

    hertz: centre frequency of each band (n_mels,). The result is a function of the arguments and of ``rng`` alone.
    """
    level = levels(images, frames, hertz, top_db, rng, chosen)
    level -= level.mean(axis=2, keepdims=True)
    return masked(level, rng) if "mask" in chosen else level


def levels(
    images: Sequence[NDArray[Any]], frames: int, hertz: Floats, top_db: float, rng: Rng, chosen: Collection[str] = ALL
) -> Floats:
    """The same without gaps, as the front end would give it: dB below each clip's maximum, at most ``top_db``."""
    level = shifted(images, frames, top_db, rng, "shift" in chosen, "speed" in chosen)
    level = warped(level, hertz, rng) if "warp" in chosen else level
    level = level + equaliser(len(images), hertz, rng) if "equaliser" in chosen else level
    power = _power(level)
    power = reverberated(power, rng) if "reverberation" in chosen else power
    power = noisy(power, rng, "noise" in chosen, "babble" in chosen)
    level = np.log10(power, out=power) * 10
    level -= level.max(axis=(1, 2), keepdims=True)
    return np.maximum(level, -top_db, out=level)


def shifted(
    images: Sequence[NDArray[Any]], frames: int, top_db: float, rng: Rng, shift: bool = True, speed: bool = True
) -> Floats:
    """dB images (n, n_mels, frames) at a random place and speed; what lies outside a clip is at ``-top_db``."""
    lengths = np.array([image.shape[1] for image in images])
    padded = np.zeros((len(images), images[0].shape[0], lengths.max() + 2), np.float32)
    for row, image in zip(padded, images, strict=True):
        row[:, 1 : image.shape[1] + 1] = image
    padded *= np.float32(top_db / 255)
    pace = rng.uniform(1 - STRETCH, 1 + STRETCH, len(images)) if speed else np.ones(len(images))
    place = rng.uniform(0, 1, len(images)) if shift else 0.5
    start = place * (frames - lengths / pace)
    position = (np.arange(frames) - start[:, None]) * pace[:, None] + 1
    return _interpolated(padded, np.clip(position, 0, lengths[:, None] + 1)[:, None, :], axis=2) - np.float32(top_db)


def warped(level: Floats, hertz: Floats, rng: Rng) -> Floats:
    """Frequencies multiplied by a random factor, as a longer or shorter vocal tract does."""
    factor = rng.uniform(1 - WARP, 1 + WARP, (len(level), 1))
    position = np.interp(hertz * factor, hertz, np.arange(len(hertz)))
    return _interpolated(level, position[:, :, None], axis=1)


def equaliser(count: int, hertz: Floats, rng: Rng) -> Floats:
    """Gains (count, n_mels, 1) in dB: a smooth random curve, for some clips with the edges of the spectrum cut off."""
    x = np.linspace(0, np.pi, len(hertz), dtype=np.float32)
    curve = _smooth(count, x, 4, rng)
    low, high = rng.uniform(60, 500, (count, 1)), rng.uniform(3000, 7000, (count, 1))
    narrow = rng.random((count, 1)) < BAND_LIMIT
    cut = np.where(narrow & ((hertz < low) | (hertz > high)), -30, 0)
    return (curve + cut).astype(np.float32)[:, :, None]


def reverberated(power: Floats, rng: Rng) -> Floats:
    """Some clips with an exponential tail of 0.1 to 0.8 s (to -60 dB), 0 to 20 dB below the direct sound."""
    decay = 10 ** (-6 * FRAME_SECONDS / rng.uniform(0.1, 0.8, len(power)))
    share = 10 ** (-rng.uniform(0, 2, len(power))) * (rng.random(len(power)) < REVERBERATION)
    gain = (share * (1 - decay)).astype(np.float32)[:, None]
    keep = decay.astype(np.float32)[:, None]
    tail = np.zeros(power.shape[:2], np.float32)
    result = power.copy()
    for frame in range(1, power.shape[2]):
        tail = keep * (tail + power[:, :, frame - 1])
        result[:, :, frame] += gain * tail
    return result


def noisy(power: Floats, rng: Rng, noise: bool = True, babble: bool = True) -> Floats:
    """Coloured, fluctuating noise on every clip, and on some another clip of the batch, at random levels."""
    result = power + _noise(power, rng) if noise else power
    if not babble:
        return result
    other = np.roll(power, 1, axis=0)
    chosen = (rng.random((len(power), 1, 1)) < BABBLE).astype(np.float32)
    return result + other * (_ratio(power, other, rng) * chosen)


def _noise(power: Floats, rng: Rng) -> Floats:
    x = np.linspace(0, np.pi, power.shape[1], dtype=np.float32)
    colour = _smooth(len(power), x, 6, rng)
    spread = np.linspace(5, 1.5, power.shape[1], dtype=np.float32)[:, None]
    flicker = rng.standard_normal(power.shape, dtype=np.float32) * spread
    noise = _power(flicker + colour.astype(np.float32)[:, :, None])
    return noise * _ratio(power, noise, rng)


def masked(level: Floats, rng: Rng) -> Floats:
    """SpecAugment (Park et al. 2019): two runs of at most 8 bands, one of at most 15 % of the frames, are set to 0."""
    bands, frames = np.arange(level.shape[1]), np.arange(level.shape[2])
    hidden = _run(bands, 8, len(level), rng)[:, :, None] | _run(bands, 8, len(level), rng)[:, :, None]
    hidden = hidden | _run(frames, max(1, round(0.15 * len(frames))), len(level), rng)[:, None, :]
    return np.where(hidden, np.float32(0), level)


def _smooth(count: int, x: Floats, deviation: float, rng: Rng) -> NDArray[np.float64]:
    """Random curves (count, len(x)) of four cosines over ``x`` in 0..pi, each of a normal amplitude."""
    waves = np.cos(np.arange(1, 5)[:, None] * x)
    return rng.normal(0, deviation, (4, count)).T @ waves


def _run(axis: NDArray[np.int64], longest: int, count: int, rng: Rng) -> NDArray[np.bool_]:
    """One random run (possibly empty) of marked places per row."""
    length = rng.integers(0, longest + 1, (count, 1))
    start = (rng.random((count, 1)) * (len(axis) - length)).astype(np.int64)
    return (axis >= start) & (axis < start + length)


def _ratio(speech: Floats, noise: Floats, rng: Rng) -> Floats:
    """Factors (n, 1, 1) that bring the noise to a random level below the speech."""
    snr = rng.uniform(*SNR_DB, (len(speech), 1, 1))
    ratio = speech.mean(axis=(1, 2), keepdims=True) / noise.mean(axis=(1, 2), keepdims=True)
    return (ratio * 10 ** (-snr / 10)).astype(np.float32)


def _power(level: Floats) -> Floats:
    return np.exp(level * np.float32(np.log(10) / 10))


def _interpolated(values: Floats, position: NDArray[np.float64], axis: int) -> Floats:
    """Linear interpolation of ``values`` at fractional ``position`` along ``axis``."""
    below = np.minimum(position.astype(np.int64), values.shape[axis] - 2)
    part = (position - below).astype(np.float32)
    low = np.take_along_axis(values, below, axis=axis)
    return low + part * (np.take_along_axis(values, below + 1, axis=axis) - low)
