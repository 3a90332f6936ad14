import numpy as np
import pytest

from earmark.evaluation.attributes import attributes
from earmark.evaluation.data_findings import data_findings
from earmark.evaluation.fates import by_class
from earmark.evaluation.voices import voices

PROBES = {"chance": 0.5, "probes": {}}
CLEAN = {"crossing": {"speaker": {"count": 0}}}


def clips(label, n=40, speakers=10, **columns):
    """Clips of a class: speakers in turn, durations around 2 s, levels around -20 dBFS."""
    rng = np.random.default_rng(len(label))
    return [
        {
            "clip_id": f"{label}{i:03d}",
            "label": label,
            "speaker": f"{label}{i % speakers}" if speakers else None,
            "gender": ["male", "female"][i % 2],
            "split": ["train", "val", "test", "test"][i % 4],
            "duration": float(rng.uniform(1, 3)),
            "level": float(rng.normal(-20, 3)),
            **columns,
        }
        for i in range(n)
    ]


@pytest.fixture
def tell(surveyed):
    def told(*rows, confounds=PROBES, **parts):
        census = surveyed([row for group in rows for row in group], **{**CLEAN, **parts})
        quantities = {name: by_class(census.clips, name) for name in ("duration", "level")}
        stated = attributes(census, "label")
        found = data_findings(census, voices(census.clips, census.labels), stated, quantities, confounds)
        return [(finding.level, finding.text) for finding in found]

    return told


def has(found, level, text):
    return any(one == level and text in sentence for one, sentence in found)


def test_sound_data_have_no_warning(tell):
    found = tell(clips("a"), clips("b"))
    assert not any(level == "warn" for level, _ in found)
    for text in ("similar size", "same share of each gender", "hardly differ", "No speaker, sentence"):
        assert has(found, "good", text)


@pytest.mark.parametrize(("n", "level"), [(70, "note"), (200, "warn")])
def test_unequal_classes_are_told(tell, n, level):
    assert has(tell(clips("a"), clips("b", n)), level, f"b has {n} clips, a 40")


def test_few_speakers_are_a_warning(tell):
    found = tell(clips("a"), clips("b", speakers=2))
    assert has(found, "warn", "Fewer than 5 speakers of b (2)")
    assert not has(found, "note", "dominates")


def test_many_classes_of_few_speakers_are_abridged(tell):
    assert has(tell(*(clips(f"l{i}", speakers=1) for i in range(9))), "warn", "l5 (1) and 3 more")


def test_few_speakers_to_judge_by_are_a_warning(tell):
    rows = clips("a") + clips("b")
    for row in rows:
        row["split"] = "test" if row["speaker"] in ("a0", "b0") else "train"
    assert has(tell(rows), "warn", "2 in test")


def test_unknown_speakers_are_told(tell):
    found = tell(clips("a"), clips("b", speakers=0), unknown_speaker=40)
    assert has(found, "note", "The speaker of 40 clips is not known: b (40)")
    assert has(found, "good", "as far as is known: the speakers of 40 clips are not")
    assert has(tell(clips("a", speakers=0), clips("b", speakers=0)), "warn", "No speaker is known")


def test_a_speaker_of_a_third_of_a_class_is_told(tell):
    rows = clips("a", speakers=20)
    for row in rows[:16]:
        row["speaker"] = "loud"
    assert has(tell(rows, clips("b")), "note", "One speaker dominates a (40 %)")


def test_speakers_of_every_class_are_good(tell):
    rows = clips("a") + clips("b")
    for row in rows:
        row["speaker"] = row["speaker"][1:]
    assert has(tell(rows), "good", "All 10 speakers are in every class")


@pytest.mark.parametrize(("every", "level"), [(2, "warn"), (3, "note")])
def test_a_gender_that_goes_with_the_class_is_told(tell, every, level):
    rows = clips("b")
    for row in rows[::every]:
        row["gender"] = "female"
    assert has(tell(clips("a"), rows), level, "The gender goes with the class")


def test_the_contrast_names_the_sides(tell):
    found = tell(clips("en", gender="male"), clips("de", gender="female"))
    assert has(found, "warn", "female: 100 % in de, 0 % in en. A model may learn the gender instead")


def test_formats_that_go_with_the_class_are_a_warning(tell):
    assert has(tell(clips("a"), clips("b", codec="MP3")), "warn", "The file format goes with the class")


@pytest.mark.parametrize(("gender", "text"), [(None, "No gender is stated"), ("male", "Every clip is male")])
def test_a_gender_that_cannot_be_compared_is_told(tell, gender, text):
    assert has(tell(clips("a", gender=gender), clips("b", gender=gender)), "note", text)


def test_classes_of_other_durations_and_levels_are_told(tell):
    long = [{**row, "duration": row["duration"] * 2, "level": row["level"] - 30} for row in clips("b")]
    found = tell(clips("a"), long)
    assert has(found, "warn", "The duration differs between the classes")
    assert has(found, "warn", "dBFS for b, −")


def test_leaks_confounds_and_losses_are_told(tell):
    probes = {"level": {"balanced_accuracy": 0.7, "ci95": [0.6, 0.8]}}
    probes["spectrum"] = {"balanced_accuracy": 0.9, "ci95": [0.8, 1.0]}
    leaks = {"verdict": "leaks", "crossing": {"speaker": {"count": 3}}, "filtered": {"top": 7}}
    quarantine = [{"path": "x", "reason": "silent", "detail": "peak"}]
    found = tell(clips("a"), clips("b"), confounds={"chance": 0.5, "probes": probes}, quarantine=quarantine, **leaks)
    assert has(found, "warn", "3 speaker(s) in more than one")
    assert has(found, "warn", "The level alone reaches 70.0 %")
    assert has(found, "note", "The mean spectrum alone reaches 90.0 %")
    assert has(found, "note", "1 silent") and has(found, "note", "top 7")
    assert [level for level, _ in found] == sorted((level for level, _ in found), key=["warn", "note", "good"].index)
