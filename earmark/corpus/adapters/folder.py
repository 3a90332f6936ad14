"""A folder per class: ``<root>/<class>/**/*.wav`` (or another audio format). Speakers are not known.

An archive counts as a folder of its name without the suffix where it holds no folders: ``<root>/<class>.zip``.
"""

from __future__ import annotations

from collections.abc import Iterator

from earmark.config import DataParams
from earmark.corpus.catalogue import BadRow, Clip
from earmark.errors import EarmarkError
from earmark.recordings import AUDIO, SUFFIXES, Recordings, is_archive


def clips(data: DataParams, recordings: Recordings) -> Iterator[Clip | BadRow]:
    """A clip per file, its class the name of the folder; raises EarmarkError if another label is asked for."""
    if data.label not in ("label", "language"):
        raise EarmarkError(
            f"data.label: adapter 'folder' has no column '{data.label}'; use 'label', the name of the folder"
        )
    for path in recordings.names:
        label = _class(path)
        if label is None:
            continue  # beside the class folders: a licence, a table
        if path.lower().endswith(AUDIO):
            yield Clip(path, label, "folder", language=label if data.label == "language" else None)
        else:
            suffix = path.rsplit("/")[-1].rpartition(".")[2]
            yield BadRow(path, path, "wrong_extension", f"'.{suffix}' is no audio format that earmark reads")


def _class(path: str) -> str | None:
    """The first folder; an archive is one only if it has none inside."""
    folders = path.split("/")[:-1]
    inner = [name for name in folders if not is_archive(name)]
    if inner or not folders:
        return inner[0] if inner else None
    suffix = next(s for s in sorted(SUFFIXES, key=len, reverse=True) if folders[0].lower().endswith(s))
    return folders[0][: -len(suffix)]
