from earmark.audio.casting import PITCHES, RATES, STRETCH, Speaker, speakers
from earmark.audio.espeak import Voice


def test_the_cast_of_the_embedded_backbone_stays():
    """A change here makes other speakers: bump ``versions.SYNTHETIC``, and train ``earmark_base`` again."""
    assert speakers("de", 2) == [
        Speaker(Voice("de", "robert", rate=118, pitch=55, range=63), speed=0.9890590713644876),
        Speaker(Voice("de", "m5", rate=135, pitch=75, range=36), speed=0.8724583360675976),
    ]


def test_speakers_keep_within_what_sounds_human_and_do_not_depend_on_how_many_there_are():
    cast = speakers("cmn", 200, seed=3)
    assert cast[:20] == speakers("cmn", 20, seed=3)
    assert len(set(cast)) == 200
    for speaker in cast:
        assert RATES[0] <= speaker.voice.rate <= RATES[1]
        assert all(PITCHES[0] <= value <= PITCHES[1] for value in (speaker.voice.pitch, speaker.voice.range))
        assert abs(speaker.speed - 1) <= STRETCH
