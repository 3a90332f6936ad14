import math
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from earmark.shards import assign
from earmark.shards.assign import Batch, Shard, batches, bits_for, neighbours, shard_of

CLIPS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@given(st.integers(0, 10**7), st.integers(1, 5000))
def test_bits_are_the_fewest_that_keep_the_size(n_clips, shard_size):
    bits = bits_for(n_clips, shard_size)
    assert n_clips / 2**bits <= shard_size
    assert bits == 0 or n_clips / 2 ** (bits - 1) > shard_size


@given(CLIPS, st.integers(0, 20))
def test_a_child_begins_with_its_parent(clip_id, bits):
    parent, child = shard_of(clip_id, bits), shard_of(clip_id, bits + 1)
    assert len(child) == bits + 1 and set(child) <= {"0", "1"}
    assert child[:-1] == ("" if parent == "all" else parent)


@given(st.sets(CLIPS, max_size=30), CLIPS, st.integers(0, 6))
def test_an_added_clip_touches_one_shard(clips, added, bits):
    def shards(ids):
        found = {}
        for clip_id in ids:
            found.setdefault(shard_of(clip_id, bits), set()).add(clip_id)
        return found

    before, after = shards(clips), shards(clips | {added})
    changed = [name for name in after if after[name] != before.get(name)]
    assert changed == ([] if added in clips else [shard_of(added, bits)])


def test_assignment_never_changes():
    assert [shard_of("common_voice_en_1.mp3", bits) for bits in (0, 1, 3, 8)] == ["all", "1", "110", "11010111"]
    assert shard_of("数字", 5) == shard_of("数字", 9)[:5]


def test_shards_fill_evenly():
    counts = {}
    for index in range(8000):
        name = shard_of(f"clip_{index}.wav", 3)
        counts[name] = counts.get(name, 0) + 1
    assert len(counts) == 8 and all(abs(n - 1000) < 5 * math.sqrt(1000) for n in counts.values())


@given(CLIPS, st.integers(0, 9), st.integers(0, 4))
def test_neighbours_hold_the_clip_when_bits_change(clip_id, bits, fewer):
    assert shard_of(clip_id, max(0, bits - fewer)) in neighbours(shard_of(clip_id, bits))
    assert shard_of(clip_id, bits + fewer) in neighbours(shard_of(clip_id, bits))


def test_the_nearest_neighbour_is_the_shard_itself():
    assert neighbours("all")[:3] == ["all", "0", "1"]
    assert neighbours("01")[:5] == ["01", "0", "all", "010", "011"]


def sized(*clips):
    return [Shard(f"{i:02b}", [SimpleNamespace()] * count, f"mel {i}", f"embed {i}") for i, count in enumerate(clips)]


def test_a_job_is_named_by_its_shards_and_what_becomes_of_them():
    first, *others = sized(1, 1, 1)
    assert Batch([first, *others]).name.endswith(".00..10")
    assert Batch([first]).name != Batch([Shard("00", [], "another mel", "")]).name


def test_every_worker_gets_about_as_many_clips():
    found = batches(sized(5, 5, 5, 5, 10, 10), 2)
    assert [sum(len(shard.clips) for shard in batch.shards) for batch in found] == [20, 20]
    assert batches([], 2) == []


def test_many_clips_are_more_jobs_for_each(monkeypatch):
    monkeypatch.setattr(assign, "CLIPS_PER_JOB", 5)
    assert len(batches(sized(*[5] * 8), 2)) == 8
