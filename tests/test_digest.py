import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.digest import KEY_LENGTH, FileDigests, canonical, digest, file_digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    max_leaves=20,  # drawing a hundred takes longer than what is tested
)


@given(st.dictionaries(st.text(), JSON))
def test_the_order_of_keys_does_not_matter(value):
    assert canonical(value) == canonical(dict(reversed(list(value.items()))))


def test_a_key_is_stable_over_releases():
    assert digest("mel", 1, {"n_mels": 40, "trim_db": None}) == "45ccc2b9c88de030e192"


@given(JSON, JSON)
def test_different_values_have_different_keys(a, b):
    assert (digest(a) == digest(b)) == (canonical(a) == canonical(b))
    assert len(digest(a)) == KEY_LENGTH


@pytest.fixture
def old_file(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(b"one")
    os.utime(path, ns=(10**18, 10**18))
    return path


def test_an_unchanged_file_is_not_read_again(tmp_path, old_file):
    with FileDigests(tmp_path / "files.sqlite") as digests:
        first = digests.of(old_file)
    old_file.write_bytes(b"two")
    os.utime(old_file, ns=(10**18, 10**18))
    with FileDigests(tmp_path / "files.sqlite") as digests:
        assert digests.of(old_file) == first, "size and time are those of the cached digest"


def test_a_changed_file_is_read_again(tmp_path, old_file):
    with FileDigests(tmp_path / "files.sqlite") as digests:
        first = digests.of(old_file)
        old_file.write_bytes(b"two")
        os.utime(old_file, ns=(10**18 + 1, 10**18 + 1))
        assert digests.of(old_file) == file_digest(old_file) != first


def test_a_file_written_just_now_is_not_trusted(tmp_path):
    path = tmp_path / "fresh.wav"
    with FileDigests(tmp_path / "files.sqlite") as digests:
        path.write_bytes(b"one")
        stat = path.stat()
        digests.of(path)
        path.write_bytes(b"two")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert digests.of(path) == file_digest(path)


def test_all_files_are_named_below_the_root_and_sorted(tmp_path):
    for name in ("b", "a"):
        (tmp_path / name).write_text(name)
    with FileDigests(tmp_path / "files.sqlite") as digests:
        found = digests.of_all([tmp_path / "b", tmp_path / "gone", tmp_path / "a"], tmp_path)
    assert [name for name, _ in found] == ["a", "b", "gone"]
    assert dict(found)["gone"] == "missing"
