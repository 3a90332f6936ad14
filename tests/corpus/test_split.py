from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.probe import Probe
from earmark.config import SplitParams
from earmark.corpus.catalogue import Clip, Measured
from earmark.corpus.split import official_split, split
from earmark.errors import EarmarkError
from earmark.splits import SPLITS


def measured(clip: Clip, digest: str | None = None) -> Measured:
    return Measured(clip, digest or f"sha of {clip.path}", Probe(1.0, 8000, 1, -20.0))


def people(labels: int, speakers: int, clips: int) -> list[Measured]:
    """Each speaker has one label and gender, and a different number of clips."""
    return [
        measured(
            Clip(f"{label}/{speaker}/{n}.wav", str(label), "t", speaker=f"{label}-{speaker}", gender="mf"[speaker % 2])
        )
        for label in range(labels)
        for speaker in range(speakers)
        for n in range(1 + (speaker * 7 + label) % clips)
    ]


def share(clips, assigned, name):
    return sum(assigned[clip.clip_id] == name for clip in clips) / len(clips)


@settings(deadline=None, max_examples=50)
@given(st.integers(2, 3), st.integers(15, 30), st.integers(1, 8), st.integers(0, 3), st.randoms())
def test_speakers_never_cross_and_fractions_hold_in_any_order(labels, speakers, clips, seed, random):
    everything = people(labels, speakers, clips)
    params = SplitParams(seed=seed)
    assigned = split(everything, params)
    where = defaultdict(set)
    for clip in everything:
        where[clip.clip.speaker].add(assigned[clip.clip_id])
    assert all(len(names) == 1 for names in where.values())
    for label in range(labels):
        own = [clip for clip in everything if clip.clip.label == str(label)]
        for name, fraction in zip(SPLITS, params.fractions, strict=True):
            assert abs(share(own, assigned, name) - fraction) < 0.15
    random.shuffle(everything)
    assert split(everything, params) == assigned


@settings(deadline=None, max_examples=50)
@given(st.integers(5, 60), st.integers(5, 60), st.integers(0, 5))
def test_a_random_split_is_exact_inside_each_class(one, two, seed):
    everything = [measured(Clip(f"{k}{n}.wav", k, "t")) for k, count in (("a", one), ("b", two)) for n in range(count)]
    assigned = split(everything, SplitParams(by="random", seed=seed))
    for label, count in (("a", one), ("b", two)):
        found = Counter(assigned[clip.clip_id] for clip in everything if clip.clip.label == label)
        assert all(abs(found[name] - f * count) < 1 for name, f in zip(SPLITS, (0.6, 0.2, 0.2), strict=True))


def test_the_recipe_of_a_thousand_clips_per_class():
    everything = [measured(Clip(f"{k}{n}.mp3", k, "t")) for k in ("en", "es", "zh") for n in range(1000)]
    assert Counter(split(everything, SplitParams(by="random")).values()) == {"train": 1800, "val": 600, "test": 600}


def test_genders_are_spread_over_the_splits():
    everything = people(2, 40, 4)
    assigned = split(everything, SplitParams())
    for name in SPLITS:
        assert {clip.clip.gender for clip in everything if assigned[clip.clip_id] == name} == {"m", "f"}


def test_seeds_differ():
    everything = people(2, 20, 4)
    assert split(everything, SplitParams(seed=1)) != split(everything, SplitParams(seed=2))


def test_several_columns_are_linked():
    """Speaker and sentence must not cross: a clip links its speaker with all readers of its sentence."""
    everything = [
        measured(Clip(f"{k}{s}{n}.wav", k, "t", speaker=f"{k}{s}", extra={"word": f"{k} {s // 2} {n}"}))
        for k in "ab"
        for s in range(12)
        for n in range(3)
    ]
    assigned = split(everything, SplitParams(by=["speaker", "word"]))
    for column in ("speaker", "word"):
        places = defaultdict(set)
        for clip in everything:
            places[clip.value(column)].add(assigned[clip.clip_id])
        assert all(len(names) == 1 for names in places.values())


def test_parts_of_a_recording_stay_together():
    everything = [
        measured(Clip(f"{n}.wav", "ab"[part % 2], "t", start=part, end=part + 1), f"sha{n}")
        for n in range(9)
        for part in range(4)
    ]
    assigned = split(everything, SplitParams(by="random"))
    assert all(len({assigned[f"{n}.wav#{p}-{p + 1}"] for p in range(4)}) == 1 for n in range(9))


def test_three_speakers_of_a_class_reach_all_splits_whatever_the_fractions():
    everything = people(2, 3, 9)
    assigned = split(everything, SplitParams(fractions=[0.9, 0.05, 0.05]))
    for label in "01":
        assert {assigned[clip.clip_id] for clip in everything if clip.clip.label == label} == set(SPLITS)


def test_no_known_speaker_is_an_error_that_names_the_way_out():
    with pytest.raises(EarmarkError, match=r"no clip's speaker is known. Set split.by: random"):
        split([measured(Clip(f"{n}.wav", "ab"[n % 2], "t")) for n in range(9)], SplitParams())


@pytest.mark.parametrize("by", ["speaker", "random"])
def test_a_class_too_small_to_be_split_is_an_error(by):
    everything = [*people(1, 9, 3), *[measured(Clip(f"{n}.wav", "rare", "t", speaker="x")) for n in range(2)]]
    with pytest.raises(EarmarkError, match="class 'rare'"):
        split(everything, SplitParams(by=by))


def test_the_official_split_is_taken_over_in_any_spelling():
    spelt = ["training", "dev", "Test", "validation", "test", "train"]
    everything = [measured(Clip(f"{n}{k}.wav", k, "t", split=name)) for k in "ab" for n, name in enumerate(spelt)]
    assigned = split(everything, SplitParams(by="official"))
    assert [assigned[f"{n}a.wav"] for n in range(6)] == ["train", "val", "test", "val", "test", "train"]
    assert official_split("holdout") is None


