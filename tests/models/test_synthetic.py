"""The synthetic corpus: honest vocabulary, held-out voices, reproducible sound."""

import numpy as np
import pandas as pd
import pytest

from earmark.audio.espeak import DEMO_VARIANTS, PRETRAIN_VARIANTS
from earmark.config import FeatureParams
from earmark.models import synthetic

SPEECH_COMMANDS = (
    "yes no up down left right on off stop go zero one two three four five six seven eight nine backward bed bird cat"
    " dog follow forward happy house learn marvin sheila tree visual wow"
)


def test_fifty_words_of_twelve_languages():
    words = synthetic.vocabulary()
    assert len(words) == 12
    assert all(len(set(texts)) == 50 for texts in words.values())


def test_english_words_are_none_of_speech_commands():
    assert not set(SPEECH_COMMANDS.split()) & set(synthetic.vocabulary()["en-us"])


@pytest.mark.real
def test_no_word_is_in_the_recorded_sets(shared_data):
    recorded = set()
    for name in ("speech_commands", "lid_zh_en_dspspeech20"):
        recorded |= set(pd.read_csv(shared_data / f"{name}.csv")["word"].dropna().astype(str).str.lower())
    words = synthetic.vocabulary()
    assert not recorded & {word.lower() for language in ("en-us", "cmn") for word in words[language]}


def test_speakers_are_distinct_and_reproducible():
    first, second = synthetic.speakers("de", 80), synthetic.speakers("de", 80)
    assert first == second
    assert len(set(first)) == 80
    assert {s.voice.variant for s in first[: len(PRETRAIN_VARIANTS)]} == set(PRETRAIN_VARIANTS)
    assert {s.voice for s in first}.isdisjoint({s.voice for s in synthetic.speakers("de", 80, seed=1)})
    assert all(0.85 <= s.speed <= 1.15 for s in first)


def test_held_out_variants_are_whole_and_no_demo_voice_is_used():
    cast = [s for language in synthetic.vocabulary() for s in synthetic.speakers(language, 80)]
    held_out = {s.voice.variant for s in cast if s.held_out}
    assert held_out == set(synthetic.HELD_OUT_VARIANTS)
    assert held_out.isdisjoint(s.voice.variant for s in cast if not s.held_out)
    assert set(DEMO_VARIANTS).isdisjoint(s.voice.variant for s in cast)


@pytest.fixture(scope="module")
def tiny():
    return synthetic.speak_words(FeatureParams(), voices=2, words=2)


def test_every_word_by_every_voice(tiny):
    assert len(tiny.classes) == 24
    assert len(tiny.labels) == len(tiny.speakers) == len(tiny.held_out) == len(tiny.starts) - 1 == 48
    assert tiny.pixels.shape == (40, tiny.starts[-1])
    assert np.bincount(tiny.labels).tolist() == [2] * 24
    assert np.bincount(tiny.speakers).tolist() == [2] * 24


def test_images_are_speech(tiny):
    for index in range(48):
        assert tiny.clip(index).shape[1] >= 8
        assert tiny.clip(index).max() == 255


def test_two_runs_speak_the_same(tiny):
    again = synthetic.speak_words(FeatureParams(), voices=2, words=2, workers=2)
    assert (again.pixels == tiny.pixels).all()
    assert (again.labels == tiny.labels).all()
