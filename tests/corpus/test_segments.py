from earmark.audio.probe import Probe
from earmark.corpus.catalogue import Clip, Measured
from earmark.corpus.segments import segments


def measured(seconds: float, **values) -> Measured:
    return Measured(Clip("a.wav", "x", "t", **values), "sha", Probe(seconds))


def test_overlapping_parts_as_many_as_fit():
    parts = segments([measured(5.0)], length=2.0, hop=1.0)
    assert [(part.clip.start, part.clip.end) for part in parts] == [(0, 2), (1, 3), (2, 4), (3, 5)]
    assert {part.clip.recording for part in parts} == {"a.wav"}
    assert len({part.clip_id for part in parts}) == 4


def test_a_part_of_a_file_is_cut_inside_its_bounds():
    parts = segments([measured(9.0, start=3.0, end=6.0)], length=2.0, hop=0.5)
    assert [(part.clip.start, part.clip.end) for part in parts] == [(3, 5), (3.5, 5.5), (4, 6)]


def test_a_short_clip_stays_as_it_is():
    clip = measured(1.5)
    assert segments([clip], length=2.0, hop=1.0) == [clip]
