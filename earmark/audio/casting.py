"""Who speaks synthetic speech: espeak-ng voices with a rate, pitch and pitch range of their own, resampled.

Many voices matter more than real voices: every voice is a variant of espeak-ng, resampled by up to 15 % so that its
formants move too. Whole variants are held out for the validation of pretraining.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from earmark.audio.espeak import PRETRAIN_VARIANTS, Voice

HELD_OUT_VARIANTS = PRETRAIN_VARIANTS[4::8]
"""Variants that pretraining hears in validation only, in every language."""

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


def speakers(language: str, count: int, seed: int = 0) -> list[Speaker]:
    """``count`` speakers of one language, every variant before any twice; the same for the same arguments."""
    rng = np.random.default_rng([seed, *language.encode()])
    variants = chain.from_iterable(iter(lambda: rng.permutation(PRETRAIN_VARIANTS).tolist(), None))
    return [_speaker(language, variant, rng) for variant in islice(variants, count)]


def _speaker(language: str, variant: str, rng: np.random.Generator) -> Speaker:
    rate, pitch, pitch_range = (int(rng.integers(low, high + 1)) for low, high in (RATES, PITCHES, PITCHES))
    return Speaker(Voice(language, variant, rate, pitch, pitch_range), float(rng.uniform(1 - STRETCH, 1 + STRETCH)))
