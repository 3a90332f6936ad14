import json
from pathlib import Path

import pytest

from earmark.config import DataParams
from earmark.corpus.adapters import nemo
from earmark.errors import EarmarkError
from earmark.recordings import Recordings
from earmark.store import Store


def write(path: Path, *lines: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_whole_files_parts_and_other_fields(read, tree, tmp_path):
    (one, two), bad = read("nemo", tree("nemo", tmp_path))
    assert bad == []
    assert (one.path, one.label, one.split, one.start, one.end) == ("set/wav/one.wav", "speech", "train", None, None)
    assert (one.sentence, one.speaker, one.extra) == ("one", "p", {"stated_duration": "1.0"})
    assert (two.start, two.end, two.extra["snr"]) == (0.25, 0.75, "10")


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train_manifest.json", "train"),
        ("validation_manifest.jsonl", "val"),
        ("an4_test_manifest.json", "test"),
        ("balanced_speech_testing_manifest.json", "test"),
        ("dev-manifest.json", "val"),
        ("manifest.json", None),
    ],
)
def test_the_split_is_in_the_name(read, sound, tmp_path, name, split):
    sound(tmp_path / "a.wav")
    write(tmp_path / name, {"audio_filepath": "a.wav", "command": "go"})
    (clip,), _ = read("nemo", tmp_path)
    assert (clip.split, clip.label) == (split, "go")
    assert read("nemo", tmp_path, label="command")[0] == [clip]


def test_a_field_split_and_an_offset_without_duration(read, sound, tmp_path):
    sound(tmp_path / "a.wav")
    write(tmp_path / "train_manifest.json", {"audio_filepath": "a.wav", "label": 1, "split": "test", "offset": 0.1})
    (clip,), _ = read("nemo", tmp_path)
    assert (clip.label, clip.split, clip.start, clip.end) == ("1", "test", 0.1, None)


def test_where_files_are_looked_for(read, sound, tmp_path):
    sound(tmp_path / "wav" / "a.wav")
    sound(tmp_path / "lists" / "b.wav")
    paths = [
        "wav/a.wav",
        "b.wav",
        "../wav/a.wav",
        str(tmp_path / "wav" / "a.wav"),
        "/etc/passwd",
        "../../x.wav",
        "c.wav",
    ]
    write(tmp_path / "lists" / "manifest.json", *({"audio_filepath": path, "label": "x"} for path in paths))
    clips, bad = read("nemo", tmp_path)
    assert [clip.path for clip in clips] == ["wav/a.wav", "lists/b.wav", "wav/a.wav", "wav/a.wav"]
    assert [row.reason for row in bad] == ["missing_file"] * 3


def test_data_table_names_the_manifests(read, tree, sound, tmp_path):
    sound(tree("nemo", tmp_path) / "a.wav")
    write(tmp_path / "my_list.jsonl", {"audio_filepath": "a.wav", "label": "x"})
    assert len(read("nemo", tmp_path)[0]) == 2
    assert len(read("nemo", tmp_path, table="my_list.jsonl")[0]) == 1
    assert len(read("nemo", tmp_path, table="my_list.jsonl, set/train_manifest.json")[0]) == 3
    with pytest.raises(EarmarkError, match=r"data\.table: no manifest 'mine\.json'"):
        read("nemo", tmp_path, table="mine.json")


def test_rows_that_cannot_be_used_say_why(read, sound, tmp_path):
    sound(tmp_path / "a.wav")
    good = {"audio_filepath": "a.wav", "label": "x"}
    lines = [{"label": "x"}, {**good, "label": None}, {**good, "offset": "soon"}, {**good, "offset": 1, "duration": 0}]
    write(tmp_path / "manifest.json", good, *lines)
    clips, bad = read("nemo", tmp_path)
    assert (len(clips), [row.reason for row in bad]) == (1, ["bad_row", "no_label", "bad_row", "bad_row"])


def test_files_are_the_manifests_and_what_they_name(tree, sound, tmp_path):
    sound(tree("nemo", tmp_path) / "other.wav")
    write(tmp_path / "test_manifest.json", {"audio_filepath": "gone.wav", "label": "x"})
    data = DataParams(adapter="nemo", root=str(tmp_path), label="label")
    files = nemo.files(data, Recordings(tmp_path, Store(tmp_path / ".store")))
    names = [file.relative_to(tmp_path).as_posix() for file in files]
    assert names == ["gone.wav", "set/train_manifest.json", "set/wav/one.wav", "set/wav/two.wav", "test_manifest.json"]


def test_errors_in_words(read, tree, tmp_path):
    with pytest.raises(EarmarkError, match=r"holds no \*manifest\*\.json or \.jsonl; name the manifests in"):
        read("nemo", tmp_path)
    with pytest.raises(EarmarkError, match="no column 'snrr'; did you mean 'snr'"):
        read("nemo", tree("nemo", tmp_path), label="snrr")
    (tmp_path / "set" / "train_manifest.json").write_text('{"audio_filepath": "a.wav"}\n[1]\n')
    with pytest.raises(EarmarkError, match=r"train_manifest\.json: line 2 is not a JSON object"):
        read("nemo", tmp_path)
