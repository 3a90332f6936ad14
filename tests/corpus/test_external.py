"""Test sets from elsewhere: they are judged on and nothing else, under names of their own."""

import json

import pyarrow.parquet as pq
import pytest

from earmark.errors import EarmarkError


@pytest.fixture
def elsewhere(tmp_path, sound, rows):
    """Another site's table of cats, dogs and a cow, by speakers whose names are those of the study's."""
    table = [
        {"path": f"{label}{n}.wav", "kind": label, "speaker": f"{label}0"}
        for label, count in {"cat": 3, "dog": 2, "cow": 1}.items()
        for n in range(count)
    ]
    for row in table:
        sound(tmp_path / "phone" / row["path"])
    rows(tmp_path / "phone" / "clips.csv", table)
    return tmp_path / "phone"


@pytest.fixture
def values(tmp_path, sound, rows, elsewhere):
    """Params of a study of cats and dogs, six speakers each, and of the other site."""
    table = [
        {"path": f"{label}{n}.wav", "label": label, "speaker": f"{label}{n // 2}"}
        for label in ("cat", "dog")
        for n in range(12)
    ]
    for row in table:
        sound(tmp_path / "data" / row["path"])
    rows(tmp_path / "data" / "clips.csv", table)
    phone = {"adapter": "table", "root": str(elsewhere), "table": "clips.csv", "label": "kind"}
    data = {"adapter": "table", "root": str(tmp_path / "data"), "table": "clips.csv", "label": "label"}
    return {"data": data | {"external": {"phone": phone}}}


def manifest(output):
    return {row["clip_id"]: row for row in pq.read_table(output / "manifest.parquet").to_pylist()}


def test_its_clips_are_a_split_of_their_own_beside_an_unchanged_study(values, run):
    _, output = run(values)
    _, alone = run({"data": values["data"] | {"external": {}}}, "alone")
    rows, own = manifest(output), manifest(alone)
    assert {name: rows[name] for name in own} == own
    added = {name: row for name, row in rows.items() if name not in own}
    assert set(added) == {f".external/phone/{name}.wav" for name in ("cat0", "cat1", "cat2", "dog0", "dog1")}
    assert {row["split"] for row in added.values()} == {"external/phone"}
    assert {row["speaker"] for row in added.values()} == {"phone/cat0", "phone/dog0"}, "another cat0 than the study's"


def test_what_was_not_used_is_counted(values, run, elsewhere):
    (elsewhere / "cat1.wav").write_text("no sound")
    summary, output = run(values)
    expected = {
        "clips": 4,
        "speakers": 2,
        "counts": {"cat": 2, "dog": 2},
        "left_out": {"other_class": 1},
        "quarantined": 1,
    }
    assert summary["external"] == json.loads((output / "leaks.json").read_text())["external"] == {"phone": expected}
    (bad,) = pq.read_table(output / "quarantine.parquet").to_pylist()
    assert (bad["path"], bad["reason"]) == (".external/phone/cat1.wav", "unreadable")


def test_the_same_sound_there_and_in_training_is_a_leak(values, run, elsewhere, tmp_path):
    (elsewhere / "cat0.wav").write_bytes((tmp_path / "data" / "cat0.wav").read_bytes())
    with pytest.raises(EarmarkError, match=r"in more than one split, e\.g\. .*external/phone"):
        run(values)


def test_speakers_of_one_set_of_recordings_are_the_same_people(values, run):
    own = {name: values["data"][name] for name in ("adapter", "root", "table", "label")}
    values["data"]["external"] = {"same": own}
    values["data"]["filter"] = "speaker != 'cat0'"
    values["data"]["external"]["same"]["filter"] = "speaker == 'cat0'"
    _, output = run(values)
    assert {row["speaker"] for row in manifest(output).values() if row["split"] == "external/same"} == {"cat0"}


def test_a_set_without_a_class_of_the_study_is_refused_by_name(values, run):
    values["data"]["external"]["phone"]["label"] = "speaker"
    with pytest.raises(
        EarmarkError, match=r"data\.external\.phone: no clip of cat, dog; its classes: cat0, cow0, dog0"
    ):
        run(values)


def test_new_words_in_the_test_set_ask_nothing_of_it(values, run, tmp_path, rows):
    table = [
        {"path": f"{label}{n}.wav", "label": label, "speaker": f"{label}{n // 2}", "word": f"{label}-{n % 2}"}
        for label in ("cat", "dog")
        for n in range(12)
    ]
    rows(tmp_path / "data" / "clips.csv", table)
    _, output = run(values | {"split": {"hold_out": {"column": "word", "folds": 2}}})
    assert sum(row["split"] == "external/phone" for row in manifest(output).values()) == 5
