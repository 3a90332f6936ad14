from dataclasses import replace

import pytest

from earmark.audio.probe import Probe
from earmark.config import SplitParams
from earmark.corpus.catalogue import Clip, Measured
from earmark.corpus.leaks import audit, enforce
from earmark.errors import EarmarkError


def clip(name: str, speaker: str | None, sentence: str | None = None, digest: str | None = None) -> Measured:
    return Measured(
        Clip(name, "ab"[len(name) % 2], "t", speaker=speaker, sentence=sentence), digest or name, Probe(1.0)
    )


SPLITS = {"1": "train", "22": "train", "3": "val", "44": "test"}


def audited(*clips: Measured, on_leak: str = "error", by="speaker"):
    return audit(clips, SPLITS, SplitParams.model_validate({"on_leak": on_leak, "by": by}))


def test_clean():
    found = audited(clip("1", "x"), clip("22", "x"), clip("3", "y"), clip("44", None))
    assert found["verdict"] == "clean"
    assert found["counts"] == {"train": {"a": 1, "b": 1}, "val": {"b": 1}, "test": {"a": 1}}
    assert found["unknown_speaker"] == 1
    enforce(found)


def test_a_crossing_speaker_is_counted_named_and_refused():
    found = audited(clip("1", "x"), clip("3", "x"), clip("44", "y"))
    assert found["crossing"]["speaker"] == {"count": 1, "examples": [{"value": "x", "clips": {"train": 1, "val": 1}}]}
    with pytest.raises(EarmarkError, match=r"1 speaker\(s\) in more than one split, e.g. x in train \(1\), val \(1\)"):
        enforce(found)


def test_an_identical_recording_is_refused():
    with pytest.raises(EarmarkError, match=r"1 file\(s\)"):
        enforce(audited(clip("1", "x", digest="same"), clip("3", "y", digest="same")))


def test_a_crossing_sentence_is_counted_only():
    found = audited(clip("1", "x", "hello"), clip("3", "y", "hello"))
    assert (found["verdict"], found["crossing"]["sentence"]["count"]) == ("clean", 1)
    enforce(found)


@pytest.mark.parametrize("policy", ["warn", "allow"])
def test_an_accepted_leak_is_still_written_down(policy):
    found = audited(clip("1", "x"), clip("3", "x"), on_leak=policy)
    enforce(found)
    assert (found["verdict"], found["policy"]) == ("leaks", policy)


def test_columns_of_the_split_are_audited_too():
    found = audited(clip("1", "x", "hello"), clip("3", "y", "hello"), by=["speaker", "sentence"])
    assert set(found["crossing"]) == {"speaker", "sentence", "audio", "recording", "near_duplicate"}


def test_copies_of_a_recording_are_refused_with_the_split_that_mends_it():
    copies = [
        replace(clip(name, who), clip=replace(clip(name, who).clip, recording="r"))
        for name, who in (("1", "x"), ("3", "y"))
    ]
    with pytest.raises(EarmarkError, match=r"1 source recording\(s\).*Set split.by: \[speaker, recording\]"):
        enforce(audited(*copies))


def test_near_duplicates_are_refused_with_the_split_that_mends_it():
    alike = [replace(clip(name, who), near_duplicate="1") for name, who in (("1", "x"), ("44", "z"))]
    with pytest.raises(EarmarkError, match=r"1 group\(s\) of near-duplicates.*\[speaker, near_duplicate\]"):
        enforce(audited(*alike))
