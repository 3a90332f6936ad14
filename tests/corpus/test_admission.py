from dataclasses import dataclass

import pytest

from earmark.audio.probe import Probe
from earmark.config import SyntheticParams
from earmark.corpus.admission import NOBODY, admit
from earmark.corpus.catalogue import BadRow, Clip, Measured
from earmark.errors import EarmarkError


@dataclass
class Spoken:
    """Synthetic speech that needs no espeak-ng: what it says, by class."""

    texts: dict[str, list[str]]
    params = SyntheticParams(texts="texts.csv")

    def clips(self):
        return [
            clip(f".synthetic/k/{label}/{text}.flac", label, text, source="synthetic", speaker=f"synthetic-{label}")
            for label, texts in self.texts.items()
            for text in texts
        ], [BadRow("x", "x", "silent", "nothing")]


def clip(path, label, sentence, source="table", **columns):
    return Measured(Clip(path, label, source, sentence=sentence, **columns), f"sha of {path}", Probe(1.0))


REAL = [clip("a.wav", "en", "open", speaker="p"), clip("b.wav", "zh", "北京", speaker="q")]
SPEECH = Spoken({"en": ["good morning", "the Opening", "open"], "zh": ["北京大学", "你好"]})


def said(clips):
    return [clip.clip.sentence for clip in clips]


def test_everything_may_be_learnt_where_nothing_is_held_out():
    found = admit(SPEECH, REAL, REAL, ["speaker"], frozenset())
    assert said(found.clips) == ["good morning", "the Opening", "open", "北京大学", "你好"]
    assert found.summary()["synthetic"] == {
        "clips": 5, "speakers": 2, "counts": {"en": 3, "zh": 2}, "left_out": {},
    }  # fmt: skip
    assert [row.reason for row in found.bad] == ["silent"]


def test_texts_that_hold_a_held_out_value_are_left_out_and_counted():
    found = admit(SPEECH, REAL, REAL, ["speaker"], frozenset(["Open", "北京"]))
    assert said(found.clips) == ["good morning", "你好"]
    assert said(found.left_out["hold_out"]) == ["the Opening", "open", "北京大学"]
    assert found.summary()["synthetic"]["left_out"] == {"hold_out": 3}


def test_what_must_not_cross_splits_does_not_cross_by_synthetic_speech_either():
    found = admit(SPEECH, REAL, REAL[:1], ["speaker", "sentence"], frozenset())
    assert said(found.left_out["shares_sentence"]) == ["open"]
    assert len(found.clips) == 4


def test_a_class_of_no_clip_is_refused():
    with pytest.raises(EarmarkError, match=r"texts\.csv: label 'fr' is no class of this study \(en, zh\)"):
        admit(Spoken({"fr": ["bonjour"]}), REAL, [], [], frozenset())


def test_without_synthetic_speech_nothing_is_counted():
    assert NOBODY.summary() == {}
