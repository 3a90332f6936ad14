"""What adapters share to find a layout among the names of a data set, below leading folders and inside archives."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache

from earmark.corpus.catalogue import BadRow, nearest
from earmark.errors import EarmarkError
from earmark.recordings import SOUNDS, SUFFIXES, Recordings

SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "validation": "val",
    "valid": "val",
    "val": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
}
"""Names of folders that hold one split of a data set, as Hugging Face datasets knows them."""


def sounds(recordings: Recordings) -> Iterator[str]:
    """Names of the recordings, by their suffix; all other files are not clips but belong to the data set."""
    return (name for name in recordings.names if name.lower().endswith(SOUNDS))


def folders(name: str) -> list[str]:
    """Names of the folders above a file, outermost first, of an archive without its suffix."""
    return [without_suffix(part) for part in name.split("/")[:-1]]


@cache
def without_suffix(folder: str) -> str:
    """A folder's name; an archive counts as a folder of its name without the suffix."""
    ending = max((suffix for suffix in SUFFIXES if folder.lower().endswith(suffix)), key=len, default="")
    return folder[: len(folder) - len(ending)]


def stem(name: str) -> str:
    """A file's name without folders and suffix."""
    base = name.rpartition("/")[2]
    return base.rpartition(".")[0] or base


def split_of(above: Iterable[str]) -> str | None:
    """train, val or test by the innermost of the folders that is named after a split."""
    found = [SPLIT_FOLDERS[folder.lower()] for folder in above if folder.lower() in SPLIT_FOLDERS]
    return found[-1] if found else None


def misplaced(name: str, expected: str) -> BadRow:
    """The row of a recording that lies outside the layout."""
    return BadRow(name, name, "unlisted", f"is not where the layout has its recordings: {expected}")


def misnamed(name: str, expected: str) -> BadRow:
    """The row of a recording whose name does not tell what the layout promises."""
    return BadRow(name, name, "bad_name", f"is not named as the layout names its recordings: {expected}")


def wrong_layout(recordings: Recordings, expected: str, fix: str) -> EarmarkError:
    """The error of a root that holds no such layout: what was expected there, and the way out."""
    return EarmarkError(f"{recordings.root}: holds no {expected}; {fix}")


def require_label(label: str, columns: Collection[str], adapter: str) -> None:
    """Raise EarmarkError if the adapter has no such column to classify, with the near miss."""
    if label not in columns:
        raise EarmarkError(f"data.label: adapter '{adapter}' has no column '{label}'; {nearest(label, columns)}")
