"""A data set's files, in folders or in archives, under one kind of name.

An archive counts as a folder: ``en/user-2008.tgz/wav/a1.wav`` is the member ``wav/a1.wav`` of ``en/user-2008.tgz``, and
``data.root`` may itself be an archive. A compressed tar cannot be read from the middle, so archives are unpacked: once
per content, by itself, into the store.
"""

from __future__ import annotations

import fcntl
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tqdm import tqdm

from earmark.digest import KEY_LENGTH, FileDigests, digest
from earmark.errors import EarmarkError
from earmark.store import Store, replacing_folder

if TYPE_CHECKING:
    from earmark.config import DataParams

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
"""Endings of archives."""

AUDIO = (".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aiff", ".aif", ".aifc", ".au", ".caf", ".w64")
"""Suffixes of the formats that libsndfile reads."""

SOUNDS = (*AUDIO, ".m4a", ".aac", ".mp4", ".wma", ".webm", ".amr", ".3gp", ".sph")
"""Suffixes of recordings, also of formats that libsndfile cannot read: those are reported when they are read."""

LARGEST = 1 << 40
"""Bytes that an archive may unpack to; more is a mistake or an attack."""

SYNTHETIC = "synthetic"
"""Step of the store that holds synthetic clips, and what the manifest names as their source."""

SPOKEN = f".{SYNTHETIC}/"
"""Begins the names of synthetic clips; a data set's own files have no hidden names."""

ELSEWHERE = ".external/"
"""Begins the names of files of external test sets; the name of the set follows."""

COMPLETE = ".complete"
"""Marks a folder as wholly unpacked."""

DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)
"""What unpacking a damaged or encrypted archive raises."""


def is_archive(name: str) -> bool:
    """Whether a file of this name is an archive."""
    return name.lower().endswith(SUFFIXES)


@dataclass(frozen=True)
class Recordings:
    """The files below ``root`` (a folder or archive); hidden ones are left out. ``others`` are external test sets."""

    root: Path
    store: Store
    others: Mapping[str, Recordings] = field(default_factory=dict, compare=False)
    _unpacked: dict[Path, Path] = field(default_factory=dict, repr=False, compare=False)
    _listed: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, data: DataParams, store: Store) -> Recordings:
        """The recordings of a study, and those of its external test sets."""
        return cls(Path(data.root), store, {name: cls(Path(each.root), store) for name, each in data.external.items()})

    def files(self) -> list[Path]:
        """The real files, archives as they are, sorted; raises EarmarkError if there is no such folder or archive."""
        if self.root.is_file() and is_archive(self.root.name):
            return [self.root]
        if not self.root.is_dir():
            raise EarmarkError(f"{self.root}: no such folder or archive; set data.root to where the recordings are")
        return list(_below(self.root))

    @cached_property
    def names(self) -> list[str]:
        """Name of every file, relative to the root, members of archives included; sorted."""
        return sorted(self._names())

    def _names(self) -> Iterator[str]:
        for path in tqdm(self.files(), desc="list", unit="file", disable=None, delay=2):
            if not is_archive(path.name):
                yield path.relative_to(self.root).as_posix()
                continue
            prefix = "" if path == self.root else f"{path.relative_to(self.root).as_posix()}/"
            folder = self._folder_of(path)
            yield from (f"{prefix}{member.relative_to(folder).as_posix()}" for member in _below(folder))

    def __contains__(self, name: str) -> bool:
        """Whether there is a file of this name; lists each folder once instead of asking for each file."""
        folder, _, base = name.rpartition("/")
        if folder not in self._listed:
            outside = name.startswith(("/", SPOKEN, ELSEWHERE)) or ".." in folder.split("/")
            self._listed[folder] = (
                frozenset() if outside else frozenset(_visible(self.path(f"{folder}/*" if folder else "*").parent))
            )
        return base in self._listed[folder]

    def path(self, name: str) -> Path:
        """Where the bytes of the file ``name`` are; the path of nothing if there is no such file."""
        if name.startswith(SPOKEN):
            return self.store.root / SYNTHETIC / name.removeprefix(SPOKEN)
        if name.startswith(ELSEWHERE):
            other, _, inner = name.removeprefix(ELSEWHERE).partition("/")
            return self.others[other].path(inner)
        archive, member = self._archive_of(name)
        return self.root / name if archive is None else self._folder_of(archive) / member

    def source(self, name: str) -> Path:
        """The real file that holds ``name``: itself, or the archive that it is a member of."""
        return self._archive_of(name)[0] or self.root / name

    def _archive_of(self, name: str) -> tuple[Path | None, str]:
        """The archive that holds ``name``, and the rest of the name."""
        parts = PurePosixPath(name).parts
        if is_archive(self.root.name) and self.root.is_file():
            return self.root, name
        for length in range(1, len(parts)):
            if is_archive(parts[length - 1]):
                archive = self.root.joinpath(*parts[:length])
                if archive.is_file():
                    return archive, "/".join(parts[length:])
        return None, name

    def unpacked(self) -> list[Path]:
        """Where in the store the contents of the archives are, or would be."""
        own = [self._place_of(path) for path in self.files() if is_archive(path.name)]
        return own + [place for other in self.others.values() for place in other.unpacked()]

    def _folder_of(self, archive: Path) -> Path:
        """The archive's content, unpacked."""
        if archive not in self._unpacked:
            self._unpacked[archive] = unpack(archive, self._place_of(archive))
        return self._unpacked[archive]

    def _place_of(self, archive: Path) -> Path:
        with FileDigests(self.store.file_digests) as digests:
            return self.store.path("unpacked", digests.of(archive)[:KEY_LENGTH], "")


