"""Making a run's model the champion of its task, unless that is better on the clips that both were judged by."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from earmark.errors import EarmarkError
from earmark.evaluation.paired import Paired, compare
from earmark.tracking import Judged, Registry, Server, find, judged, run_of_model

PUBLISHED = Path("results/metrics.json")


@dataclass(frozen=True)
class Promotion:
    """What became champion as which version of which registered model, and what was compared with what."""

    model: str
    version: str
    run: str
    run_id: str
    before: str | None
    paired: Paired | None
    words: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON; p is that of McNemar's exact test."""
        found = asdict(self)
        if self.paired is not None:
            found["paired"]["p"] = self.paired.p
        return found


def promote(name: str | None = None, force: bool = False, server: Server | None = None) -> Promotion:
    """Move the alias ``champion`` to the model of the run with this name or id; without one, to that in ``results/``.

    Raises EarmarkError if there is no such run, if it has no model or figures, and, unless forced, if the present
    champion is better by more than chance, or cannot be compared.
    """
    server = server or Server.find()
    run = find(name, server) if name else run_of_model(*_published(), server)
    with TemporaryDirectory() as folder:
        new = judged(run, server, Path(folder) / "new")
        return _promote(new, Registry(server, new.task), Path(folder) / "old", force)


def _published() -> tuple[str, str]:
    """Task and key of the judged model in ``results/``."""
    try:
        metrics = json.loads(PUBLISHED.read_text())
    except OSError:
        raise EarmarkError(f"{PUBLISHED}: no judged model is here; run `snakemake`, or name a run of MLflow") from None
    return metrics["task"], metrics["model_key"]


def _promote(new: Judged, registry: Registry, folder: Path, force: bool) -> Promotion:
    paired, words, rival = None, "It is the first.", None
    try:
        before = registry.champion()
        if before is not None and before.info.run_id == new.run_id:
            words = "It is the champion already."
        elif before is not None:
            rival = judged(before, registry.server, folder)
    except EarmarkError as error:
        if not force:
            raise EarmarkError(f"the champion cannot be compared: {error}. --force promotes {new.name}") from None
        words = f"The champion before could not be compared: {error}. Promoted by force."
    if rival is not None:
        paired = compare(new.predictions, rival.predictions)
        words = f"Compared with the champion `{rival.name}`: {paired.words}."
        if paired.is_worse or paired.n == 0:
            words += _forced(new, rival, paired, force)
    version = registry.promote(new, words)
    return Promotion(registry.name, version, new.name, new.run_id, rival.run_id if rival else None, paired, words)


def _forced(new: Judged, rival: Judged, paired: Paired, force: bool) -> str:
    """What is to be said of a promotion against the comparison; raises EarmarkError if it is not forced."""
    if not force:
        raise EarmarkError(
            f"{new.name} is not promoted over the champion {rival.name}: {paired.words}. --force promotes it"
        )
    return " Promoted by force."
