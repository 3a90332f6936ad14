import io
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest

from earmark import recordings as module
from earmark.config import DataParams
from earmark.errors import EarmarkError
from earmark.recordings import SPOKEN, Recordings, is_archive, sound_digests, sound_files, unpack
from earmark.store import Store

MEMBERS = {"en/a.wav": b"A" * 100, "en/b.wav": b"B", "es/deep/er/c.wav": b"C"}
FORMATS = {"data.tar": "w", "data.tar.gz": "w:gz", "data.tgz": "w:gz", "data.tar.bz2": "w:bz2", "data.tar.xz": "w:xz"}
ARCHIVES = [*FORMATS, "data.zip"]


def pack(path: Path, members: dict[str, bytes]) -> Path:
    """Write an archive with these members, by its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(
        path, FORMATS[f"data{''.join(path.suffixes[-2:])}" if ".tar" in path.name else "data.tgz"]
    ) as tar:
        for name, content in members.items():
            add(tar, name, content)
    return path


def add(tar: tarfile.TarFile, name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, target: str = "") -> None:
    """Add a member of any kind and name."""
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = len(content), kind, target
    tar.addfile(member, io.BytesIO(content))


@pytest.fixture
def opened(tmp_path):
    """The recordings below a folder or in an archive, unpacked to a store of the test."""
    return lambda root: Recordings(root, Store(tmp_path / ".store"))


def contents(recordings: Recordings) -> dict[str, bytes]:
    return {name: recordings.path(name).read_bytes() for name in recordings.names}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_is_the_root(opened, tmp_path, name):
    found = opened(pack(tmp_path / name, MEMBERS))
    assert contents(found) == MEMBERS
    assert found.names == sorted(MEMBERS)
    assert ("en/a.wav" in found, "en" in found, "x.wav" in found) == (True, False, False)
    assert (found.files(), found.source("en/a.wav")) == ([tmp_path / name], tmp_path / name)


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_lies_in_a_folder(opened, tmp_path, name):
    pack(tmp_path / "root" / "sets" / name, MEMBERS)
    (tmp_path / "root" / "table.csv").write_bytes(b"T")
    (tmp_path / "root" / "plain.zip.d").mkdir()
    found = opened(tmp_path / "root")
    assert contents(found) == {f"sets/{name}/{member}": data for member, data in MEMBERS.items()} | {"table.csv": b"T"}
    assert found.files() == [tmp_path / "root" / "table.csv", tmp_path / "root" / "sets" / name]
    assert found.source(f"sets/{name}/en/a.wav") == tmp_path / "root" / "sets" / name
    assert found.source("table.csv") == tmp_path / "root" / "table.csv"


def test_what_lies_outside_or_is_no_file_is_not_there(opened, tmp_path):
    (tmp_path / "outside.wav").write_bytes(b"")
    pack(tmp_path / "root" / "data.zip", MEMBERS)
    found = opened(tmp_path / "root")
    outside = ["../outside.wav", f"{tmp_path}/outside.wav", "data.zip/../../outside.wav", "x/../../outside.wav"]
    nothing = [
        "",
        ".",
        "..",
        "/",
        "data.zip/en",
        "data.zip/en/",
        "en/a.wav",
        "data.zip/en/.complete",
        "data.zip/.complete",
    ]
    assert [name for name in [*outside, *nothing] if name in found] == []
    assert "data.zip/en/a.wav" in found


def test_a_folder_may_be_named_like_an_archive(opened, tmp_path):
    (tmp_path / "root" / "set.zip").mkdir(parents=True)
    (tmp_path / "root" / "set.zip" / "a.wav").write_bytes(b"A")
    assert contents(opened(tmp_path / "root")) == {"set.zip/a.wav": b"A"}
    assert contents(opened(tmp_path / "root" / "set.zip")) == {"a.wav": b"A"}
    assert [is_archive(name) for name in ("A.TGZ", "a.tar.gz", "a.gz", "tar", "a.wav")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_hidden_files_are_left_out(opened, tmp_path):
    hidden = {".DS_Store": b"", "en/._a.wav": b"", ".git/config": b"", "__MACOSX/en/a.wav": b"", ".complete": b""}
    for name in ("data.tar", "data.zip"):
        assert opened(pack(tmp_path / name, {**hidden, **MEMBERS})).names == sorted(MEMBERS)
    for name, data in {".hidden/a.wav": b"", ".b.wav": b"", "c.wav": b"C"}.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert opened(tmp_path / "folder").names == ["c.wav"]


@pytest.mark.parametrize("name", ["data.tar", "data.tar.gz", "data.zip"])
def test_members_never_leave_the_folder(opened, tmp_path, name):
    outside = ["../out.wav", "en/../../out.wav", "/out.wav", str(tmp_path / "out.wav"), "..\\out.wav", "."]
    found = opened(pack(tmp_path / name, {**dict.fromkeys(outside, b"evil"), "./en//a.wav": b"A"}))
    assert contents(found) == {"en/a.wav": b"A"}
    assert not list(tmp_path.rglob("out.wav"))


def test_symbolic_links_and_devices_are_left_out(opened, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    with tarfile.open(tmp_path / "data.tar", "w") as tar:
        add(tar, "a.wav", b"A")
        add(tar, "link.wav", kind=tarfile.SYMTYPE, target=str(tmp_path / "secret"))
        add(tar, "folder", kind=tarfile.SYMTYPE, target=str(tmp_path))
        add(tar, "folder/through.wav", b"written through the link?")
        add(tar, "pipe.wav", kind=tarfile.FIFOTYPE)
        add(tar, "device.wav", kind=tarfile.CHRTYPE)
        add(tar, "hard.wav", kind=tarfile.LNKTYPE, target="../secret")
    found = opened(tmp_path / "data.tar")
    assert found.names == ["a.wav", "folder/through.wav"]
    assert not (tmp_path / "through.wav").exists()


def test_hard_links_to_other_members_are_files(opened, tmp_path):
    """GNU tar writes files that share an inode as links to the first: so do data sets out of DVC's cache."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.wav").write_bytes(b"A")
    os.link(tmp_path / "set" / "a.wav", tmp_path / "set" / "b.wav")
    with tarfile.open(tmp_path / "data.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "set", "set")
    assert contents(opened(tmp_path / "data.tar.gz")) == {"set/a.wav": b"A", "set/b.wav": b"A"}


def test_linked_folders_are_followed_and_loops_are_not(opened, tmp_path):
    (tmp_path / "disk" / "clips").mkdir(parents=True)
    (tmp_path / "disk" / "clips" / "a.wav").write_bytes(b"A")
    (tmp_path / "root" / "en").mkdir(parents=True)
    (tmp_path / "root" / "en" / "clips").symlink_to(tmp_path / "disk" / "clips")
    (tmp_path / "root" / "en" / "loop").symlink_to(tmp_path / "root")
    (tmp_path / "disk" / "clips" / "self").symlink_to(".")
    assert contents(opened(tmp_path / "root")) == {"en/clips/a.wav": b"A"}


def test_an_archive_that_ends_with_another_is_not_taken_for_it(opened, tmp_path):
    inner = pack(tmp_path / "inner.zip", {"x.wav": b"X"})
    found = opened(pack(tmp_path / "data.tar", {"a.wav": b"A", "inner.zip": inner.read_bytes()}))
    assert "a.wav" in found


@pytest.mark.parametrize("name", ["data.tar", "data.tar.gz", "data.tar.xz", "data.zip"])
@pytest.mark.parametrize("damage", ["cut", "overwritten", "empty", "no archive"])
def test_a_damaged_archive_is_an_error_that_names_it(opened, tmp_path, name, damage):
    noise = {f"{n}.wav": os.urandom(2000) for n in range(30)}
    raw = pack(tmp_path / name, noise).read_bytes()
    half = len(raw) // 2
    damaged = {
        "cut": raw[:half],
        "overwritten": raw[: half - 1000] + b"\xff" * 2000 + raw[half + 1000 :],
        "empty": b"",
        "no archive": b"<html>404 Not Found</html>" * 100,
    }[damage]
    (tmp_path / name).write_bytes(damaged)
    with pytest.raises(EarmarkError, match=rf"{name}: cannot be unpacked .*download it again"):
        opened(tmp_path / name).names  # noqa: B018
    assert not list((tmp_path / ".store" / "unpacked").glob("*/*.wav"))


def test_an_encrypted_archive_is_an_error_that_names_it(opened, tmp_path):
    raw = bytearray(pack(tmp_path / "data.zip", {"a.wav": b"A"}).read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + place] |= 1
    (tmp_path / "data.zip").write_bytes(raw)
    with pytest.raises(EarmarkError, match=r"data\.zip: cannot be unpacked .*encrypted"):
        opened(tmp_path / "data.zip").names  # noqa: B018


@pytest.mark.parametrize("name", ["data.tar", "data.zip"])
def test_an_archive_that_unpacks_to_too_much_is_refused(opened, tmp_path, monkeypatch, name):
    monkeypatch.setattr(module, "LARGEST", 100)
    with pytest.raises(EarmarkError, match=r"unpacks to more than"):
        opened(pack(tmp_path / name, MEMBERS)).names  # noqa: B018


def test_an_archive_is_unpacked_once_whatever_its_name(opened, tmp_path, monkeypatch):
    first = pack(tmp_path / "one" / "data.zip", MEMBERS)
    found = contents(opened(first))
    copy = tmp_path / "two" / "data.zip"
    copy.parent.mkdir()
    copy.write_bytes(first.read_bytes())
    monkeypatch.setattr(module, "_extract", lambda *_: pytest.fail("unpacked again"))
    assert contents(opened(first)) == contents(opened(copy)) == found
    assert len([path for path in (tmp_path / ".store" / "unpacked").iterdir() if path.is_dir()]) == 1


def test_a_changed_archive_is_unpacked_anew(opened, tmp_path):
    path = pack(tmp_path / "data.zip", MEMBERS)
    assert opened(path).names == sorted(MEMBERS)
    pack(path, {"other.wav": b"O"})
    assert contents(opened(path)) == {"other.wav": b"O"}


def test_what_a_killed_run_left_is_replaced(tmp_path):
    path, folder = pack(tmp_path / "data.zip", MEMBERS), tmp_path / "store" / "key"
    folder.mkdir(parents=True)
    (folder / "half.wav").write_bytes(b"")
    assert unpack(path, folder) == folder
    assert sorted(file.name for file in folder.rglob("*.wav")) == ["a.wav", "b.wav", "c.wav"]


def test_two_processes_unpack_at_once(tmp_path):
    """Both see all members, and the archive is unpacked by one of them."""
    path = pack(tmp_path / "data.tar.gz", {f"{n}.wav": os.urandom(5000) for n in range(300)})
    code = (
        "import sys; from pathlib import Path; from earmark import recordings as r; from earmark.store import Store\n"
        "extract = r._extract\n"
        "r._extract = lambda *a: (print('unpacks', flush=True), extract(*a))\n"
        "print(len(r.Recordings(Path(sys.argv[1]), Store(Path(sys.argv[2]))).names))"
    )
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "store")]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [run.communicate(timeout=60)[0].split() for run in runs]
    assert [output[-1] for output in outputs] == ["300", "300"]
    assert sum(output.count("unpacks") for output in outputs) == 1


