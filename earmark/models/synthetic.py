"""The synthetic corpus that ``earmark_base`` learns from: common words of twelve languages, spoken by espeak-ng.

Whole variants of espeak-ng are held out, so that validation hears voices of which the network knows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import soxr
from numpy.typing import NDArray
from tqdm import tqdm

from earmark.audio.casting import HELD_OUT_VARIANTS, Speaker, speakers
from earmark.audio.espeak import SAMPLE_RATE, Samples, speak_apart
from earmark.audio.frontend import Frontend
from earmark.config import FeatureParams

__all__ = ["HELD_OUT_VARIANTS", "Speaker", "WordImages", "speak_words", "speakers", "vocabulary"]


@dataclass(frozen=True)
class WordImages:
    """Mel images of spoken words, end to end: clip i is ``pixels[:, starts[i]:starts[i + 1]]``.

    pixels: uint8 (n_mels, sum of frames); starts: int64 (n + 1,); labels: int64 (n,), index into ``classes``;
    speakers: int64 (n,), index over all languages; held_out: bool (n,).
    """

    pixels: NDArray[np.uint8]
    starts: NDArray[np.int64]
    labels: NDArray[np.int64]
    speakers: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    classes: list[str]

    def clip(self, index: int) -> NDArray[np.uint8]:
        """Image (n_mels, frames) of one clip."""
        return self.pixels[:, self.starts[index] : self.starts[index + 1]]


def vocabulary(words: int | None = None) -> dict[str, list[str]]:
    """espeak-ng language → its words, the first ``words`` of each language (None = all fifty)."""
    lines = (files("earmark.models") / "words.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(":", 1) for line in lines if not line.startswith("#"))
    return {language: text.split()[:words] for language, text in pairs}


def speak_words(
    features: FeatureParams, voices: int = 80, words: int | None = None, seed: int = 0, workers: int = 1
) -> WordImages:
    """Mel images of every word by ``voices`` speakers per language; the same for the same arguments but ``workers``.

    Raises EarmarkError if espeak-ng is missing.
    """
    texts = vocabulary(words)
    cast = [speaker for language in texts for speaker in speakers(language, voices, seed)]
    spoken = speak_apart(([(s.voice, text) for text in texts[s.voice.language]] for s in cast), workers)
    images = list(_images(zip(cast, spoken, strict=True), len(cast), features))
    classes = [f"{language}:{text}" for language in texts for text in texts[language]]
    number = {name: index for index, name in enumerate(classes)}
    labels = [number[f"{s.voice.language}:{text}"] for s in cast for text in texts[s.voice.language]]
    owners = [index for index, s in enumerate(cast) for _ in texts[s.voice.language]]
    starts = np.cumsum([0, *(image.shape[1] for image in images)])
    held_out = np.array([cast[i].held_out for i in owners])
    return WordImages(np.hstack(images), starts, np.array(labels), np.array(owners), held_out, classes)


def _images(
    spoken: Iterator[tuple[Speaker, list[Samples]]], total: int, features: FeatureParams
) -> Iterator[NDArray[np.uint8]]:
    front_end = Frontend(features)
    for speaker, clips in tqdm(spoken, total=total, desc="synthetic speech", unit="voice", disable=None):
        for samples in clips:
            resampled = soxr.resample(samples, SAMPLE_RATE * speaker.speed, features.sample_rate)
            yield front_end.image(resampled)