def test_a_class_only_in_test_is_an_error():
    everything = [measured(Clip(f"{n}.wav", "ab"[n % 2], "t", split=SPLITS[n // 2 % 3])) for n in range(12)]
    stray = measured(Clip("x.wav", "c", "t", split="test"))
    with pytest.raises(EarmarkError, match="class 'c' only in test, not in train, val"):
        split([*everything, stray], SplitParams(by="official"))


def test_a_split_column_that_no_clip_has_is_an_error():
    with pytest.raises(EarmarkError, match="no clip has a value in column 'sentence'"):
        split(people(2, 5, 3), SplitParams(by=["sentence"]))


def held_out(everything, **params):
    assigned = split(everything, SplitParams(**params))
    return {clip.clip_id for clip in everything if assigned[clip.clip_id] == "test"}


def test_every_group_is_tested_once_in_k_folds():
    everything = people(labels=2, speakers=15, clips=4)
    folds = [held_out(everything, scheme="kfold", folds=5, fold=i) for i in range(5)]
    assert sorted(clip_id for fold in folds for clip_id in fold) == sorted(clip.clip_id for clip in everything)
    speakers = [{clip.clip.speaker for clip in everything if clip.clip_id in fold} for fold in folds]
    assert sum(map(len, speakers)) == 30
    assert max(map(len, folds)) - min(map(len, folds)) <= 4


def test_each_group_is_left_out_by_its_name():
    everything = people(labels=2, speakers=6, clips=3)
    left = [held_out(everything, scheme="leave_one_group_out", fold=i) for i in range(12)]
    names = [{clip.clip.speaker for clip in everything if clip.clip_id in fold} for fold in left]
    assert names == [{f"{label}-{speaker}"} for label in range(2) for speaker in range(6)]
    with pytest.raises(EarmarkError, match="there are 12 groups"):
        held_out(everything, scheme="leave_one_group_out", fold=12)


def test_an_official_split_without_validation_part_gets_one_by_speaker():
    everything = [
        measured(Clip(f"{k}{s}{n}.wav", k, "t", speaker=f"{k}{s}", split="test" if s > 7 else "train"))
        for k in "ab"
        for s in range(10)
        for n in range(3)
    ]
    assigned = split(everything, SplitParams(by="official"))
    where = defaultdict(set)
    for clip in everything:
        where[clip.clip.speaker].add(assigned[clip.clip_id])
    assert {name for names in where.values() for name in names} == set(SPLITS)
    assert all(len(names) == 1 for names in where.values())
    assert where["a8"] == where["b9"] == {"test"}


def test_a_validation_part_may_be_drawn_from_training_clip_by_clip():
    everything = [
        measured(Clip(f"{k}{s}{n}.wav", k, "t", speaker=f"{k}{s}", split="test" if s > 7 else "train"))
        for k in "ab"
        for s in range(10)
        for n in range(5)
    ]
    assigned = split(everything, SplitParams(by="official", validation="random", fractions=[0.6, 0.15, 0.25]))
    assert Counter(assigned.values()) == {"train": 64, "val": 16, "test": 20}
    crossing = {c.clip.speaker for c in everything if assigned[c.clip_id] == "val"}
    assert crossing & {c.clip.speaker for c in everything if assigned[c.clip_id] == "train"}


def test_a_validation_part_may_be_redrawn_by_speaker_with_the_data_sets_own_as_training():
    parts = ["train", "train", "train", "train", "val", "val", "train", "train", "test", "test"]
    everything = [
        measured(Clip(f"{k}{s}{n}.wav", k, "t", speaker=f"{k}{s}", split=part))
        for k in "ab"
        for s, part in enumerate(parts)
        for n in range(5)
    ]
    assigned = split(everything, SplitParams(by="official", validation="redrawn", fractions=[0.7, 0.1, 0.2]))
    assert Counter(assigned.values()) == {"train": 70, "val": 10, "test": 20}
    where = {(clip.clip.speaker, assigned[clip.clip_id]) for clip in everything}
    assert len(where) == 20 and {("a8", "test"), ("b9", "test")} < where
    other = split(everything, SplitParams(by="official", validation="redrawn", fractions=[0.7, 0.1, 0.2], seed=1))
    assert other != assigned


def test_the_official_split_may_stand_in_another_column():
    everything = [
        measured(Clip(f"{k}{i}.wav", k, "t", split="train", extra={"fold_1": name}))
        for k in "ab"
        for i, name in enumerate(("train", "val", "test"))
    ]
    assigned = split(everything, SplitParams(by="official", official="fold_1"))
    assert assigned["a1.wav"], assigned["b2.wav"] == ("val", "test")


def test_segments_of_one_recording_may_part():
    parts = [
        Measured(Clip(f"{k}.wav", k, "t", start=float(i), end=float(i + 2)), k, Probe(60.0))
        for k in "ab"
        for i in range(50)
    ]
    assigned = split(parts, SplitParams(by="segment"))
    assert Counter(assigned.values()) == {"train": 60, "val": 20, "test": 20}


def test_near_duplicates_stay_together_where_there_are_any():
    everything = people(labels=2, speakers=8, clips=3)
    assert split(everything, SplitParams(by=["speaker", "near_duplicate"]))
    alike = [
        replace(clip, near_duplicate="pair" if clip.clip_id in ("0/0/0.wav", "0/7/0.wav") else None)
        for clip in everything
    ]
    assigned = split(alike, SplitParams(by=["speaker", "near_duplicate"]))
    assert assigned["0/0/0.wav"] == assigned["0/7/0.wav"]
