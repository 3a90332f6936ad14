"""Speech Commands: ``{word}/{speaker}_nohash_{n}.wav``, one spoken word of at most 1 s each.

https://arxiv.org/abs/1804.03209, v0.01 and v0.02. The official split is that of ``validation_list.txt`` and
``testing_list.txt``, and where they are missing the rule of the README by which they were made. The archive of the test
set with twelve classes (folders ``_silence_`` and ``_unknown_``) is test as a whole. Kaggle's copy has ``train/audio``
and ``test/audio``; its test clips have no label.

``data.words`` names the words to tell apart: the others collapse to ``unknown``, and ``silence`` is cut from
``_background_noise_``, for each split from recordings of its own. Without it every word is a class.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from earmark.config import DataParams
from earmark.corpus.adapters.layout import folders, misplaced, require_label, sounds, stem, wrong_layout
from earmark.corpus.adapters.silence import BACKGROUND, LABEL, silences
from earmark.corpus.adapters.tables import to_clip
from earmark.corpus.catalogue import BadRow, Clip
from earmark.errors import EarmarkError
from earmark.recordings import Recordings
from earmark.splits import SPLITS

NAME = re.compile(r"(?:(?P<word>.+)_)?(?P<speaker>[^_]+)_nohash_(?P<take>\d+)(?:\.wav)?")
UNKNOWN = "unknown"
TEST_SET = {"_silence_": LABEL, "_unknown_": UNKNOWN}
"""Folders that only the archive of the test set has, and their labels; its files are named ``{word}_{speaker}_…``."""

KAGGLE_TEST = re.compile(r"clip_[0-9a-f]+")
LISTS = {"validation_list.txt": "val", "testing_list.txt": "test"}
COLUMNS = ("label", "keyword", "word", "speaker", "take", "language")

MAX_NUM_WAVS_PER_CLASS = 2**27 - 1
VALIDATION_PERCENT, TESTING_PERCENT = 10, 10


@dataclass
class _Found:
    """What a first pass over the names finds; ``lists`` has the split of each ``word/file``."""

    lists: dict[str, str] = field(default_factory=dict)
    test_sets: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    backgrounds: list[str] = field(default_factory=list)


def clips(data: DataParams, recordings: Recordings) -> Iterator[Clip | BadRow]:
    """A clip per spoken word, with ``data.words`` also of silence; raises EarmarkError if the layout is another."""
    require_label(data.label, COLUMNS, "speech_commands")
    found = _survey(recordings)
    words = _wanted(data, found)
    label = "keyword" if data.label == "label" else data.label
    counts: Counter[tuple[str | None, str]] = Counter()
    for name in sounds(recordings):
        if folders(name)[-1:] == [BACKGROUND]:
            continue
        row = _row(name, found, words, label)
        if isinstance(row, Clip):
            counts[row.split, row.extra["keyword"]] += 1
        yield row
    if words is None:
        yield from (_not_used(name) for name in found.backgrounds)
    else:
        yield from silences(found.backgrounds, _missing(words, counts), recordings, label)


def which_set(name: str) -> str:
    """train, val or test of a file by the rule of the data set's README: a hash of what precedes ``_nohash_``."""
    hashed = int(hashlib.sha1(name.partition("_nohash_")[0].encode()).hexdigest(), 16)
    percent = hashed % (MAX_NUM_WAVS_PER_CLASS + 1) * (100.0 / MAX_NUM_WAVS_PER_CLASS)
    if percent < VALIDATION_PERCENT:
        return "val"
    return "test" if percent < VALIDATION_PERCENT + TESTING_PERCENT else "train"


def _survey(recordings: Recordings) -> _Found:
    found, known = _Found(), False
    for name in recordings.names:
        base = name.rpartition("/")[2]
        if base in LISTS:
            found.lists |= dict.fromkeys(recordings.path(name).read_text().split(), LISTS[base])
    for name in sounds(recordings):
        above = folders(name)
        known |= "_nohash_" in name or bool(KAGGLE_TEST.fullmatch(stem(name)))
        if above[-1:] == [BACKGROUND]:
            found.backgrounds.append(name)
        elif above and above[-1] in TEST_SET:
            found.test_sets.add(_base(name))
        elif above:
            found.words.add(above[-1])
    if not known:
        raise wrong_layout(recordings, "{word}/{speaker}_nohash_{n}.wav", "set data.root to a copy of Speech Commands")
    return found


def _base(name: str) -> str:
    """The folder above a word's folder."""
    return name.rpartition("/")[0].rpartition("/")[0]


def _wanted(data: DataParams, found: _Found) -> frozenset[str] | None:
    """The words to tell apart; the twelve labels of the challenge may be given as they are."""
    if data.words is None:
        return None
    words = frozenset(data.words) - {LABEL, UNKNOWN}
    for word in sorted(words - found.words):
        raise EarmarkError(f"data.words: there is no word '{word}' in {data.root}: {', '.join(sorted(found.words))}")
    if not words:
        raise EarmarkError("data.words: name at least one word besides silence and unknown")
    return words


def _row(name: str, found: _Found, words: frozenset[str] | None, label: str) -> Clip | BadRow:
    above = folders(name)
    if KAGGLE_TEST.fullmatch(stem(name)):
        return BadRow(name, name, "unlabelled", "a test clip of Kaggle's: classify it with `earmark predict`")
    if not above:
        return misplaced(name, "in a folder per word")
    word, parts = above[-1], NAME.fullmatch(stem(name))
    keyword = TEST_SET.get(word) or (word if words is None or word in words else UNKNOWN)
    row = {"keyword": keyword, "word": TEST_SET.get(word, word), "split": _split(name, word, found)}
    if keyword != LABEL:
        row["language"] = "en"
    if parts is not None:
        row |= {column: cell for column, cell in parts.groupdict().items() if cell is not None}
    return to_clip(row, name, label, "speech_commands")


def _split(name: str, word: str, found: _Found) -> str:
    base = name.rpartition("/")[2]
    if _base(name) in found.test_sets:
        return "test"
    return found.lists.get(f"{word}/{base}", "train") if found.lists else which_set(base)


def _missing(words: frozenset[str], counts: Counter[tuple[str | None, str]]) -> dict[str, int]:
    """Clips of silence that each split lacks to have as many as it has of one asked word on the average."""
    mean = {split: round(sum(counts[split, word] for word in words) / len(words)) for split in SPLITS}
    return {split: max(0, count - counts[split, LABEL]) for split, count in mean.items()}


def _not_used(name: str) -> BadRow:
    detail = "background recordings become clips of silence only with data.words, the words to tell apart"
    return BadRow(name, name, "not_used", detail)
