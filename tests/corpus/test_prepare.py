import json
from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from earmark import versions
from earmark.config import DataParams, SyntheticParams
from earmark.corpus.catalogue import MANIFEST, QUARANTINE
from earmark.corpus.prepare import source_files
from earmark.corpus.synthetic import SyntheticSpeech
from earmark.errors import EarmarkError
from earmark.provenance import read_record
from earmark.recordings import Recordings
from earmark.store import Store


def manifest(output):
    return pq.read_table(output / "manifest.parquet").to_pylist()


def quarantine(output):
    return {row["path"]: row["reason"] for row in pq.read_table(output / "quarantine.parquet").to_pylist()}


def release_params(root, **sections):
    data = {"adapter": "common_voice", "root": str(root), **sections.pop("data", {})}
    return {"data": data, **sections}


def folder_params(root, **data):
    return {"data": {"adapter": "folder", "root": str(root), "label": "label", **data}, "split": {"by": "random"}}


@pytest.fixture
def classes(tmp_path, sound):
    """Two classes of six recordings each, a folder per class."""
    for label in ("cat", "dog"):
        for number in range(6):
            sound(tmp_path / "data" / label / f"{number}.wav")
    return tmp_path / "data"


def test_manifest_of_a_release(release, run):
    summary, output = run(release_params(release))
    assert summary["clips"] == 24
    assert summary["verdict"] == "clean"
    rows = manifest(output)
    assert [row["clip_id"] for row in rows] == sorted(row["clip_id"] for row in rows)
    first = rows[0]
    assert (first["label"], first["speaker"], first["gender"], first["sample_rate"]) == ("en", "en0", "male", 48000)
    assert 0.2 <= first["duration"] < 0.4
    assert -30 < first["level"] < -20
    assert pq.read_schema(output / "manifest.parquet").remove_metadata() == MANIFEST
    assert pq.read_schema(output / "quarantine.parquet").remove_metadata() == QUARANTINE
    for product in (output, output / "manifest.parquet", output / "quarantine.parquet"):
        assert read_record(product)["key"] == "out"
    assert json.loads((output / "leaks.json").read_text())["crossing"]["speaker"]["count"] == 0


def test_the_same_bytes_again(release, run):
    _, one = run(release_params(release))
    before = {file.name: file.read_bytes() for file in one.iterdir()}
    _, two = run(release_params(release))
    assert {file.name: file.read_bytes() for file in two.iterdir()} == before


def test_assignment_of_a_small_release_is_fixed(release, run):
    """Golden: if this fails because of a change in selection or split, bump versions.PREPARE."""
    _, output = run(
        release_params(release, data={"filter": "up_votes > 0", "rank_by": "up_votes", "top": 7, "unseen": 1})
    )
    assert versions.PREPARE == 2
    found = {row["clip_id"][-9:-4]: row["split"] for row in manifest(output)}
    assert {split: " ".join(sorted(c for c in found if found[c] == split)) for split in set(found.values())} == {
        "test": "en_21 es_30 es_31",
        "train": "en_30 en_31 en_40 en_41 es_40 es_41 es_50 es_51",
        "unseen": "en_11 es_11",
        "val": "en_50 en_51 es_21",
    }


