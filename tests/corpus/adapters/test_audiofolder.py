from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.errors import EarmarkError


def test_metadata_in_the_folder_of_each_split(read, tree, tmp_path):
    clips, bad = read("audiofolder", tree("audiofolder", tmp_path))
    assert (Counter(c.split for c in clips), bad) == ({"train": 2, "val": 2}, [])
    assert clips[0].path == "pets/train/clips/0.wav"
    assert (clips[0].label, clips[0].sentence, clips[0].extra) == ("cat", "s 0", {})


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl", "metadata.parquet"])
def test_metadata_at_the_root(read, sound, tmp_path, name):
    table = [{"file_name": f"{split}/a.wav", "speaker_id": 7, "emotion": split} for split in ("train", "test")]
    for row in table:
        sound(tmp_path / str(row["file_name"]))
    if name.endswith("csv"):
        lines = ["file_name,speaker_id,emotion", *(",".join(map(str, row.values())) for row in table)]
        (tmp_path / name).write_text("\n".join(lines))
    elif name.endswith("jsonl"):
        (tmp_path / name).write_text("\n".join(str(row).replace("'", '"') for row in table))
    else:
        pq.write_table(pa.Table.from_pylist(table), tmp_path / name)
    clips, bad = read("audiofolder", tmp_path, label="emotion")
    assert [(c.label, c.split, c.speaker) for c in clips] == [("train", "train", "7"), ("test", "test", "7")]
    assert bad == []


def test_a_column_that_earmark_measures_keeps_its_value_under_another_name(read, sound, rows, tmp_path):
    sound(tmp_path / "a.wav")
    rows(tmp_path / "metadata.csv", [{"file_name": "a.wav", "label": "x", "duration": 9, "source": "radio"}])
    (clip,), _ = read("audiofolder", tmp_path)
    assert clip.extra == {"stated_duration": "9", "stated_source": "radio"}


def test_a_folder_per_class(read, sound, tmp_path):
    for path in ("pets/train/dog/a.wav", "pets/train/test/b.wav", "pets/dev/cat/c.mp3", "pets/test/d.wav", "e.wav"):
        sound(tmp_path / path, rate=48000)
    (tmp_path / "pets" / "README.md").write_text("pets")
    clips, bad = read("audiofolder", tmp_path)
    assert {(c.label, c.split) for c in clips} == {("dog", "train"), ("test", "train"), ("cat", "val")}
    assert {row.path: row.reason for row in bad} == {"pets/test/d.wav": "no_label", "e.wav": "no_label"}
    assert {c.language for c in read("audiofolder", tmp_path, label="language")[0]} == {"dog", "cat", "test"}


def test_missing_unlisted_unnamed_and_unlabelled(read, tree, rows, sound, tmp_path):
    sound(tree("audiofolder", tmp_path) / "pets" / "train" / "clips" / "9.wav")
    table = [{"file_name": name, "label": label} for name, label in [("x.wav", "a"), ("", "a"), ("clips/0.wav", "")]]
    table += [{"file_name": "../../../etc/passwd", "label": "a"}]
    rows(tmp_path / "pets" / "train" / "metadata.csv", table)
    _, bad = read("audiofolder", tmp_path)
    assert Counter(row.reason for row in bad) == {"missing_file": 2, "bad_row": 1, "no_label": 1, "unlisted": 2}


def test_errors_in_words(read, tree, tmp_path):
    with pytest.raises(EarmarkError, match=r"holds no metadata\.csv"):
        read("audiofolder", tmp_path)
    with pytest.raises(EarmarkError, match=r"\(without metadata\)' has no column 'gender'"):
        read("audiofolder", tmp_path, label="gender")
    with pytest.raises(EarmarkError, match="no column 'lable'; did you mean 'label'"):
        read("audiofolder", tree("audiofolder", tmp_path), label="lable")
