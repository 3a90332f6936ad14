"""The step ``prepare``: recordings to a manifest, a catalogue of what became of each clip, and a leak audit.

Every row of the data set ends in exactly one place: in the manifest, in the quarantine list with its reason, or in
the count of the selection rule that left it out. Synthetic speech is no part of the data set: it is added to the
training clips at the end, untouched by the selection, and is counted apart.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from earmark.config import DataParams, Params
from earmark.corpus.adapters import ADAPTERS
from earmark.corpus.admission import NOBODY, Admission, admit
from earmark.corpus.catalogue import (
    CATALOGUE,
    MANIFEST,
    QUARANTINE,
    UNSEEN,
    BadRow,
    Clip,
    Measured,
    fate_row,
    require_columns,
)
from earmark.corpus.duplicates import near_duplicates
from earmark.corpus.hold_out import hold_out
from earmark.corpus.leaks import audit, enforce
from earmark.corpus.measure import Meter
from earmark.corpus.segments import segments
from earmark.corpus.select import Selection, needs_measuring, select
from earmark.corpus.split import grouping_columns, official_split, split
from earmark.corpus.synthetic import SyntheticSpeech
from earmark.errors import EarmarkError
from earmark.provenance import Provenance
from earmark.recordings import SYNTHETIC, Recordings
from earmark.store import Store, replacing_folder


@dataclass
class Examined:
    """Clips that may still be used, and the rows that cannot be."""

    clips: list[Clip]
    bad: list[BadRow] = field(default_factory=list)

    def discard(self, faults: Sequence[BadRow]) -> None:
        """Move the clips with a fault to the bad rows."""
        gone = {fault.clip_id for fault in faults}
        self.clips = [clip for clip in self.clips if clip.clip_id not in gone]
        self.bad += faults


def source_files(data: DataParams, recordings: Recordings) -> list[Path]:
    """Every file that decides the manifest: tables, recordings and archives; raises EarmarkError if there are none."""
    return ADAPTERS[data.adapter].files(data, recordings)


def prepare(
    params: Params, recordings: Recordings, output: Path, provenance: Provenance, workers: int = 1
) -> dict[str, Any]:
    """Write manifest, catalogue, quarantine list (Parquet), ``leaks.json`` and ``provenance.json`` to ``output``.

    Returns clips, quarantined rows, verdict and counts per split and label. Raises EarmarkError for what no result
    can be made of: no clips, one class, a class that cannot be in every split, a leak that the policy refuses.
    """
    examined = _catalogue(params, recordings)
    selection = _compared(_choose(params, examined, Meter(recordings, workers)))
    kept = segments(selection.kept, *params.split.segment) if params.split.by == "segment" else selection.kept
    splits = split(kept, params.split) | {clip.clip_id: UNSEEN for clip in selection.unseen}
    values: frozenset[str] = frozenset()
    if params.split.hold_out:
        selection, values = hold_out(selection, splits, params.split)
        kept = selection.kept
    spoken = _spoken(params, recordings.store, [*kept, *selection.unseen], splits, values)
    examined.bad += spoken.bad
    splits |= {clip.clip_id: "train" for clip in spoken.clips}
    clips = sorted([*kept, *selection.unseen, *spoken.clips], key=lambda clip: clip.clip_id)
    found = audit(clips, splits, params.split) | {"filtered": selection.filtered, **spoken.summary()}
    enforce(found)
    with replacing_folder(output) as folder:
        rows = [clip.row(splits[clip.clip_id]) for clip in clips]
        _write_table(rows, provenance.stamp(MANIFEST), folder / "manifest.parquet")
        _write_table(_fates(selection), provenance.stamp(CATALOGUE), folder / "catalogue.parquet")
        _write_table(_quarantine(examined.bad), provenance.stamp(QUARANTINE), folder / "quarantine.parquet")
        (folder / "leaks.json").write_text(json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
        provenance.write(folder)
    reasons = dict(sorted(Counter(row.reason for row in examined.bad).items()))
    told = ("verdict", "counts", "filtered", SYNTHETIC)
    summary: dict[str, Any] = {name: found[name] for name in told if name in found}
    return {"clips": len(clips), "quarantined": len(examined.bad), "reasons": reasons, **summary}


def _catalogue(params: Params, recordings: Recordings) -> Examined:
    """Rows of the data set, those out of question set aside: without a label or file, listed twice, in no split."""
    examined = Examined([])
    for row in ADAPTERS[params.data.adapter].clips(params.data, recordings):
        if isinstance(row, Clip):
            examined.clips.append(row)
        else:
            examined.bad.append(row)
    require_columns(grouping_columns(params.split.by), examined.clips, "split.by")
    if params.split.hold_out:
        require_columns([params.split.hold_out.column], examined.clips, "split.hold_out.column")
    _keep_one_per_id(examined)
    if params.split.by == "official":
        column = params.split.official
        require_columns([column], examined.clips, "split.official")
        outside = [clip for clip in examined.clips if official_split(clip.value(column)) is None]
        examined.discard([_no_split(clip, column) for clip in outside])
    return examined


def _choose(params: Params, examined: Examined, meter: Meter) -> Selection[Measured]:
    """Select, read the files, and select again without those that are no good, until all that are chosen are good."""
    data, apart = params.data, grouping_columns(params.split.by)
    if needs_measuring(data):
        examined.discard(_faults(_measured(examined.clips, meter)))
        _require_clips(examined, data)
        return _two_classes(select(_measured(examined.clips, meter), data, apart), data)
    while True:
        _require_clips(examined, data)
        chosen = select(examined.clips, data, apart)
        kept, unseen = _measured(chosen.kept, meter), _measured(chosen.unseen, meter)
        faults = _faults([*kept, *unseen])
        if not faults:
            return _two_classes(Selection(kept, unseen, chosen.left_out), data)
        examined.discard(faults)


def _compared(selection: Selection[Measured]) -> Selection[Measured]:
    """The selection with each clip's group of near-duplicates; copies of one file were set aside before."""
    chosen = [*selection.kept, *selection.unseen]
    found = near_duplicates({clip.audio_digest: clip.probe.words() for clip in chosen})
    name: dict[str, str] = {}
    for clip in sorted(chosen, key=lambda clip: clip.clip_id):
        if clip.audio_digest in found:
            name.setdefault(found[clip.audio_digest], clip.clip_id)

    def grouped(clips: Sequence[Measured]) -> list[Measured]:
        return [replace(clip, near_duplicate=name.get(found.get(clip.audio_digest, ""))) for clip in clips]

    return Selection(grouped(selection.kept), grouped(selection.unseen), selection.left_out)


