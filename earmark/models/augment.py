"""Augmentation of mel images: what rooms, microphones, noise and other people do to a sound.

All of it works on dB images, where it costs little: power spectra of independent sounds add, a room smears every band
over time (``earmark.models.rooms``), a filter is an offset of every band.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from earmark.audio.kinds import band_hertz
from earmark.config import FeatureParams, TrainParams
from earmark.models.noise import Noise
from earmark.models.rooms import Rooms

Floats = NDArray[np.float32]
Rng = np.random.Generator

STRETCH, WARP = 0.15, 0.10
"""Largest relative change of duration, and of frequency."""

SNR_DB = (0, 40)
"""Lowest and highest level of the speech above noise and babble; at 40 dB they are inaudible."""

BABBLE, REVERBERATION, BAND_LIMIT = 0.15, 0.5, 0.3
"""Share of the clips with another voice behind, in a room, and through a narrow channel (a telephone, say)."""

SHIFT = 0.1
"""Share of its length by which a clip is moved at most either way where the image has no room to move it in."""

ALL = frozenset(("shift", "speed", "pitch", "equaliser", "reverberation", "noise", "babble", "mask"))
"""What can be done, each by itself: in time, in frequency, by filters, rooms, noises, other voices, and gaps."""


@dataclass(frozen=True)
class Augmenter:
    """What is done to the images of one front end: whatever of ``ALL`` is ``chosen``.

    hertz: centre frequency of each band (n_mels,); top_db: what grey levels span, dB; frame_seconds: the step of the
    front end; snr_db: lowest and highest level of the speech above noise and babble; noise and rooms: recordings to
    draw them from, None: synthetic. What is made is a function of the images and of ``rng`` alone.
    """

    hertz: Floats
    top_db: float
    frame_seconds: float
    chosen: frozenset[str] = ALL
    snr_db: Sequence[float] = SNR_DB
    least_shift: float = 0.0
    noise: Noise | None = None
    rooms: Rooms | None = None

    @classmethod
    def of(
        cls, features: FeatureParams, train: TrainParams | None = None, noise: Noise | None = None,
        rooms: Rooms | None = None,
    ) -> Self:  # fmt: skip
        """What ``train`` asks for, or all of it, for the images of ``features``."""
        front_end = band_hertz(features), features.top_db, features.hop_length / features.sample_rate
        if train is None:
            return cls(*front_end)
        return cls(*front_end, frozenset(train.augment), train.snr_db, SHIFT, noise, rooms)

    def __call__(self, images: Sequence[NDArray[Any]], frames: int, rng: Rng) -> Floats:
        """A batch (n, n_mels, frames) in dB, each band's mean removed, of uint8 ``images`` (n_mels, any)."""
        level = self.levels(images, frames, rng)
        level -= level.mean(axis=2, keepdims=True)
        return masked(level, rng) if "mask" in self.chosen else level

    def levels(self, images: Sequence[NDArray[Any]], frames: int, rng: Rng) -> Floats:
        """The same without gaps, as the front end gives it: dB below each clip's maximum, at most ``top_db``."""
        least = self.least_shift if "shift" in self.chosen else None
        level = shifted(images, frames, self.top_db, rng, least, "speed" in self.chosen)
        level = warped(level, self.hertz, rng) if "pitch" in self.chosen else level
        level = level + equaliser(len(images), self.hertz, rng) if "equaliser" in self.chosen else level
        power = _power(level)
        power = self._in_rooms(power, rng) if "reverberation" in self.chosen else power
        level = np.log10(self._beside_others(power, rng)) * 10
        level -= level.max(axis=(1, 2), keepdims=True)
        return np.maximum(level, -self.top_db, out=level)

    def _in_rooms(self, power: Floats, rng: Rng) -> Floats:
        if self.rooms is None:
            return reverberated(power, self.frame_seconds, rng)
        inside = rng.random((len(power), 1, 1)) < REVERBERATION
        return np.where(inside, self.rooms.reverberated(power, rng), power)

    def _beside_others(self, power: Floats, rng: Rng) -> Floats:
        """Noise on every clip, and on some another clip of the batch, at random levels."""
        result = power
        if "noise" in self.chosen:
            noise = self.noise.stretches(len(power), power.shape[2], rng) if self.noise else coloured(power.shape, rng)
            result = power + noise * self._ratio(power, None if self.noise else noise, rng)
        if "babble" in self.chosen:
            other = np.roll(power, 1, axis=0)
            chosen = (rng.random((len(power), 1, 1)) < BABBLE).astype(np.float32)
            result = result + other * (self._ratio(power, other, rng) * chosen)
        return result

    def _ratio(self, speech: Floats, noise: Floats | None, rng: Rng) -> Floats:
        """Factors (n, 1, 1) that bring ``noise`` (None: of mean 1) to a random level below the speech."""
        low, high = self.snr_db
        snr = rng.uniform(low, high, (len(speech), 1, 1))
        ratio = speech.mean(axis=(1, 2), keepdims=True)
        ratio = ratio if noise is None else ratio / noise.mean(axis=(1, 2), keepdims=True)
        return (ratio * 10 ** (-snr / 10)).astype(np.float32)


