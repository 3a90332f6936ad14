from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from earmark.audio.probe import Probe
from earmark.corpus.catalogue import Clip, Measured
from earmark.corpus.groups import groups


def clip(name: str, speaker=None, sentence=None, digest=None, gender=None) -> Measured:
    said = Clip(name, name[0], "t", speaker=speaker, sentence=sentence, gender=gender)
    return Measured(said, digest or name, Probe(1.0))


def ids(found) -> list[list[str]]:
    return sorted(group.clip_ids for group in found)


def test_clips_are_linked_through_any_of_the_columns():
    clips = [clip("a1", "ann", "one"), clip("a2", "ann", "two"), clip("b1", "bob", "two"), clip("b2", "cy", "six")]
    assert ids(groups(clips, ["speaker"])) == [["a1", "a2"], ["b1"], ["b2"]]
    assert ids(groups(clips, ["speaker", "sentence"])) == [["a1", "a2", "b1"], ["b2"]]


def test_values_of_different_columns_and_unknown_ones_link_nothing():
    assert ids(groups([clip("a", "x"), clip("b", None, "x"), clip("c"), clip("d")], ["speaker", "sentence"])) == [
        ["a"],
        ["b"],
        ["c"],
        ["d"],
    ]


def test_parts_of_one_file_stay_together_unless_told_otherwise():
    parts = [clip("a", digest="same"), clip("b", digest="same")]
    assert ids(groups(parts, [])) == [["a", "b"]]
    assert ids(groups(parts, [], whole_files=False)) == [["a"], ["b"]]


def test_a_group_is_named_by_what_links_it_and_counts_labels_and_genders():
    (group,) = groups([clip("b1", "zoe", gender="female"), clip("a1", "zoe", gender="female")], ["speaker"])
    assert (group.name, group.labels) == ("zoe", {"a", "b"})
    assert group.strata == Counter({("a", ""): 1, ("a", "female"): 1, ("b", ""): 1, ("b", "female"): 1})


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30), st.randoms())
def test_order_does_not_matter_and_nothing_is_lost(pairs, random):
    clips = [clip(f"c{i}", f"s{a}", f"t{b}") for i, (a, b) in enumerate(pairs)]
    found = ids(groups(clips, ["speaker", "sentence"]))
    random.shuffle(clips)
    assert ids(groups(clips, ["speaker", "sentence"])) == found
    assert sorted(name for group in found for name in group) == sorted(c.clip_id for c in clips)
