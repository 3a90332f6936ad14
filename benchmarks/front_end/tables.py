"""The results as Markdown: medians, and the smallest and largest of the rounds in brackets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median
from typing import Any

from front_end.goals import Goal, goals, ratios
from front_end.settings import CONTENDERS, DECODE, EARMARK, FORMATS, SETTINGS

Rounds = dict[str, list[float]]


def markdown(results: dict[str, Any]) -> str:
    """The whole page, without a heading of the first level."""
    parts = [_conditions(results)]
    parts += [per_clip(settings, found, results["clips"]) for settings, found in results["per_clip"].items()]
    parts += [
        end_to_end(suffix, count, costs)
        for suffix, counts in results["end_to_end"].items()
        for count, costs in counts.items()
    ]
    parts += [several(results), goal_table(goals(results))]
    parts += ["\n".join(f"* {problem}" for problem in results["problems"])] if results["problems"] else []
    return "\n\n".join(parts) + "\n"


def per_clip(settings: str, found: dict[str, Rounds], clips: int) -> str:
    """CPU ms per clip of warm processes, and how many times earmark's that is."""
    names = next(iter(found.values()))
    rows = [[CONTENDERS[name].title, *(_cell(found[suffix], name) for suffix in FORMATS)] for name in names]
    rounds = len(next(iter(names.values())))
    title = f"**CPU ms per clip** (and times earmark's shard), warm, {clips} clips, {rounds} rounds"
    return f"{title}; {SETTINGS[settings].title}\n\n{_table(['', *FORMATS.values()], rows)}"


def end_to_end(suffix: str, count: str, costs: dict[str, list[dict[str, float]]]) -> str:
    """Whole processes from clips to stored features."""
    ours = [cost["cpu"] for cost in costs[EARMARK]]
    rows = []
    for name, rounds in costs.items():
        cpu, wall, peak = ([cost[key] for cost in rounds] for key in ("cpu", "wall", "peak"))
        times = "1" if name == EARMARK else spread(ratios(cpu, ours))
        per_clip = f"{1000 * median(cpu) / int(count):.2f}"
        rows.append([CONTENDERS[name].title, spread(cpu), per_clip, times, spread(wall), f"{max(peak):.0f}"])
    head = ["", "CPU s", "CPU ms per clip", "× earmark", "wall s", "peak MB"]
    title = (
        f"**End to end, {int(count):,} {FORMATS[suffix]} clips**, start-up included, {len(ours)} rounds; image recipes"
    )
    return f"{title}\n\n{_table(head, rows)}"


def several(results: dict[str, Any]) -> str:
    """Two processes beside one, and Snakemake beside none, by the clock."""
    rows = []
    for suffix, rounds in results["scaling"].items():
        for key in ("one", "two"):
            what = f"{FORMATS[suffix]}, {key} warm process{'es' if key == 'two' else ''}"
            rows.append([what, f"{spread([turn[key] for turn in rounds], '{:.0f}'.format)} clips/s"])
    if found := results.get("orchestrated"):
        names = {"snakemake": "`snakemake mel`", "bare": "the same worker without Snakemake"}
        for key, name in names.items():
            what = f"{found['clips']:,} MP3 clips, {name}, {found['cores']} cores"
            rows.append([what, f"{spread([turn[key] for turn in found['rounds']])} s"])
    return f"**Several processes**, by the clock\n\n{_table(['', ''], rows)}"


def goal_table(found: Iterable[Goal]) -> str:
    """Each goal, what was measured, and whether that is enough."""
    rows = [
        [goal.what, f"{'≤' if goal.is_most else '≥'} {goal.limit:g}{goal.unit}", spread(goal.measured), _verdict(goal)]
        for goal in found
    ]
    return f"**Goals**\n\n{_table(['', 'goal', 'measured', ''], rows)}"


def spread(values: Sequence[float], form: Callable[[float], str] = lambda value: f"{value:.3g}") -> str:
    """``median (smallest–largest)``; a single value stands alone."""
    if len(values) == 1:
        return form(values[0])
    return f"{form(median(values))} ({form(min(values))}–{form(max(values))})"


def _conditions(results: dict[str, Any]) -> str:
    machine = results["machine"]
    return (
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}; every library on one thread. "
        f"Speech: {results['speech']}. Medians over rounds, in which all take turns (smallest–largest)."
    )


def _cell(found: Rounds, name: str) -> str:
    if name in (DECODE, EARMARK):
        return spread(found[name])
    return f"{spread(found[name])} · {median(ratios(found[name], found[EARMARK])):.2g}×"


def _verdict(goal: Goal) -> str:
    return "reached" if goal.reached else "**not reached**"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(_lines(head, rows))


def _lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
