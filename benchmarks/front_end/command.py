"""The command: what is measured in which order, and where the results go."""

from __future__ import annotations

import argparse
import json
import os
import platform
from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from front_end import environment
from front_end.measure import BENCHMARKS, Bench, WorkFailed, links
from front_end.orchestrated import orchestrated
from front_end.sections import contenders_end_to_end, end_to_end, per_clip, say, scaling, start_up, usable
from front_end.settings import CONTENDERS, FORMATS, HOUSE, IMAGE
from front_end.tables import markdown

ROOT = BENCHMARKS.parent
MANY = 10
"""The larger of the end-to-end runs has so many times the clips."""


@dataclass(frozen=True)
class Size:
    """How much is measured: clips, and rounds of each part."""

    clips: int = 300
    rounds: int = 5
    house_rounds: int = 3
    fresh_rounds: int = 3
    many_rounds: int = 1
    scaled_clips: int = 500
    orchestrated_clips: int = 20_000
    orchestrated_rounds: int = 2


FULL = Size()
QUICK = Size(6, 1, 1, 1, 1, 6, 24, 1)


def main() -> None:
    """Measure, and write numbers, tables and picture; a failure that nothing can be said after ends with its words."""
    given = arguments()
    with TemporaryDirectory(prefix="earmark-bench-") as scratch:
        try:
            with Bench(Path(scratch), given.peers) as bench:
                results = measured(bench, size_of(given), given)
        except WorkFailed as error:
            raise SystemExit(f"front_end: {error}") from None
    write(results, given.output)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="What the front end costs beside its alternatives.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="with 20,000 clips with and without Snakemake, too")
    which.add_argument("--orchestrated", action="store_true", help="only those, added to the results that are there")
    parser.add_argument(
        "--quick", action="store_true", help="a few clips: shows that it works, its figures mean nothing"
    )
    parser.add_argument("--rounds", type=int, help="of every part, instead of 5, 3, 3, 1 and 2")
    parser.add_argument("--no-peers", action="store_true", help="without lhotse and Hugging Face datasets")
    parser.add_argument("--peers", type=Path, default=ROOT / ".store" / "bench-peers", help="environment of the peers")
    parser.add_argument("--output", type=Path, help="folder of the results; default results/bench")
    given = parser.parse_args()
    given.output = given.output or ROOT / "results" / "bench" / ("quick" if given.quick else "")
    return given


def size_of(given: argparse.Namespace) -> Size:
    """How much the command line asks for."""
    size = QUICK if given.quick else FULL
    names = [field.name for field in fields(size) if field.name.endswith("rounds")]
    return replace(size, **dict.fromkeys(names, given.rounds)) if given.rounds else size


def measured(bench: Bench, size: Size, given: argparse.Namespace) -> dict[str, Any]:
    """Everything that was asked for, as it goes into the JSON file."""
    clips = bench.scratch / "clips"
    speech = make_clips(bench, clips, size.clips)
    results = earlier(given.output) if given.orchestrated else alone(bench, size, clips, given)
    if given.orchestrated or given.all:
        results["orchestrated"] = orchestrated(bench, clips / "mp3", size.orchestrated_clips, size.orchestrated_rounds)
    return results | {"speech": speech, "machine": machine()}


def earlier(folder: Path) -> dict[str, Any]:
    """Results that are there already; raises WorkFailed if none are."""
    path = folder / "front_end.json"
    if not path.is_file():
        raise WorkFailed(f"{path}: not there; run without --orchestrated first, or with --all")
    return dict(json.loads(path.read_text()))


def alone(bench: Bench, size: Size, clips: Path, given: argparse.Namespace) -> dict[str, Any]:
    """All that needs no workflow."""
    names, problems = contenders(bench, given, clips)
    many = bench.scratch / "many"
    links(clips / "mp3", many, MANY * size.clips)
    fresh = contenders_end_to_end(names)
    return {
        "clips": size.clips,
        "problems": problems,
        "start_up": start_up(bench, clips / "mp3", size.rounds),
        "per_clip": per_clip(bench, names, clips, size.clips, {IMAGE: size.rounds, HOUSE: size.house_rounds}),
        "end_to_end": {
            "mp3": {
                str(size.clips): end_to_end(bench, fresh, "mp3", clips / "mp3", size.clips, size.fresh_rounds),
                str(MANY * size.clips): end_to_end(bench, fresh, "mp3", many, MANY * size.clips, size.many_rounds),
            }
        },
        "scaling": {"mp3": scaling(bench, many, "mp3", size.scaled_clips, size.rounds)},
    }


def contenders(bench: Bench, given: argparse.Namespace, clips: Path) -> tuple[list[str], list[str]]:
    """Who takes part, and a line on each who cannot."""
    own = [name for name, contender in CONTENDERS.items() if not contender.is_peer]
    reason = "left out on request" if given.no_peers else environment.ensure(given.peers)
    if reason:
        return own, [f"lhotse and Hugging Face datasets: {reason}"]
    peers, problems = usable(bench, [name for name in CONTENDERS if name not in own], clips)
    return own + peers, problems


def make_clips(bench: Bench, folder: Path, count: int) -> str:
    """Write the clips; returns in words where the speech is from."""
    shared = Path(os.environ.get("EARMARK_SHARED", ROOT.parent / "shared" / "data"))
    say(f"{count} clips in {len(FORMATS)} formats")
    arguments = [str(folder), str(count), *([str(shared)] if shared.is_dir() else [])]
    bench.run([*bench.command("clips"), *arguments])
    return (folder / "speech.txt").read_text().strip()


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = next(iter(models), platform.processor() or platform.machine())
    return {"processor": processor, "cores": os.cpu_count(), "python": platform.python_version()}


def write(results: dict[str, Any], folder: Path) -> None:
    """``front_end.json``, ``.md`` and ``.png``; the table is printed too."""
    from front_end.picture import picture

    folder.mkdir(parents=True, exist_ok=True)
    table = markdown(results)
    (folder / "front_end.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / "front_end.md").write_text(table)
    (folder / "front_end.png").write_bytes(picture(results))
    print(table)
