"""The same shards with Snakemake and without it, in a project of their own, on the same cores.

The study is that of the shipped ``params.yaml`` (its features, its size of shards) over a table of MP3 clips. Only
``snakemake mel`` is timed, after ``snakemake prepare``; what it makes is removed between rounds.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from front_end.measure import BENCHMARKS, Bench, WorkFailed, links
from front_end.sections import say

CORES = 2
CODE = ("Snakefile", "params.yaml", "workflow", "profiles", "envs")
OVERLAY = {
    "task": "orchestrated",
    "data": {"adapter": "table", "root": "data/raw/clips", "table": "clips.csv", "label": "label"},
    "split": {"by": "random", "on_leak": "allow"},
}


def orchestrated(bench: Bench, clips: Path, count: int, rounds: int) -> dict[str, Any]:
    """Wall seconds of ``snakemake mel`` and of the bare worker in as many processes, one pair per round.

    Raises WorkFailed if they do not make the same shards.
    """
    project = bench.scratch / "project"
    say(f"orchestrated: a project of {count} clips")
    set_up(project, clips, count)
    bench.run(snakemake("prepare"), project)
    found = []
    for turn in range(rounds):
        say(f"orchestrated: {count} clips, round {turn + 1} of {rounds}")
        with_it = bench.run(snakemake("mel"), project).wall
        shards = forget(project)
        found.append({"snakemake": with_it, "bare": bare(bench, project)})
        if forget(project) != shards:
            raise WorkFailed("orchestrated: with Snakemake and without it, other shards are made")
    return {"clips": count, "cores": CORES, "rounds": found}


def snakemake(target: str) -> list[str]:
    """The command that a person would type."""
    return ["snakemake", target, "--cores", str(CORES), "--configfile", "overlay.json"]


def set_up(project: Path, clips: Path, count: int) -> None:
    """The workflow's files, the clips under as many names as it takes, and their table.

    Clips with the same sound start at different places, so that none is the copy of another.
    """
    project.mkdir()
    for name in CODE:
        source = BENCHMARKS.parent / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, project / name)
    folder = project / "data" / "raw" / "clips"
    links(clips, folder, count)
    (project / "overlay.json").write_text(json.dumps(OVERLAY))
    sounds = len(list(clips.iterdir()))
    rows = ["path,label,start"]
    rows += [
        f"{path.name},{'ab'[number % 2]},{int(path.stem.rpartition('-')[2]) / 100}"
        for number, path in enumerate(sorted(folder.iterdir()))
    ]
    assert count <= 100 * sounds, "a clip would begin after its end"
    (folder / "clips.csv").write_text("\n".join(rows) + "\n")


def forget(project: Path) -> set[str]:
    """Remove the mel shards, made and published, and what is known about them; returns the names of those made."""
    shards = {path.name for path in (project / ".store" / "mel").glob("*.parquet")}
    for folder in (project / ".store" / "mel", project / "data" / "mel"):
        shutil.rmtree(folder, ignore_errors=True)
    return shards


def bare(bench: Bench, project: Path) -> float:
    """Wall seconds of the workers that do the same without Snakemake, start-up included."""
    (params,) = (project / ".store" / "params").glob("*.yaml")
    (manifest,) = (path.parent for path in (project / ".store" / "prepare").glob("*/manifest.parquet"))
    arguments = [str(path.relative_to(project)) for path in (params, manifest)]
    commands = [[*bench.command("mel_worker"), *arguments, str(part), str(CORES)] for part in range(CORES)]
    return together(bench, commands, project)


def together(bench: Bench, commands: Sequence[Sequence[str]], cwd: Path) -> float:
    """Wall seconds until the last of ``commands`` is done; raises WorkFailed if one fails."""
    began = time.perf_counter()
    with bench.log.open("a") as log:
        running = [subprocess.Popen(c, cwd=cwd, env=bench.environment(), stdout=log, stderr=log) for c in commands]
        failed = [process.args for process in running if process.wait()]
    if failed:
        raise bench.failed(commands[0])
    return time.perf_counter() - began
