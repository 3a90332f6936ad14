"""What a manifest was prepared from and how, in words, from its own provenance record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAMES = {
    "adapter": "layout",
    "root": "recordings",
    "table": "table",
    "words": "words",
    "label": "class",
    "filter": "only",
    "min_duration": "at least, s",
    "max_duration": "at most, s",
    "rank_by": "best first by",
    "max_per_speaker": "clips per speaker, at most",
    "top": "clips per class, at most",
    "balance": "equal groups of",
    "unseen": "next best per class, kept aside",
}
"""Settings of the section ``data`` that are told where they are set, in the order in which they act."""


def preparation(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what, value in words) of everything that decided which clips there are, and of the split."""
    data, split = record["params"].get("data", {}), record["params"].get("split", {})
    told = [(name, _words(data[key])) for key, name in NAMES.items() if data.get(key)]
    if spoken := data.get("synthetic"):
        told.append(("synthetic training clips", "{texts}: {voices} voices × {texts_per_voice} texts".format(**spoken)))
    elsewhere = ", ".join(data.get("external") or {})
    told += [("judged on, from elsewhere", elsewhere)] if elsewhere else []
    held_out = split.get("hold_out")
    new = [("new in test", "part {fold} of {folds} of each class's {column}".format(**held_out))] if held_out else []
    return [*told, ("split", ", ".join(_split(split))), *new] if split else told


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _split(split: Mapping[str, Any]) -> Iterator[str]:
    """By what, and into what."""
    by = split["by"]
    if by == "official":
        yield f"the data set's own (column {split['official']})"
        return
    if by == "segment":
        yield "parts of {:g} s every {:g} s".format(*split["segment"])
    else:
        yield "clips at random" if by == "random" else f"by {_words(by)}"
    if split["scheme"] == "kfold":
        yield f"fold {split['fold']} of {split['folds']}"
    elif split["scheme"] == "leave_one_group_out":
        yield f"group {split['fold']} left out"
    else:
        yield "train, val and test {:.0f}, {:.0f} and {:.0f} %".format(*(100 * part for part in split["fractions"]))
