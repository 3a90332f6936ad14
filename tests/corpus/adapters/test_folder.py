import pytest

from earmark.config import DataParams
from earmark.corpus.adapters import folder
from earmark.corpus.catalogue import BadRow, Clip
from earmark.errors import EarmarkError
from earmark.recordings import Recordings
from earmark.store import Store


def read(root, label="label"):
    data = DataParams(adapter="folder", root=str(root), label=label)
    return list(folder.clips(data, Recordings(root, Store(root.parent / "store"))))


def test_the_folder_is_the_class(tmp_path, sound):
    sound(tmp_path / "cat" / "a.wav")
    sound(tmp_path / "dog" / "deep" / "b.flac")
    (tmp_path / "dog" / ".DS_Store").write_bytes(b"")
    (tmp_path / "readme.txt").write_text("no class")
    assert read(tmp_path) == [Clip("cat/a.wav", "cat", "folder"), Clip("dog/deep/b.flac", "dog", "folder")]


def test_a_file_of_another_kind_is_reported(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "notes.txt").write_text("purr")
    (bad,) = read(tmp_path)
    assert isinstance(bad, BadRow)
    assert (bad.path, bad.reason) == ("cat/notes.txt", "wrong_extension")


def test_a_missing_folder_and_another_label_are_errors_in_words(tmp_path):
    with pytest.raises(EarmarkError, match="no such folder"):
        read(tmp_path / "absent")
    with pytest.raises(EarmarkError, match="no column 'gender'"):
        read(tmp_path, "gender")
