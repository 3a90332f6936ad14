"""The synthetic corpus that ``earmark_base`` learns from: common words of twelve languages, spoken by espeak-ng.

Many voices matter more than real voices: every voice is a variant of espeak-ng with a rate, pitch and pitch range of
its own, resampled by up to 15 % so that its formants move too. Whole variants are held out, so that validation hears
voices of which the network knows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain, islice

import numpy as np
import soxr
from numpy.typing import NDArray
from tqdm import tqdm

from earmark.audio.espeak import PRETRAIN_VARIANTS, SAMPLE_RATE, Samples, Voice, speak_apart
from earmark.audio.frontend import Frontend
from earmark.config import FeatureParams

HELD_OUT_VARIANTS = PRETRAIN_VARIANTS[4::8]
"""Variants heard in validation only, in every language."""

RATES, PITCHES, STRETCH = (110, 220), (20, 80), 0.15
"""Words per minute; espeak-ng's 0..100 for pitch and its range; largest relative change of the sampling rate."""


@dataclass(frozen=True)
class Speaker:
    """An espeak-ng voice, and the factor by which its recording is played faster (> 1) or slower."""

    voice: Voice
    speed: float

    @property
    def held_out(self) -> bool:
        """Whether this speaker is for validation."""
        return self.voice.variant in HELD_OUT_VARIANTS


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


def speakers(language: str, count: int, seed: int = 0) -> list[Speaker]:
    """``count`` speakers of one language, every variant before any twice; the same for the same arguments."""
    rng = np.random.default_rng([seed, *language.encode()])
    variants = chain.from_iterable(iter(lambda: rng.permutation(PRETRAIN_VARIANTS).tolist(), None))
    return [_speaker(language, variant, rng) for variant in islice(variants, count)]


def _speaker(language: str, variant: str, rng: np.random.Generator) -> Speaker:
    rate, pitch, pitch_range = (int(rng.integers(low, high + 1)) for low, high in (RATES, PITCHES, PITCHES))
    return Speaker(Voice(language, variant, rate, pitch, pitch_range), float(rng.uniform(1 - STRETCH, 1 + STRETCH)))


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
