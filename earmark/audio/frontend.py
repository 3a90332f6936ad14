"""The front end: sound to images. Training and serving both call this and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from earmark.audio import pixels
from earmark.audio.decode import FloatArray, decode
from earmark.audio.kinds import Kinds, Spectra
from earmark.audio.vad import VoiceActivity
from earmark.audio.windows import Windows
from earmark.config import FeatureParams

Image = NDArray[Any]
"""Image (rows, frames), row 0 the lowest: uint8 grey levels, or float16 values, such as dB below the maximum."""


class Window(NamedTuple):
    """A part of a clip, or all of it: where it begins in the clip's image (0 for whole clips), and its images by kind.

    Images (height, frames) are uint8 or float16, row 0 the lowest; the kinds come in the order of ``features.kinds``,
    their deltas after them.
    """

    first_frame: int
    images: dict[str, Image]


class Frontend:
    """Images for one setting of the ``features`` params. Make it once and use it for many clips."""

    def __init__(self, features: FeatureParams) -> None:
        self.features = features
        self._voice = VoiceActivity(features)
        self._kinds = Kinds(features)
        self._windows = Windows.of(features)

    def heights(self) -> dict[str, int]:
        """Rows of each kind's image."""
        return self._kinds.heights()

    def mel_power(self, source: Path) -> FloatArray:
        """Power (n_mels, frames) in the mel bands of a whole file: nothing is cut, scaled or limited.

        Where ``features.power`` is 1 it is the square of the bands' magnitude, whose level images show as well. Needs
        one of the kinds that are made of mel bands; raises DecodeError.
        """
        samples, _ = decode(source, self.features.sample_rate)
        bands = self._kinds.spectra(samples)["mel"]
        return bands * bands if self.features.power == 1 else bands

    def windows_of(self, source: Path | bytes, start: float | None = None, end: float | None = None) -> list[Window]:
        """Windows of a file, of its part ``start`` to ``end`` (s), or of a file's bytes; raises DecodeError."""
        samples, _ = decode(source, self.features.sample_rate, start, end)
        return self.windows(samples)

    def windows(self, samples: FloatArray) -> list[Window]:
        """Windows of mono float32 ``samples`` (n,) at ``features.sample_rate``, in order; one at least.

        Levels are relative to the loudest point of each window, as if it were a clip of its own.
        """
        spectra = self._kinds.spectra(self._voice(samples))
        cut = self._windows
        if cut is None:
            return [Window(0, self._images(spectra))]
        frames = next(iter(spectra.values())).shape[1]
        return [
            Window(start, self._images({name: cut.cut(spectrum, start) for name, spectrum in spectra.items()}))
            for start in cut.starts(frames)
        ]

    def image_of(self, source: Path | bytes, start: float | None = None, end: float | None = None) -> Image:
        """Image of the first kind of a file, or of its first window; raises DecodeError."""
        return next(iter(self.windows_of(source, start, end)[0].images.values()))

    def image(self, samples: FloatArray) -> Image:
        """Image of the first kind of mono float32 ``samples`` (n,), or of their first window."""
        return next(iter(self.windows(samples)[0].images.values()))

    def _images(self, spectra: Spectra) -> dict[str, Image]:
        return {kind: self._pixels(kind, values) for kind, values in self._kinds.images(spectra).items()}

    def _pixels(self, kind: str, values: FloatArray) -> Image:
        if self.features.dtype == "float16":
            return pixels.half(values)
        limits = self._kinds.limits(kind) if self.features.scale == "top_db" else None
        return pixels.grey(values, *(limits or (None, None)))
