"""What MLflow costs a training: the same one with no listener and with the logger, in turns.

    python benchmarks/logging_cost.py [--epochs 200] [--repeats 3] [--uri http://…]

Trains the study of params.yaml in a checkout that `snakemake embed` has prepared. The training's own processor time and
wall clock are measured, and beside them the processor time of the process that writes the run, which starts with the
first logger. The store of runs is a new SQLite database unless a server is named; nothing is left behind but there.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from earmark.commands.options import plan_of
from earmark.models.listener import TrainingListener
from earmark.plan import Plan
from earmark.tracking import RunLogger, Server


@dataclass(frozen=True)
class Cost:
    """Seconds of one training: wall clock, its process's processor time, and that of the processes beside it."""

    wall: float
    own: float
    beside: float


class Beside:
    """A listener that is told before the logger ends, and notes what the processes beside have used by then."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def on_begin(self, info: dict[str, Any]) -> None:
        pass

    def on_epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        pass

    def on_end(self, training: dict[str, Any]) -> None:
        self.seconds = used_beside()


def used_beside() -> float:
    """Processor time (s) of all processes that this one and its children have started and that live."""
    times = [process.cpu_times() for process in psutil.Process().children(recursive=True)]
    return sum(each.user + each.system for each in times)


def measured(plan: Plan, folder: Path, key: str, server: Server | None) -> Cost:
    """One training, logged to ``server`` under ``key`` unless None."""
    from earmark.models.train import train  # not above: the process beside imports this file, too

    provenance = replace(plan.provenance("train"), key=key)
    features = [plan.feature_path(shard) for shard in plan.shards]
    beside, before = Beside(), used_beside()
    started, used = time.perf_counter(), time.process_time()

    def run(listeners: Sequence[TrainingListener]) -> None:
        train(plan.params, plan.manifest, features, plan.backbone, folder / key, provenance, [beside, *listeners])

    if server is None:
        run([])
    else:
        with RunLogger(plan.params, provenance, server) as logger:
            run([logger])
    return Cost(time.perf_counter() - started, time.process_time() - used, beside.seconds - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--uri", help="a tracking server's address")
    options = parser.parse_args()
    plan = plan_of(Path("params.yaml"))
    limited = plan.params.train.model_copy(update={"epochs": options.epochs, "early_stopping": None})
    plan = replace(plan, params=plan.params.model_copy(update={"train": limited, "task": "logging-cost"}))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        server = Server(options.uri) if options.uri else Server.local(place / "mlruns")
        measured(plan, place, "0" * 20, None)  # what is compiled and imported once is no part of it
        measured(plan, place, "1" * 20, server)
        rows: dict[str, list[Cost]] = {"no listener": [], "MLflow": []}
        for number in range(options.repeats):
            for kind, costs in rows.items():
                key = f"{'ab'[kind == 'MLflow']}{number:019d}"
                costs.append(measured(plan, place, key, server if kind == "MLflow" else None))
    report(rows, options.epochs)


def report(rows: dict[str, list[Cost]], epochs: int) -> None:
    """Print the medians, and what the logger adds."""
    print(f"| {epochs} epochs | wall clock, s | processor, s | processor beside, s |\n|---|---:|---:|---:|")
    medians = {}
    for kind, costs in rows.items():
        found = [statistics.median(getattr(cost, name) for cost in costs) for name in ("wall", "own", "beside")]
        medians[kind] = found
        print(f"| {kind} | {found[0]:.2f} | {found[1]:.2f} | {found[2]:.2f} |")
    bare, logged = medians["no listener"], medians["MLflow"]
    wall, own = (100 * (b / a - 1) for a, b in zip(bare[:2], logged[:2], strict=True))
    print(f"\nMLflow adds {wall:+.1f} % of the wall clock and {own:+.1f} % of the processor time of the training")


if __name__ == "__main__":
    main()