def test_bad_recordings_are_quarantined_with_their_reason(classes, run, sound):
    cat, dog = classes / "cat", classes / "dog"
    good = (dog / "0.wav").read_bytes()
    (cat / "text.wav").write_text("not audio")
    (cat / "zero.wav").write_bytes(b"")
    (cat / "truncated.wav").write_bytes(good[: len(good) // 2])
    (dog / "truncated.mp3").write_bytes(sound(classes.parent / "long.mp3", seconds=2, rate=48000).read_bytes()[:5000])
    (cat / "notes.txt").write_text("purr")
    (dog / "copy.wav").write_bytes(good)
    (cat / "mp3_inside.wav").write_bytes(sound(classes.parent / "named.mp3", rate=48000).read_bytes())
    soundfile.write(cat / "empty.wav", np.zeros(0), 8000)
    soundfile.write(cat / "silent.wav", np.zeros(8000), 8000)
    sound(dog / "many.wav", channels=200)
    (dog / "folder.wav").mkdir()
    summary, output = run(folder_params(classes))
    assert quarantine(output) == {
        "cat/text.wav": "unreadable",
        "cat/zero.wav": "empty",
        "cat/truncated.wav": "truncated",
        "dog/truncated.mp3": "truncated",
        "cat/notes.txt": "wrong_extension",
        "dog/copy.wav": "duplicate",
        "cat/empty.wav": "empty",
        "cat/silent.wav": "silent",
        "dog/many.wav": "too_many_channels",
    }
    assert summary["quarantined"] == 9
    assert {row["clip_id"] for row in manifest(output)} >= {"dog/0.wav", "cat/mp3_inside.wav"}
    assert all(row["detail"] for row in pq.read_table(output / "quarantine.parquet").to_pylist())


def test_copies_with_different_labels_are_all_set_aside(classes, run):
    (classes / "dog" / "same.wav").write_bytes((classes / "cat" / "0.wav").read_bytes())
    _, output = run(folder_params(classes))
    assert quarantine(output) == {"cat/0.wav": "duplicate", "dog/same.wav": "duplicate"}


def test_rows_listed_twice(classes, run, rows):
    table = [{"path": f"{k}/{n}.wav", "label": k} for k in ("cat", "dog") for n in range(6)]
    rows(classes / "t.csv", [*table, table[0], {**table[1], "label": "dog"}])
    values = folder_params(classes, adapter="table", table="t.csv")
    _, output = run(values)
    assert len(manifest(output)) == 11
    listed = pq.read_table(output / "quarantine.parquet")["clip_id"].to_pylist()
    assert listed == ["cat/0.wav", "cat/1.wav", "cat/1.wav"]


def test_table_rows_without_file_and_files_without_row(release, run):
    (release / "en" / "clips" / "en_00.mp3").rename(release / "en" / "clips" / "renamed.mp3")
    _, output = run(release_params(release))
    assert quarantine(output) == {"en/clips/en_00.mp3": "missing_file", "en/clips/renamed.mp3": "unlisted"}


def test_a_bad_clip_is_replaced_by_the_next_best(release, run):
    best = release / "en" / "clips" / "en_51.mp3"
    best.write_text("not audio")
    summary, output = run(release_params(release, data={"rank_by": "up_votes", "top": 8}))
    assert summary["counts"]["train"].keys() == {"en", "es"}
    assert Counter(row["label"] for row in manifest(output)) == {"en": 8, "es": 8}
    assert quarantine(output) == {"en/clips/en_51.mp3": "unreadable"}
    assert summary["filtered"] == {"top": 7}


def test_every_row_is_in_one_place(release, run):
    (release / "en" / "clips" / "en_00.mp3").write_text("not audio")
    data = {
        "filter": "duration > 0.1 and up_votes >= 1",
        "rank_by": "up_votes",
        "top": 6,
        "unseen": 2,
        "balance": ["label"],
    }
    summary, output = run(release_params(release, data=data))
    assert summary["clips"] + summary["quarantined"] + sum(summary["filtered"].values()) == 24
    speakers = {split: {r["speaker"] for r in manifest(output) if r["split"] == split} for split in summary["counts"]}
    assert not speakers["unseen"] & (speakers["train"] | speakers["val"] | speakers["test"])


def test_parts_of_a_recording(tmp_path, run, rows, sound):
    for n in range(6):
        sound(tmp_path / "data" / f"{n}.wav", seconds=1)
    table = [
        {"path": f"{n}.wav", "label": "ab"[p], "start": p / 2, "end": p / 2 + 0.5} for n in range(6) for p in range(2)
    ]
    rows(tmp_path / "data" / "t.csv", [*table, {"path": "0.wav", "label": "a", "start": 3, "end": 4}])
    summary, output = run(folder_params(tmp_path / "data", adapter="table", table="t.csv"))
    assert summary["reasons"] == {"bad_row": 1}
    assert {row["duration"] for row in manifest(output)} == {0.5}
    assert manifest(output)[0]["clip_id"] == "0.wav#0-0.5"


def test_hopeless_inputs_are_errors_in_words(classes, release, run, rows, tmp_path):
    def refused(values, message):
        with pytest.raises(EarmarkError, match=message):
            run(values, "refused")
        assert not (tmp_path / "store" / "prepare" / "refused").exists()

    refused(folder_params(classes) | {"split": {"by": "speaker"}}, "no clip's speaker is known")
    refused(folder_params(classes, filter="label == 'cat'"), "only 'cat' to learn from.*filter left out 6")
    refused(folder_params(classes, filter="label == 'cow'"), "no clip to learn from")
    refused(folder_params(tmp_path / "nothing"), "no such folder")
    refused(release_params(release, data={"label": "mood"}), "no column 'mood'")
    refused(release_params(release, split={"by": ["speaker", "moood"]}), r"split\.by: no column 'moood'")
    refused(release_params(release, split={"by": "random"}), r"speaker\(s\) in more than one split")
    for file in (classes / "cat").glob("[1-9].wav"):
        file.unlink()
    refused(folder_params(classes), "class 'cat' cannot be in train, val and test")
    for file in classes.rglob("*.wav"):
        file.write_text("not audio")
    refused(folder_params(classes), r"no usable clip \(7 quarantined, e.g. cat/0.wav: ")


def test_an_accepted_leak_is_reported(release, run):
    summary, _ = run(release_params(release, split={"by": "random", "on_leak": "warn"}))
    assert summary["verdict"] == "leaks"


def test_the_official_split(tmp_path, run, rows, sound):
    table = [
        {
            "path": f"{n}.wav",
            "label": "ab"[n % 2],
            "speaker": f"p{n}",
            "split": ("train", "dev", "test", "other")[n // 2],
        }
        for n in range(8)
    ]
    for row in table:
        sound(tmp_path / "data" / row["path"])
    rows(tmp_path / "data" / "t.csv", table)
    values = folder_params(tmp_path / "data", adapter="table", table="t.csv") | {"split": {"by": "official"}}
    _, output = run(values)
    assert [row["split"] for row in manifest(output)] == ["train", "train", "val", "val", "test", "test"]
    assert quarantine(output) == {"6.wav": "no_split", "7.wav": "no_split"}
    sound(tmp_path / "data" / "8.wav")
    rows(tmp_path / "data" / "t.csv", [*table, {"path": "8.wav", "label": "c", "speaker": "q", "split": "test"}])
    with pytest.raises(EarmarkError, match="class 'c' only in test"):
        run(values)


def test_words_that_only_the_test_set_has(tmp_path, run, rows, sound):
    words = {"a": ["one", "two", "three"], "b": ["uno", "dos", "tres"]}
    table = [
        {"path": f"{who}-{word}.wav", "label": label, "speaker": who, "word": word}
        for who in range(6)
        for label, own in words.items()
        for word in own
    ]
    for row in table:
        sound(tmp_path / "data" / row["path"])
    rows(tmp_path / "data" / "t.csv", table)
    values = folder_params(tmp_path / "data", adapter="table", table="t.csv")
    tested = set()
    for fold in range(3):
        held_out = {"column": "word", "folds": 3, "fold": fold}
        summary, output = run(values | {"split": {"by": "speaker", "hold_out": held_out}}, f"fold{fold}")
        said = {row["clip_id"].split("-")[1]: row["split"] for row in manifest(output)}
        test = {word for word, split in said.items() if split == "test"}
        assert len(test) == 2
        tested |= test
        assert summary["clips"] + summary["filtered"]["hold_out"] == 36
        assert not test & {row["clip_id"].split("-")[1] for row in manifest(output) if row["split"] != "test"}
        fates = Counter(pq.read_table(output / "catalogue.parquet")["fate"].to_pylist())
        assert fates == {"kept": summary["clips"], "hold_out": summary["filtered"]["hold_out"]}
    assert len(tested) == 6
    with pytest.raises(EarmarkError, match=r"split\.hold_out\.column: no column 'wrd'; did you mean 'word'"):
        run(values | {"split": {"hold_out": {"column": "wrd"}}})


def test_synthetic_speech_is_for_training_only(tmp_path, run, rows, sound):
    """On top of everything that selects among recordings; nothing that the test set is asked for is spoken."""
    words = {"en": ["yes", "no", "stop", "go"], "es": ["uno", "dos", "tres", "cuatro"]}
    table = [
        {"path": f"{who}-{word}.wav", "label": label, "speaker": who, "word": word}
        for who in range(8)
        for label, own in words.items()
        for word in own
    ]
    for row in table:
        sound(tmp_path / "data" / row["path"])
    rows(tmp_path / "data" / "t.csv", table)
    texts = [{"label": "en", "language": "en-us", "text": text} for text in ("yes", "Please stop", "no", "morning")]
    texts += [{"label": "es", "language": "es", "text": text} for text in ("uno", "dos", "tres", "cuatro", "mesa")]
    synthetic = {"texts": str(rows(tmp_path / "texts.csv", texts)), "voices": 2, "texts_per_voice": 9}
    store = Store(tmp_path / "store")
    SyntheticSpeech(SyntheticParams(**synthetic), store).speak()
    data = {"top": 30, "balance": ["label"], "unseen": 2, "max_per_speaker": 8, "filter": "duration > 0.1"}
    values = folder_params(tmp_path / "data", adapter="table", table="t.csv", **data)
    split = {"by": "speaker", "hold_out": {"column": "word"}}
    plain, before = run({**values, "split": split}, "plain")
    values["data"] |= {"synthetic": synthetic}
    summary, output = run({**values, "split": split}, "spoken")
    real = [row for row in manifest(output) if row["source"] != "synthetic"]
    spoken = [row for row in manifest(output) if row["source"] == "synthetic"]
    assert real == manifest(before)
    assert {row["split"] for row in spoken} == {"train"}
    assert all(Recordings(tmp_path / "data", store).path(row["path"]).is_file() for row in spoken)
    tested = {row["clip_id"].split("-")[1][:-4] for row in real if row["split"] == "test"}
    assert tested and not any(word in row["sentence"].lower() for row in spoken for word in tested)
    counted = summary.pop("synthetic")
    assert counted["clips"] == len(spoken) and len(spoken) + counted["left_out"]["hold_out"] == 18
    assert (summary.pop("clips"), plain.pop("clips")) == (len(real) + len(spoken), len(real))
    assert summary == plain


def test_source_files_are_what_decides(release):
    recordings = Recordings(release, Store(release.parent / "store"))
    files = source_files(DataParams(adapter="common_voice", root=str(release)), recordings)
    assert {file.suffix for file in files} == {".tsv", ".mp3"}


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "label", "clips", "reasons", "leaking"),
    [
        ("speech_commands", "label", 1800, {"duplicate": 19, "silent": 1}, ["_silence_", "_silence_"]),
        ("gender_librispeech", "gender", 571, {}, []),
        ("lid_zh_en_dspspeech20", "language", 1355, {"duplicate": 5}, []),
    ],
)
def test_real_sets_with_their_official_split(run, shared_data, name, label, clips, reasons, leaking):
    """Two pairs of Speech Commands' background clips overlap across the official splits; nothing else leaks."""
    data = {"adapter": "table", "root": str(shared_data), "table": f"{name}.csv", "label": label}
    summary, output = run({"data": data, "split": {"by": "official", "on_leak": "warn"}})
    assert (summary["clips"], summary["reasons"]) == (clips, reasons)
    crossing = json.loads((output / "leaks.json").read_text())["crossing"]
    alike = [example["value"].split("/")[1] for example in crossing.pop("near_duplicate")["examples"]]
    assert alike == leaking
    assert [kind for kind, found in crossing.items() if found["count"] and kind != "sentence"] == []