def _spoken(
    params: Params, store: Store, clips: Sequence[Measured], splits: Mapping[str, str], held_out: frozenset[str]
) -> Admission:
    """The synthetic clips to be learnt from beside the real ``clips``; none if the study has no such speech."""
    speech = SyntheticSpeech.of(params.data.synthetic, store)
    if speech is None:
        return NOBODY
    judging = [clip for clip in clips if splits[clip.clip_id] != "train"]
    return admit(speech, clips, judging, grouping_columns(params.split.by), held_out)


def _fates(selection: Selection[Measured]) -> list[dict[str, object]]:
    """What became of every usable clip: kept, unseen, or left out by a rule."""
    fates = {"kept": selection.kept, "unseen": selection.unseen, **selection.left_out}
    rows = [fate_row(clip, fate) for fate, clips in fates.items() for clip in clips]
    return sorted(rows, key=lambda row: str(row["clip_id"]))


def _measured(clips: Sequence[Clip], meter: Meter) -> list[Measured]:
    found = meter.measure(clip.path for clip in clips)
    return [Measured(clip, *found[clip.path]) for clip in clips]


def _faults(clips: Sequence[Measured]) -> list[BadRow]:
    """What the probe found, parts that lie outside their file, and copies of a recording."""
    faults = [fault for clip in clips if (fault := _fault(clip))]
    broken = {fault.clip_id for fault in faults}
    return faults + _copies(clip for clip in clips if clip.clip_id not in broken)


