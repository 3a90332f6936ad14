"""The step ``prepare``: recordings to a manifest, a catalogue of what became of each clip, and a leak audit.

Every row of the data set ends in exactly one place: in the manifest, in the quarantine list with its reason, or in
the count of the selection rule that left it out. Synthetic speech and external test sets are no part of the data set:
they are added at the end, untouched by the selection, and are counted apart.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
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
    BadRow,
    Clip,
    Measured,
    fate_row,
    require_columns,
)
from earmark.corpus.duplicates import near_duplicates
from earmark.corpus.examine import Examined, choose, listed
from earmark.corpus.external import ExternalSet, find
from earmark.corpus.hold_out import hold_out
from earmark.corpus.leaks import audit, enforce
from earmark.corpus.measure import Meter
from earmark.corpus.segments import segments
from earmark.corpus.select import Selection
from earmark.corpus.split import grouping_columns, official_split, split
from earmark.corpus.synthetic import SyntheticSpeech
from earmark.digest import FileDigests, digest
from earmark.errors import EarmarkError
from earmark.provenance import Provenance
from earmark.recordings import SYNTHETIC, Recordings
from earmark.splits import UNSEEN
from earmark.store import Store, replacing_folder


def source_files(data: DataParams, recordings: Recordings) -> list[Path]:
    """Every file that decides the manifest: tables, recordings and archives; raises EarmarkError if there are none."""
    return ADAPTERS[data.adapter].files(data, recordings)


def source_digest(data: DataParams, recordings: Recordings) -> str:
    """Digest of the names and contents of those files; raises EarmarkError if there are none."""
    with FileDigests(recordings.store.file_digests) as digests:
        return digest(digests.of_all(source_files(data, recordings), recordings.root))


def prepare(
    params: Params, recordings: Recordings, output: Path, provenance: Provenance, workers: int = 1
) -> dict[str, Any]:
    """Write manifest, catalogue, quarantine list (Parquet), ``leaks.json`` and ``provenance.json`` to ``output``.

    Returns clips, quarantined rows, verdict and counts per split and label. Raises EarmarkError for what no result
    can be made of: no clips, one class, a class that cannot be in every split, a leak that the policy refuses.
    """
    examined, apart = _catalogue(params, recordings), grouping_columns(params.split.by)
    chosen = _two_classes(choose(params.data, apart, examined, Meter(recordings, workers)), params.data)
    classes = {clip.clip.label for clip in chosen.kept}
    external = [find(name, params.data, recordings, classes, workers) for name in params.data.external]
    selection, external = _compared(chosen, external)
    kept = segments(selection.kept, *params.split.segment) if params.split.by == "segment" else selection.kept
    splits = split(kept, params.split) | {clip.clip_id: UNSEEN for clip in selection.unseen}
    values: frozenset[str] = frozenset()
    if params.split.hold_out:
        selection, values = hold_out(selection, splits, params.split)
        kept = selection.kept
    spoken = _spoken(params, recordings.store, [*kept, *selection.unseen], splits, values)
    examined.bad += spoken.bad
    splits |= {clip.clip_id: "train" for clip in spoken.clips}
    splits |= {clip.clip_id: each.split for each in external for clip in each.clips}
    examined.bad += [row for each in external for row in each.bad]
    elsewhere = [clip for each in external for clip in each.clips]
    clips = sorted([*kept, *selection.unseen, *spoken.clips, *elsewhere], key=lambda clip: clip.clip_id)
    found = audit(clips, splits, params.split) | {"filtered": selection.filtered, **spoken.summary()}
    found |= {"external": {each.name: each.summary() for each in external}} if external else {}
    enforce(found)
    with replacing_folder(output) as folder:
        rows = [clip.row(splits[clip.clip_id]) for clip in clips]
        _write_table(rows, provenance.stamp(MANIFEST), folder / "manifest.parquet")
        _write_table(_fates(selection), provenance.stamp(CATALOGUE), folder / "catalogue.parquet")
        _write_table(_quarantine(examined.bad), provenance.stamp(QUARANTINE), folder / "quarantine.parquet")
        (folder / "leaks.json").write_text(json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
        provenance.write(folder)
    reasons = dict(sorted(Counter(row.reason for row in examined.bad).items()))
    told = ("verdict", "counts", "filtered", SYNTHETIC, "external")
    summary: dict[str, Any] = {name: found[name] for name in told if name in found}
    return {"clips": len(clips), "quarantined": len(examined.bad), "reasons": reasons, **summary}


def _catalogue(params: Params, recordings: Recordings) -> Examined:
    """Rows of the data set, those out of question set aside: without a label or file, listed twice, in no split."""
    examined = listed(params.data, recordings)
    require_columns(grouping_columns(params.split.by), examined.clips, "split.by")
    if params.split.hold_out:
        require_columns([params.split.hold_out.column], examined.clips, "split.hold_out.column")
    if params.split.by == "official":
        column = params.split.official
        require_columns([column], examined.clips, "split.official")
        outside = [clip for clip in examined.clips if official_split(clip.value(column)) is None]
        examined.discard([_no_split(clip, column) for clip in outside])
    return examined


def _compared(
    selection: Selection[Measured], external: Sequence[ExternalSet]
) -> tuple[Selection[Measured], list[ExternalSet]]:
    """Both with each clip's group of near-duplicates; copies of one file were set aside before."""
    chosen = [*selection.kept, *selection.unseen, *(clip for each in external for clip in each.clips)]
    found = near_duplicates({clip.audio_digest: clip.probe.words() for clip in chosen})
    name: dict[str, str] = {}
    for clip in sorted(chosen, key=lambda clip: clip.clip_id):
        if clip.audio_digest in found:
            name.setdefault(found[clip.audio_digest], clip.clip_id)

    def grouped(clips: Sequence[Measured]) -> list[Measured]:
        return [replace(clip, near_duplicate=name.get(found.get(clip.audio_digest, ""))) for clip in clips]

    own = Selection(grouped(selection.kept), grouped(selection.unseen), selection.left_out)
    return own, [replace(each, clips=grouped(each.clips)) for each in external]


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


def _no_split(clip: Clip, column: str) -> BadRow:
    found = "nothing" if clip.value(column) is None else f"'{clip.value(column)}'"
    return BadRow(clip.path, clip.clip_id, "no_split", f"column {column} holds {found}, not train, val or test")


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