def sound_files(folder: Path, parameter: str) -> list[Path]:
    """The recordings in ``folder`` and below, by their suffix, sorted; ``parameter`` is what messages name.

    Raises EarmarkError if there is no such folder, or no recording in it.
    """
    if not folder.is_dir():
        raise EarmarkError(f"{parameter}: {folder} is not a folder; set it to one of recordings, or to null")
    found = sorted(path for path in _below(folder) if path.name.lower().endswith(SOUNDS))
    if not found:
        raise EarmarkError(f"{parameter}: no recordings in {folder} (suffixes {', '.join(AUDIO)})")
    return found


def sound_digests(folders: Mapping[str, Path], store: Store) -> dict[str, str]:
    """Digest of the names and contents of the recordings in each of ``folders`` of the section ``train``."""
    found = {}
    with FileDigests(store.file_digests) as digests:
        for name, folder in folders.items():
            found[name] = digest(digests.of_all(sound_files(folder, f"train.{name}"), folder))
    return found


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack ``archive`` to ``folder`` unless that is there; several processes may ask for it at once.

    Symbolic links, devices, hidden files and members that lie outside the folder are left out. Raises EarmarkError for
    a damaged archive.
    """
    if (folder / COMPLETE).is_file():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / COMPLETE).is_file():
            with replacing_folder(folder) as part:
                _extract(archive, part)
                (part / COMPLETE).touch()
    return folder


def _extract(archive: Path, folder: Path) -> None:
    extract = _extract_zip if archive.name.lower().endswith(".zip") else _extract_tar
    try:
        extract(archive, folder)
    except DAMAGED as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise EarmarkError(f"{archive}: cannot be unpacked ({reason}); copy or download it again") from None


def _extract_tar(archive: Path, folder: Path) -> None:
    left = LARGEST
    with tarfile.open(archive) as tar:
        for member in tqdm(tar, desc=f"unpack {archive.name}", unit="file", disable=None, delay=2):
            target = _target(folder, member.name)
            if target is None:
                continue
            if member.islnk():
                _link(_target(folder, member.linkname), target)
            elif member.isfile() and (stream := tar.extractfile(member)):
                left = _spend(left, member.size, archive)
                with stream, target.open("wb") as copy:
                    shutil.copyfileobj(stream, copy, 1 << 20)
        _require_end(tar)


def _link(source: Path | None, target: Path) -> None:
    """A hard link to an earlier member, as tar writes two names of one file; of links to elsewhere nothing is made."""
    if source is not None and source.is_file() and not target.exists():
        os.link(source, target)


def _require_end(tar: tarfile.TarFile) -> None:
    """Raise ReadError unless zeros follow the last member: where a tar is cut or a header damaged, tarfile only stops.

    Reading on to the end checks the checksum of the compression.
    """
    assert tar.fileobj is not None
    mark = tar.fileobj.tell() - tar.offset
    if mark < tarfile.BLOCKSIZE or any(tar.fileobj.read(tarfile.BLOCKSIZE)):
        raise tarfile.ReadError("unexpected end of data")
    while tar.fileobj.read(1 << 20):
        pass


def _extract_zip(archive: Path, folder: Path) -> None:
    left = LARGEST
    with zipfile.ZipFile(archive) as contents:
        for member in tqdm(contents.infolist(), desc=f"unpack {archive.name}", unit="file", disable=None, delay=2):
            target = _target(folder, member.filename)
            if member.is_dir() or target is None:
                continue
            left = _spend(left, member.file_size, archive)
            with contents.open(member) as stream, target.open("wb") as copy:
                shutil.copyfileobj(stream, copy, 1 << 20)


def _target(folder: Path, name: str) -> Path | None:
    """Where a member goes; None for names that are hidden, absolute or climb out."""
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in path.parts if part != "."]
    if not parts or path.is_absolute() or any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return None
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _spend(left: int, size: int, archive: Path) -> int:
    if size > left:
        raise EarmarkError(f"{archive}: unpacks to more than {LARGEST >> 30} GiB; unpack it by hand if that is right")
    return left - size


def _below(folder: Path) -> Iterable[Path]:
    """Every file below a folder that is not hidden, in sorted order; links to folders are followed, but not upwards."""
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not _leads_up(Path(place) / name))
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def _visible(folder: Path) -> Iterator[str]:
    """Names of the files in a folder that are not hidden; none if there is no such folder."""
    if folder.is_dir():
        with os.scandir(folder) as found:
            yield from (entry.name for entry in found if not entry.name.startswith(".") and entry.is_file())


def _leads_up(folder: Path) -> bool:
    """Whether a folder is a link to one that it lies in, so that to follow it would never end."""
    return folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve())