def _fault(clip: Measured) -> BadRow | None:
    if clip.probe.reason is not None:
        return BadRow(clip.clip.path, clip.clip_id, clip.probe.reason, clip.probe.detail or clip.probe.reason)
    if clip.duration <= 0:
        detail = f"starts at {clip.clip.start:g} s, after the end of the recording at {clip.probe.duration:.2f} s"
        return BadRow(clip.clip.path, clip.clip_id, "bad_row", detail)
    return None


def _copies(clips: Iterable[Measured]) -> list[BadRow]:
    """Of identical recordings the first by name is kept; none is if they are labelled differently."""
    same: defaultdict[tuple[Any, ...], list[Clip]] = defaultdict(list)
    for clip in clips:
        same[clip.audio_digest, clip.clip.start, clip.clip.end].append(clip.clip)
    return [fault for group in same.values() for fault in _duplicates(group, "the same recording as")]


def _keep_one_per_id(examined: Examined) -> None:
    """Of rows that name the same file and part one is kept, or none if they are labelled differently."""
    same: defaultdict[str, list[Clip]] = defaultdict(list)
    for clip in examined.clips:
        same[clip.clip_id].append(clip)
    repeated = {clip_id: sorted(group, key=repr) for clip_id, group in same.items() if len(group) > 1}
    faults = {clip_id: _duplicates(group, "listed more than once, as") for clip_id, group in repeated.items()}
    kept = [group[0] for clip_id, group in repeated.items() if len(faults[clip_id]) < len(group)]
    examined.discard([fault for found in faults.values() for fault in found])
    examined.clips += kept


def _duplicates(group: Sequence[Clip], relation: str) -> list[BadRow]:
    if len(group) == 1:
        return []
    first, *others = sorted(group, key=lambda clip: (clip.clip_id, repr(clip)))
    labels = sorted({clip.label for clip in group})
    if len(labels) > 1:
        detail = f"{relation} {first.clip_id}, with different labels ({', '.join(labels)}): none is used"
        return [BadRow(clip.path, clip.clip_id, "duplicate", detail) for clip in group]
    detail = f"{relation} {first.clip_id}, which is used"
    return [BadRow(clip.path, clip.clip_id, "duplicate", detail) for clip in others]


def _no_split(clip: Clip, column: str) -> BadRow:
    found = "nothing" if clip.value(column) is None else f"'{clip.value(column)}'"
    return BadRow(clip.path, clip.clip_id, "no_split", f"column {column} holds {found}, not train, val or test")


def _require_clips(examined: Examined, data: DataParams) -> None:
    if not examined.clips:
        examples = sorted(f", e.g. {row.path}: {row.detail}" for row in examined.bad)
        first = examples[0] if examples else ""
        raise EarmarkError(f"{data.root}: no usable clip ({len(examined.bad)} quarantined{first})")


def _two_classes(selection: Selection[Measured], data: DataParams) -> Selection[Measured]:
    """The selection itself; raises EarmarkError if there is nothing in it to tell apart."""
    labels = sorted({clip.clip.label for clip in selection.kept})
    if len(labels) < 2:
        left = f"only {labels[0]!r}" if labels else "no clip"
        rules = ", ".join(f"{rule} left out {count}" for rule, count in selection.filtered.items())
        raise EarmarkError(
            f"data: {left} to learn from, a classifier needs two classes of '{data.label}'"
            + (f" ({rules})" * bool(rules))
        )
    return selection


def _quarantine(bad: Iterable[BadRow]) -> list[dict[str, object]]:
    return [row.row() for row in sorted(bad, key=lambda row: (row.path, row.clip_id or "", row.reason, row.detail))]


def _write_table(rows: Sequence[Mapping[str, object]], schema: pa.Schema, path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path, compression="zstd")