def shifted(
    images: Sequence[NDArray[Any]], frames: int, top_db: float, rng: Rng, shift: float | None = 0.0, speed: bool = True
) -> Floats:
    """dB images (n, n_mels, frames) at a random place and speed; what lies outside a clip is at ``-top_db``.

    A clip moves between both ends of the image, and at least by the share ``shift`` of the image either way; with None
    it stays in the middle.
    """
    lengths = np.array([image.shape[1] for image in images])
    padded = np.zeros((len(images), images[0].shape[0], lengths.max() + 2), np.float32)
    for row, image in zip(padded, images, strict=True):
        row[:, 1 : image.shape[1] + 1] = image if image.dtype == np.uint8 else (image + top_db) * (255 / top_db)
    padded *= np.float32(top_db / 255)
    pace = rng.uniform(1 - STRETCH, 1 + STRETCH, len(images)) if speed else np.ones(len(images))
    place = 0.5 if shift is None else rng.uniform(0, 1, len(images))
    room = frames - lengths / pace
    reach = np.copysign(np.maximum(np.abs(room) / 2, (shift or 0) * frames), room)
    start = room / 2 + (2 * place - 1) * reach
    position = (np.arange(frames) - start[:, None]) * pace[:, None] + 1
    return _interpolated(padded, np.clip(position, 0, lengths[:, None] + 1)[:, None, :], axis=2) - np.float32(top_db)


def warped(level: Floats, hertz: Floats, rng: Rng) -> Floats:
    """All frequencies multiplied by a random factor: pitch and formants, as of a smaller or larger speaker."""
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


def reverberated(power: Floats, frame_seconds: float, rng: Rng) -> Floats:
    """Some clips with an exponential tail of 0.1 to 0.8 s (to -60 dB), 0 to 20 dB below the direct sound."""
    decay = 10 ** (-6 * frame_seconds / rng.uniform(0.1, 0.8, len(power)))
    share = 10 ** (-rng.uniform(0, 2, len(power))) * (rng.random(len(power)) < REVERBERATION)
    gain = (share * (1 - decay)).astype(np.float32)[:, None]
    keep = decay.astype(np.float32)[:, None]
    tail = np.zeros(power.shape[:2], np.float32)
    result = power.copy()
    for frame in range(1, power.shape[2]):
        tail = keep * (tail + power[:, :, frame - 1])
        result[:, :, frame] += gain * tail
    return result


def coloured(shape: tuple[int, ...], rng: Rng) -> Floats:
    """Power of coloured, fluctuating noise, ``shape`` (n, n_mels, frames)."""
    x = np.linspace(0, np.pi, shape[1], dtype=np.float32)
    colour = _smooth(shape[0], x, 6, rng)
    spread = np.linspace(5, 1.5, shape[1], dtype=np.float32)[:, None]
    flicker = rng.standard_normal(shape, dtype=np.float32) * spread
    return _power(flicker + colour.astype(np.float32)[:, :, None])


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


def _power(level: Floats) -> Floats:
    return np.exp(level * np.float32(np.log(10) / 10))


def _interpolated(values: Floats, position: NDArray[np.float64], axis: int) -> Floats:
    """Linear interpolation of ``values`` at fractional ``position`` along ``axis``."""
    below = np.minimum(position.astype(np.int64), values.shape[axis] - 2)
    part = (position - below).astype(np.float32)
    low = np.take_along_axis(values, below, axis=axis)
    return low + part * (np.take_along_axis(values, below + 1, axis=axis) - low)
