from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.probe import Probe
from earmark.config import HoldOut, SplitParams
from earmark.corpus.catalogue import Clip, Measured
from earmark.corpus.hold_out import RULE, held_out_values, hold_out
from earmark.corpus.leaks import audit
from earmark.corpus.select import Selection
from earmark.corpus.split import split
from earmark.errors import EarmarkError
from earmark.splits import SPLITS

ZH = [f"词{number}" for number in range(12)]
EN = [f"word {number}" for number in range(8)]


def spoken(words: dict[str, list[str]], speakers: int = 10) -> list[Measured]:
    """Every speaker says every word of every class once."""
    return [
        Measured(
            Clip(f"{who}/{label}/{word}.wav", label, "t", speaker=str(who), extra={"word": word}),
            f"sha of {who} {label} {word}",
            Probe(1.0, 8000, 1, -20.0),
        )
        for who in range(speakers)
        for label, own in words.items()
        for word in own
    ]


def parts(clips, folds=4, seed=0):
    return [held_out_values(clips, HoldOut(column="word", folds=folds, fold=fold), seed) for fold in range(folds)]


def held(clips, seed=0, **hold):
    """Selection and values for new speakers and new words, and the splits before."""
    params = SplitParams(seed=seed, hold_out={"column": "word", **hold})
    splits = split(clips, params)
    kept, values = hold_out(Selection(clips, [], {}), splits, params)
    return params, splits, kept, values


def test_twelve_and_eight_words_in_four_folds_are_three_and_two_each():
    for values in parts(spoken({"zh": ZH, "en": EN}, 2)):
        assert len(values & set(ZH)) == 3
        assert len(values & set(EN)) == 2


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 5), st.integers(5, 14), st.integers(5, 14), st.integers(0, 5), st.integers(0, 5), st.randoms())
def test_folds_partition_the_values_evenly_in_any_order(folds, one, two, common, seed, random):
    shared = [f"both {i}" for i in range(common)]
    clips = spoken({"a": [*ZH, *shared][:one] + shared, "b": [f"b{i}" for i in range(two)] + shared}, 1)
    found = parts(clips, folds, seed)
    assert frozenset().union(*found) == {clip.value("word") for clip in clips}
    assert sum(map(len, found)) == len(frozenset().union(*found))
    random.shuffle(clips)
    assert parts(clips, folds, seed) == found


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 4), st.integers(4, 12), st.integers(4, 9), st.integers(6, 12), st.integers(0, 5), st.data())
def test_neither_speakers_nor_words_cross_and_every_class_is_everywhere(folds, zh, en, speakers, seed, data):
    clips = spoken({"zh": ZH[:zh], "en": [f"word {number}" for number in range(en)]}, speakers)
    fold = data.draw(st.integers(0, folds - 1))
    params, splits, selection, values = held(clips, seed, folds=folds, fold=fold)
    where, classes = defaultdict(set), defaultdict(set)
    for clip in selection.kept:
        name = splits[clip.clip_id]
        where[clip.value("word")].add(name == "test")
        classes[name].add(clip.clip.label)
        assert (clip.value("word") in values) == (name == "test")
    assert all(len(sides) == 1 for sides in where.values())
    assert all(classes[name] == {"zh", "en"} for name in SPLITS)
    assert len(selection.kept) + len(selection.left_out[RULE]) == len(clips)
    found = audit(selection.kept, splits, params)
    assert found["verdict"] == "clean"
    assert found["crossing"][RULE] == {"count": 0, "examples": []}
    assert found[RULE]["count"] == len(values)


def test_all_folds_together_test_every_test_clip_once():
    clips = spoken({"zh": ZH, "en": EN})
    tested = []
    for fold in range(4):
        _, splits, selection, _ = held(clips, fold=fold)
        tested += [clip.clip_id for clip in selection.kept if splits[clip.clip_id] == "test"]
    assert sorted(tested) == sorted(name for name, where in splits.items() if where == "test")


def test_the_audit_notices_a_held_out_value_in_training():
    clips = spoken({"zh": ZH, "en": EN})
    params = SplitParams(hold_out={"column": "word"})
    found = audit(clips, split(clips, params), params)
    assert found["verdict"] == "leaks"
    assert found["crossing"][RULE]["count"] == 20
    assert set(found["crossing"][RULE]["examples"][0]["clips"]) == {"test", "train and val"}


def test_unseen_clips_are_judged_as_test_clips_and_clips_without_a_value_go():
    clips = spoken({"zh": ZH, "en": EN})
    extra = spoken({"zh": ZH, "en": EN}, 11)[-20:]
    nameless = Measured(Clip("x.wav", "zh", "t", speaker="0"), "sha", Probe(1.0, 8000, 1, -20.0))
    params = SplitParams(hold_out={"column": "word"})
    splits = split([*clips, nameless], params) | {clip.clip_id: "unseen" for clip in extra}
    kept, values = hold_out(Selection([*clips, nameless], extra, {}), splits, params)
    assert {clip.value("word") for clip in kept.unseen} == values
    assert nameless in kept.left_out[RULE]


def test_without_the_rule_nothing_changes():
    selection = Selection(spoken({"zh": ZH}), [], {"top": []})
    assert hold_out(selection, {}, SplitParams()) == (selection, frozenset())


def test_too_few_values_are_explained():
    with pytest.raises(
        EarmarkError, match=r"class 'b' has 2 different value\(s\) in column 'word', fewer than folds: 4"
    ):
        held(spoken({"a": ZH, "b": ["one", "two"]}))


def test_a_split_without_clips_is_explained():
    clips = [clip for clip in spoken({"a": ZH, "b": EN}) if clip.clip.label == "a" or clip.clip.speaker != "0"]
    params = SplitParams(hold_out={"column": "word", "fold": 1})
    values = held_out_values(clips, params.hold_out, 0)
    splits = split(clips, params)
    poor = [
        clip
        for clip in clips
        if clip.clip.label == "a" or splits[clip.clip_id] != "test" or clip.value("word") not in values
    ]
    with pytest.raises(EarmarkError, match="no test clip of class 'b' is left, as none of their values are held out"):
        hold_out(Selection(poor, [], {}), splits, params)


def test_the_audit_notices_a_held_out_word_in_a_synthetic_text():
    clips = spoken({"zh": ZH, "en": EN})
    params, splits, selection, values = held(clips)
    text = f"say {sorted(values)[0].upper()} again"
    made = Clip(".synthetic/k/en/0.flac", "en", "synthetic", speaker="synthetic-en-0", sentence=text)
    added = Measured(made, "sha", Probe(1.0, 16000, 1, -20.0))
    found = audit([*selection.kept, added], {**splits, added.clip_id: "train"}, params)
    assert found["verdict"] == "leaks"
    assert found["crossing"][RULE] == {"count": 1, "examples": [{"value": text, "clips": {"synthetic": 1}}]}
    before = audit(selection.kept, splits, params)
    assert found["counts"] == before["counts"], "synthetic clips are no clips of the data set"
