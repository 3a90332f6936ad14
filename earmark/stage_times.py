"""How long the stages of one study took: the wall-clock time (s) of the jobs that made its products.

From the records that Snakemake's ``benchmark:`` keeps of each job under the key of what it made. Jobs that ran at the
same time are added up. A stage of which a job is unknown (its product was pulled, or made by hand) is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from earmark.plan import Plan
from earmark.profile import FOLDER, read
from earmark.shards.assign import Batch, Shard


def stage_times(plan: Plan) -> dict[str, float]:
    """``prepare``, ``mel``, ``embed``, ``train``, ``evaluate`` → seconds, as far as they are known."""
    folder = plan.store.root / FOLDER
    stages = {
        "prepare": [folder / "manifest" / f"{plan.prepare_key}.tsv"],
        "mel": _mel_records(folder / "mel_shards", plan.shards),
        "embed": [folder / "feature_shards" / f"{job}.tsv" for job in plan.extraction_jobs],
        "train": [folder / "network" / f"{plan.model_key}.tsv"],
        "evaluate": [folder / "judgement" / f"{plan.evaluation_key}.tsv"],
    }
    if plan.learns_from_images:
        del stages["embed"]
    found = {stage: _seconds(records) for stage, records in stages.items()}
    return {stage: seconds for stage, seconds in found.items() if seconds is not None}


def _seconds(records: Iterable[Path]) -> float | None:
    """The sum of all records; None if one is missing or damaged, or if there are none."""
    jobs = [next(read(path), None) if path.is_file() else None for path in records]
    return sum(job.seconds for job in jobs if job) if jobs and all(jobs) else None


def _mel_records(folder: Path, shards: list[Shard]) -> list[Path]:
    """The latest jobs that made exactly shards of the study and together all of them; none if there are no such."""
    missing, records = {shard.name for shard in shards}, list[Path]()
    for path, part in sorted(_batches(folder, shards), key=lambda each: each[0].stat().st_mtime, reverse=True):
        made = {shard.name for shard in part.shards}
        if made <= missing:
            missing -= made
            records.append(path)
    return [] if missing else records


def _batches(folder: Path, shards: list[Shard]) -> Iterator[tuple[Path, Batch]]:
    """The records in a folder that are of shards of the study, each with what it made."""
    for path in folder.glob("*.*..*.tsv"):
        _, _, names = path.name.removesuffix(".tsv").partition(".")
        first, _, last = names.partition("..")
        part = Batch([shard for shard in shards if first <= shard.name <= last])
        if part.shards and path.name == f"{part.name}.tsv":
            yield path, part
