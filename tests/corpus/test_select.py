from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.probe import Probe
from earmark.config import DataParams
from earmark.corpus.catalogue import Clip, Measured
from earmark.corpus.select import needs_measuring, select
from earmark.errors import EarmarkError


def clips(per_class: dict[str, int]) -> list[Clip]:
    """Votes rise with the number, speakers have three clips each, genders alternate."""
    return [
        Clip(
            f"{label}{n:03d}.mp3",
            label,
            "test",
            speaker=f"{label}{n // 3}",
            gender=("male", "female")[n % 2],
            up_votes=n,
        )
        for label, count in per_class.items()
        for n in range(count)
    ]


def data(**values):
    return DataParams(**values)


def labels(chosen):
    return Counter(clip.label for clip in chosen)


def test_without_rules_all_are_kept():
    selection = select(clips({"en": 5, "es": 3}), data())
    assert labels(selection.kept) == {"en": 5, "es": 3}
    assert (selection.unseen, selection.filtered) == ([], {})


def test_the_best_of_each_class_and_the_next_best_unseen():
    selection = select(clips({"en": 10, "es": 8}), data(rank_by="up_votes", top=3, unseen=2))
    assert sorted(c.up_votes for c in selection.kept if c.label == "en") == [7, 8, 9]
    assert sorted(c.up_votes for c in selection.unseen if c.label == "en") == [5, 6]
    assert selection.filtered == {"top": 8}


def test_unseen_speakers_are_new_when_speakers_must_not_cross():
    selection = select(clips({"en": 12, "es": 12}), data(rank_by="up_votes", top=4, unseen=3), apart=["speaker"])
    assert not {c.speaker for c in selection.kept} & {c.speaker for c in selection.unseen}
    assert selection.filtered == {"top": 6, "unseen_shares_speaker": 4}


def test_no_speaker_has_more_than_its_share_and_unknown_ones_are_not_counted():
    unknown = [Clip(f"u{n}.mp3", "en", "test", up_votes=n) for n in range(4)]
    selection = select([*clips({"en": 9}), *unknown], data(rank_by="up_votes", max_per_speaker=2))
    assert Counter(c.speaker for c in selection.kept) == {"en0": 2, "en1": 2, "en2": 2, None: 4}
    assert sorted(c.up_votes for c in selection.left_out["max_per_speaker"]) == [0, 3, 6]


def test_durations_outside_the_bounds_are_left_out():
    spoken = [Measured(Clip(f"{n}.wav", "en", "t"), str(n), Probe(n / 10)) for n in range(10)]
    selection = select(spoken, data(min_duration=0.2, max_duration=0.5))
    assert sorted(c.clip_id for c in selection.kept) == ["2.wav", "3.wav", "4.wav", "5.wav"]
    assert selection.filtered == {"duration": 6}
    assert needs_measuring(data(min_duration=0.2))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 9), st.randoms())
def test_a_seed_draws_the_same_clips_in_any_order(seed, random):
    everything = clips({"en": 30, "es": 30})
    first = select(everything, data(top=5, seed=seed)).kept
    random.shuffle(everything)
    assert select(everything, data(top=5, seed=seed)).kept == first
    assert select(everything, data(top=5, seed=seed + 1)).kept != first


def test_every_clip_has_one_fate():
    everything = clips({"en": 40, "es": 25})
    rules = data(
        filter="up_votes > 2", rank_by="up_votes", max_per_speaker=2, top=9, balance=["label", "gender"], unseen=3
    )
    selection = select(everything, rules, apart=["speaker"])
    fates = [*selection.kept, *selection.unseen, *(c for left in selection.left_out.values() for c in left)]
    assert sorted(c.clip_id for c in fates) == sorted(c.clip_id for c in everything)


def test_the_recipe_of_equal_classes():
    chosen = data(filter="gender == 'male'", rank_by="up_votes", top=4, balance=["label"])
    selection = select(clips({"en": 20, "es": 6, "zh": 30}), chosen)
    assert labels(selection.kept) == {"en": 3, "es": 3, "zh": 3}
    assert selection.filtered == {"filter": 28, "top": 17, "balance": 2}


def test_balance_over_two_columns_drops_clips_without_a_value():
    unknown = [Clip("x.mp3", "en", "test")]
    selection = select([*clips({"en": 7, "es": 4}), *unknown], data(balance=["label", "gender"]))
    assert Counter((c.label, c.gender) for c in selection.kept) == {
        (label, gender): 2 for label in ("en", "es") for gender in ("male", "female")
    }
    assert selection.filtered == {"balance": 4}


def test_a_balance_that_cannot_be_had_is_an_error():
    men = [clip for clip in clips({"en": 6, "es": 6}) if clip.label == "en" or clip.gender == "male"]
    with pytest.raises(EarmarkError, match="no clip has label es, gender female"):
        select(men, data(balance=["label", "gender"]))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"filter": "gendr == 'male'"}, r"data\.filter: no column 'gendr'; did you mean 'gender'"),
        ({"rank_by": "votes", "top": 2}, r"data\.rank_by: no column 'votes'"),
        ({"rank_by": "speaker"}, "not a number"),
        ({"balance": ["sex"]}, r"data\.balance: no column 'sex'"),
        ({"unseen": 3}, r"set data\.top too"),
    ],
)
def test_wrong_settings_are_explained(values, message):
    with pytest.raises(EarmarkError, match=message):
        select(clips({"en": 3, "es": 3}), data(**values))


def test_rules_on_measured_columns_are_recognised():
    assert needs_measuring(data(filter="duration < 5"))
    assert needs_measuring(data(rank_by="level"))
    assert not needs_measuring(data(filter="up_votes > 2"))


@settings(deadline=None, max_examples=50)
@given(
    st.dictionaries(st.sampled_from(["de", "en", "es"]), st.integers(1, 25), min_size=1),
    st.integers(1, 12),
    st.integers(0, 6),
    st.randoms(),
)
def test_every_clip_is_accounted_for_in_any_order(per_class, top, unseen, random):
    rules = data(filter="up_votes > 1", rank_by="down_votes", top=top, unseen=unseen, balance=["label"])
    everything = clips(per_class)
    selection = select(everything, rules, apart=["speaker"])
    assert len(selection.kept) + len(selection.unseen) + sum(selection.filtered.values()) == len(everything)
    random.shuffle(everything)
    again = select(everything, rules, apart=["speaker"])
    assert [c.clip_id for c in again.kept] == [c.clip_id for c in selection.kept]
    assert (again.unseen, again.filtered) == (selection.unseen, selection.filtered)
