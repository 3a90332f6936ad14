"""The leak audit: speakers, sentences, recordings and near-duplicates that are on both sides of a split."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from earmark.config import HoldOut, SplitParams
from earmark.corpus.catalogue import Measured
from earmark.corpus.hold_out import JUDGING, RULE
from earmark.corpus.split import grouping_columns
from earmark.corpus.texts import holding
from earmark.errors import EarmarkError
from earmark.recordings import SYNTHETIC
from earmark.splits import EXTERNAL, SPLITS, UNSEEN

EXAMPLES = 5
"""Crossings that are named; all are counted."""

AUDITED = {
    "speaker": "speaker",
    "sentence": "sentence",
    "audio": "audio_digest",
    "recording": "recording",
    "near_duplicate": "near_duplicate",
}
"""Name in the audit to column. A sentence read by two people is no leak for most tasks: counted, never refused."""

BLOCKING = {
    "speaker": "speaker(s)",
    "audio": "file(s)",
    "recording": "source recording(s) with copies or parts",
    "near_duplicate": "group(s) of near-duplicates",
    RULE: "held-out value(s)",
}
"""What must not cross, in words."""


def audit(clips: Sequence[Measured], splits: Mapping[str, str], params: SplitParams) -> dict[str, Any]:
    """What crosses splits: per audited column count and examples, counts per split and label, and the verdict.

    Synthetic training clips are audited too, but not counted as clips of the data set, nor are external test clips.
    """
    own = [clip for clip in clips if not splits[clip.clip_id].startswith(EXTERNAL)]
    columns = {**AUDITED, **{name: name for name in grouping_columns(params.by)}}
    crossing = {name: _crossing(clips, splits, column) for name, column in columns.items()}
    if params.hold_out:
        crossing[RULE] = _told(own, splits, params.hold_out.column)
    leaking = any(found["count"] for name, found in crossing.items() if name in BLOCKING)
    return {
        "verdict": "leaks" if leaking else "clean",
        "policy": params.on_leak,
        "split_by": params.by,
        "crossing": crossing,
        "unknown_speaker": sum(clip.value("speaker") is None for clip in own),
        "counts": _counts([clip for clip in own if not _is_synthetic(clip)], splits),
        **({RULE: _held_out(own, splits, params.hold_out)} if params.hold_out else {}),
    }


def enforce(found: Mapping[str, Any]) -> None:
    """Raise EarmarkError with examples if something leaks and the policy is ``error``."""
    if found["verdict"] == "clean" or found["policy"] != "error":
        return
    crossing = found["crossing"]
    lines = [_sentence(name, crossing[name]) for name in BLOCKING if name in crossing and crossing[name]["count"]]
    raise EarmarkError(
        "split: " + "; ".join(lines) + ". Test figures would not hold for new speakers. "
        f"Set split.by: {_remedy(found)}, or accept it with split.on_leak: warn, which the report then says"
    )


def _remedy(found: Mapping[str, Any]) -> str:
    """The columns to split by so that nothing crosses."""
    named = grouping_columns(found["split_by"])
    columns_of = {name: column for name, column in AUDITED.items() if name in BLOCKING and name != "audio"}
    leaking = [column for name, column in columns_of.items() if found["crossing"][name]["count"]]
    columns = list(dict.fromkeys([*named, *leaking])) or ["speaker"]
    return columns[0] if len(columns) == 1 else f"[{', '.join(columns)}]"


def _crossing(clips: Sequence[Measured], splits: Mapping[str, str], column: str) -> dict[str, Any]:
    """Values of a column that occur in more than one split: how many, and the first few."""
    places: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for clip in clips:
        value = clip.value(column)
        if value is not None:
            places[str(value)][splits[clip.clip_id]] += 1
    crossing = sorted(value for value, where in places.items() if len(where) > 1)
    examples = [{"value": value, "clips": dict(sorted(places[value].items()))} for value in crossing[:EXAMPLES]]
    return {"count": len(crossing), "examples": examples}


def _is_synthetic(clip: Measured) -> bool:
    return clip.clip.source == SYNTHETIC


def _told(clips: Sequence[Measured], splits: Mapping[str, str], column: str) -> dict[str, Any]:
    """Values of test clips that training clips have too, and synthetic training texts that contain one."""
    sides = {clip_id: "test" if name in JUDGING else "train and val" for clip_id, name in splits.items()}
    found = _crossing(clips, sides, column)
    tested = {str(v) for clip in clips if splits[clip.clip_id] in JUDGING and (v := clip.value(column)) is not None}
    texts = Counter(str(clip.clip.sentence) for clip in clips if _is_synthetic(clip))
    telling = sorted(holding(texts, tested))
    examples = [{"value": text, "clips": {"synthetic": texts[text]}} for text in telling]
    return {"count": found["count"] + len(telling), "examples": [*found["examples"], *examples][:EXAMPLES]}


def _held_out(clips: Sequence[Measured], splits: Mapping[str, str], params: HoldOut) -> dict[str, Any]:
    """The setting, and the values that test clips have: how many, and the first few."""
    values = sorted({str(clip.value(params.column)) for clip in clips if splits[clip.clip_id] in JUDGING})
    return {**params.plain(), "count": len(values), "examples": values[:EXAMPLES]}


def _counts(clips: Sequence[Measured], splits: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Clips by split and label."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in (*SPLITS, UNSEEN)}
    for clip in clips:
        counts[splits[clip.clip_id]][clip.clip.label] += 1
    return {name: dict(sorted(labels.items())) for name, labels in counts.items() if labels}


def _sentence(name: str, crossing: Mapping[str, Any]) -> str:
    what = BLOCKING[name]
    example = crossing["examples"][0]
    where = ", ".join(f"{split} ({count})" for split, count in example["clips"].items())
    return f"{crossing['count']} {what} in more than one split, e.g. {example['value']} in {where}"
