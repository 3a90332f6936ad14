"""Texts to be spoken: a table of label, language and text, and which of them a speaker gets."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earmark.corpus.adapters.tables import read_rows
from earmark.errors import EarmarkError

COLUMNS = ("label", "language", "text")


@dataclass(frozen=True)
class Text:
    """What is said, in which of espeak-ng's languages (``en-us``, ``cmn``), and the class of such a clip."""

    label: str
    language: str
    text: str


def read_texts(path: Path) -> list[Text]:
    """The rows of a table in their order; a row that stands twice counts once.

    Raises EarmarkError if there is no such table, a cell is empty, or one text of a language has two labels.
    """
    if not path.is_file():
        raise EarmarkError(f"data.synthetic.texts: {path}: no such file; name a CSV with {', '.join(COLUMNS)}")
    found: dict[tuple[str, str], Text] = {}
    for number, row in enumerate(read_rows(path, COLUMNS), start=2):
        if empty := [name for name in COLUMNS if name not in row]:
            raise EarmarkError(f"{path}: row {number} has nothing in column '{empty[0]}'")
        text = Text(row["label"], row["language"], row["text"])
        if found.setdefault((text.language, text.text), text) != text:
            raise EarmarkError(f"{path}: row {number}: '{text.text}' in {text.language} has another label above")
    if not found:
        raise EarmarkError(f"{path}: no texts; a row holds {', '.join(COLUMNS)}")
    return list(found.values())


def by_language(texts: Iterable[Text]) -> dict[str, list[Text]]:
    """The texts of each language, by its name."""
    found: defaultdict[str, list[Text]] = defaultdict(list)
    for text in texts:
        found[text.language].append(text)
    return dict(sorted(found.items()))


def drawn(texts: Sequence[Text], count: int, rng: np.random.Generator) -> list[Text]:
    """``count`` different texts of one language at random, or all if there are fewer, the classes in turn.

    In turn, so that a class of many texts (all words but ten) does not drown those of one text.
    """
    shuffled: defaultdict[str, list[Text]] = defaultdict(list)
    for index in rng.permutation(len(texts)):
        shuffled[texts[index].label].append(texts[index])
    rounds = [(turn, place, text) for place, own in enumerate(shuffled.values()) for turn, text in enumerate(own)]
    return [text for _, _, text in sorted(rounds, key=lambda item: item[:2])[:count]]


def folded(text: str) -> str:
    """A text to compare: compatible characters and upper and lower case are alike."""
    return unicodedata.normalize("NFKC", text).casefold()


def holding(texts: Iterable[str], values: Iterable[str]) -> set[str]:
    """The texts that contain one of ``values``, as a word or as part of one; ``opening`` contains ``Open``."""
    wanted = [folded(value) for value in values]
    return {text for text in set(texts) if any(value in folded(text) for value in wanted)}