def test_one_waits_for_the_other(tmp_path, monkeypatch):
    path, folder, order = pack(tmp_path / "data.zip", MEMBERS), tmp_path / "store" / "key", []
    extract, started = module._extract, threading.Event()

    def slowly(archive: Path, target: Path) -> None:
        started.set()
        order.append("unpacks")
        threading.Event().wait(0.2)
        extract(archive, target)

    monkeypatch.setattr(module, "_extract", slowly)
    first = threading.Thread(target=unpack, args=(path, folder))
    first.start()
    assert started.wait(10)
    assert (unpack(path, folder) / module.COMPLETE).is_file()
    first.join()
    assert order == ["unpacks"]


def test_no_such_folder_is_an_error_in_words(opened, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    for root in (tmp_path / "absent", tmp_path / "absent.zip", tmp_path / "a.wav"):
        with pytest.raises(EarmarkError, match=r"no such folder or archive; set data\.root"):
            opened(root).names  # noqa: B018


def test_synthetic_clips_are_in_the_store_and_in_no_data_set(opened, tmp_path):
    spoken = tmp_path / ".store" / "synthetic" / "key" / "en-us" / "000" / "000.flac"
    spoken.parent.mkdir(parents=True)
    spoken.write_bytes(b"speech")
    (tmp_path / "root").mkdir()
    found = opened(tmp_path / "root")
    assert found.path(f"{SPOKEN}key/en-us/000/000.flac").read_bytes() == b"speech"
    assert f"{SPOKEN}key/en-us/000/000.flac" not in found
    assert found.names == []


def test_recordings_of_a_folder_are_its_files_with_a_suffix_of_sound(tmp_path):
    for name in ("b.wav", "deep/er/A.FLAC", "deep/x.m4a", "deep/notes.txt", "LICENSE", ".hidden/c.wav", ".d.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = sound_files(tmp_path, "train.noise")
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["b.wav", "deep/er/A.FLAC", "deep/x.m4a"]
    with pytest.raises(EarmarkError, match=r"train\.noise: no recordings in .*hidden/no"):
        (tmp_path / ".hidden/no").mkdir()
        sound_files(tmp_path / ".hidden/no", "train.noise")
    with pytest.raises(EarmarkError, match=r"train\.rooms: .*b\.wav is not a folder"):
        sound_files(tmp_path / "b.wav", "train.rooms")


def test_digests_of_sounds_follow_content_and_not_place_or_other_files(tmp_path):
    store = Store(tmp_path / "store")
    for folder in ("one", "two"):
        (tmp_path / folder / "deep").mkdir(parents=True)
        (tmp_path / folder / "deep/a.wav").write_bytes(b"sound")
    (tmp_path / "two/README").write_text("of another")
    found = sound_digests({"noise": tmp_path / "one", "rooms": tmp_path / "two"}, store)
    assert found["noise"] == found["rooms"]
    (tmp_path / "two/b.wav").write_bytes(b"sound")
    (tmp_path / "one/deep/a.wav").write_bytes(b"other")
    later = sound_digests({"noise": tmp_path / "one", "rooms": tmp_path / "two"}, store)
    assert len({found["noise"], *later.values()}) == 3
    assert sound_digests({}, store) == {}


def test_an_external_set_has_its_files_under_its_name(tmp_path):
    archive = pack(tmp_path / "far.tar.gz", MEMBERS)
    (tmp_path / "own").mkdir()
    (tmp_path / "own/a.wav").write_bytes(b"own")
    data = DataParams(root=str(tmp_path / "own"), external={"far": {"adapter": "folder", "root": str(archive)}})
    found = Recordings.of(data, Store(tmp_path / ".store"))
    assert found.names == ["a.wav"]
    assert found.path(".external/far/en/a.wav").read_bytes() == MEMBERS["en/a.wav"]
    assert ".external/far/en/a.wav" not in found
    assert found.unpacked() == found.others["far"].unpacked() and found.unpacked()[0].is_dir()
