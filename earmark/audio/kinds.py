"""The kinds of images: what is computed of each frame, all from one pass over the samples.

``mel``: level in mel bands; ``stft``: level of every frequency; ``mfcc``: cepstrum of the mel levels; ``chroma``: the
twelve pitch classes; ``contrast``: peaks over valleys in octaves; ``pcen``: mel bands under automatic gain control.
Each has one value per row and frame, and any of them may be followed by its change over time (``mel_delta``) and the
change of that (``mel_delta2``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from earmark.audio.chroma import Chroma
from earmark.audio.contrast import SpectralContrast
from earmark.audio.decode import FloatArray
from earmark.audio.mel import AMIN, hz_to_mel, mel_spectrogram, mel_to_hz, power_to_db
from earmark.audio.pcen import pcen
from earmark.audio.spectral import delta, mfcc
from earmark.audio.stft import BandSpectrogram
from earmark.config import FeatureParams

Images = dict[str, FloatArray]
Spectra = dict[str, FloatArray]
"""``mel``: power (or magnitude) in mel bands; ``stft``: power of every frequency; those that the kinds need."""

FROM_MEL = {"mel", "mfcc", "pcen"}
FROM_STFT = {"stft", "chroma", "contrast"}

DELTAS: tuple[tuple[str, Literal[1, 2]], ...] = (("_delta", 1), ("_delta2", 2))


class Kinds:
    """What ``features.kinds`` and ``features.deltas`` ask for; tables are made once."""

    def __init__(self, features: FeatureParams) -> None:
        self.features = features
        self._spectrograms: dict[str, BandSpectrogram] = {}
        if FROM_MEL & set(features.kinds):
            self._spectrograms["mel"] = _mel(features)
        if FROM_STFT & set(features.kinds):
            self._spectrograms["stft"] = _stft(features)
        made: dict[str, Callable[[Spectra], FloatArray]] = {
            "mel": lambda spectra: self._mel_level(spectra["mel"]),
            "stft": lambda spectra: self._level(spectra["stft"], 2),
            "mfcc": lambda spectra: mfcc(self._mel_level(spectra["mel"]), features.n_mfcc),
            "pcen": lambda spectra: pcen(spectra["mel"], features.sample_rate, features.hop_length),
        }
        if "chroma" in features.kinds:
            chroma = Chroma(features.sample_rate, features.n_fft)
            made["chroma"] = lambda spectra: chroma(spectra["stft"])
        if "contrast" in features.kinds:
            contrast = SpectralContrast(features.sample_rate, features.n_fft)
            made["contrast"] = lambda spectra: contrast(np.sqrt(spectra["stft"]))
        self._made: dict[str, Callable[[Spectra], FloatArray]] = {kind: made[kind] for kind in features.kinds}

    def heights(self) -> dict[str, int]:
        """Rows of each image."""
        silence = self.spectra(np.zeros(self.features.n_fft, np.float32))
        return {kind: len(image) for kind, image in self.images(silence).items()}

    def spectra(self, samples: FloatArray) -> Spectra:
        """What the images are made of, arrays (rows, frames) of mono ``samples`` (n,)."""
        return {name: spectrogram(samples) for name, spectrogram in self._spectrograms.items()}

    def images(self, spectra: Spectra) -> Images:
        """Values (rows, frames) by kind, row 0 the lowest: the kinds in their order, then the deltas of each."""
        images = {kind: made(spectra) for kind, made in self._made.items()}
        for kind in self._made:
            for suffix, order in DELTAS[: self.features.deltas]:
                images[kind + suffix] = delta(images[kind], order)
        return images

    def limits(self, kind: str) -> tuple[float, float] | None:
        """Smallest and largest value of ``kind`` in any clip; None if it has none."""
        if kind == "chroma":
            return 0.0, 1.0
        return (-self.features.top_db, 0.0) if kind in ("mel", "stft") and self.features.reference == "max" else None

    def _mel_level(self, power: FloatArray) -> FloatArray:
        return self._level(power, self.features.power)

    def _level(self, power: FloatArray, exponent: int) -> FloatArray:
        """dB, at most ``top_db`` below the loudest point; a clip without any sound is all at the bottom."""
        relative = self.features.reference == "max"
        level = power_to_db(power, None if relative else float(self.features.reference), exponent)
        lowest = level.max(initial=-np.inf) - np.float32(self.features.top_db)
        if relative and power.max(initial=0) <= AMIN ** (exponent / 2):
            level.fill(lowest)
        return np.maximum(level, lowest, out=level)


def _mel(f: FeatureParams) -> BandSpectrogram:
    return mel_spectrogram(
        f.sample_rate, f.n_fft, f.win_length, f.hop_length, f.n_mels, f.fmin, f.fmax,
        f.mel_scale, f.mel_norm == "slaney", f.power,
    )  # fmt: skip


def _stft(f: FeatureParams) -> BandSpectrogram:
    return BandSpectrogram(f.n_fft, f.win_length, f.hop_length, np.eye(1 + f.n_fft // 2, dtype=np.float32))


def band_hertz(features: FeatureParams) -> FloatArray:
    """Centre frequencies (n_mels,) of the mel bands in Hz."""
    scale = features.mel_scale
    mels = np.linspace(hz_to_mel(features.fmin, scale), hz_to_mel(features.fmax, scale), features.n_mels + 2)
    return mel_to_hz(mels, scale)[1:-1].astype(np.float32)
