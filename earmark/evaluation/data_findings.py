"""What a reader must know of the data before training on them, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from earmark.evaluation.association import cramers_v, eta_squared
from earmark.evaluation.attributes import Attributes
from earmark.evaluation.census import FORMAT, Census, CrossTable
from earmark.evaluation.findings import (
    Finding,
    about_confounds,
    about_leaks,
    about_losses,
    about_synthetic,
    worst_first,
)
from earmark.evaluation.material import JUDGED
from earmark.evaluation.metrics import Floats
from earmark.evaluation.voices import Voices, speakers_of_every_class

UNEVEN, LOPSIDED = 1.5, 3.0
"""Clips of the largest class to those of the smallest from which imbalance is noted, and from which it is a warning."""

FEW_SPEAKERS = 5
"""Speakers of a class below which a model learns their voices (measured: chance on any other recording)."""

DOMINANT = 0.3
"""Share of a class's clips from one speaker that is worth a note."""

WEAK, STRONG = 0.1, 0.3
"""Cramér's V from which an association with the class is noted, and from which it is a warning (Cohen 1988)."""

MEDIUM, LARGE = 0.06, 0.14
"""Share of variance between the classes from which a quantity is noted, and from which it is a warning (Cohen 1988)."""

AUDIBLE = 0.1
"""Part of the way from chance to perfect from which a confound probe is a warning."""

UNITS = {"duration": "{:.2f} s", "level": "{:.1f} dBFS"}

MOST_NAMES = 6
"""Classes that a sentence names."""


def data_findings(
    census: Census,
    spoken: Sequence[Voices],
    stated: Attributes,
    quantities: Mapping[str, Mapping[str, Floats]],
    confounds: Mapping[str, Any],
) -> list[Finding]:
    """All findings about prepared data, warnings first; ``quantities`` are duration (s) and level (dBFS) by class."""
    parts = [
        *(_balance(spoken), _speakers(spoken), _judges(census), _dominance(spoken), _shared(census, spoken)),
        *(_associations(stated.tables), _gender(stated), _quantities(quantities), about_leaks(census.leaks)),
        about_synthetic(census.leaks),
        about_confounds(confounds, AUDIBLE * (1 - confounds["chance"]), noted=["spectrum"]),
        about_losses(census.quarantine_reasons(), census.leaks.get("filtered", {})),
    ]
    return worst_first(finding for part in parts for finding in part)


def _balance(spoken: Sequence[Voices]) -> Iterator[Finding]:
    smallest, largest = (pick(spoken, key=lambda voices: voices.clips) for pick in (min, max))
    ratio = largest.clips / smallest.clips
    if ratio < UNEVEN:
        yield Finding("good", f"The classes are of similar size ({smallest.clips:,} to {largest.clips:,} clips).")
        return
    sides = f"{largest.label} has {largest.clips:,} clips, {smallest.label} {smallest.clips:,}"
    remedy = "judge by balanced accuracy, or set data.balance or data.top"
    yield Finding("warn" if ratio >= LOPSIDED else "note", f"Unequal classes: {sides} ({ratio:.1f} : 1); {remedy}.")


def _speakers(spoken: Sequence[Voices]) -> Iterator[Finding]:
    known = [voices for voices in spoken if voices.speakers]
    if not known:
        yield Finding("warn", "No speaker is known: nobody can check that no voice crosses the splits.")
        return
    few = [f"{voices.label} ({voices.speakers})" for voices in known if voices.speakers < FEW_SPEAKERS]
    if few:
        learns = "a model learns the voice instead of the class, and fails on others"
        yield Finding("warn", f"Fewer than {FEW_SPEAKERS} speakers of {_listed(few)}: {learns}.")
    unknown = [f"{voices.label} ({voices.unknown:,})" for voices in spoken if voices.unknown]
    if unknown:
        count = sum(voices.unknown for voices in spoken)
        yield Finding("note", f"The speaker of {count:,} clips is not known: {_listed(unknown)}.")


def _judges(census: Census) -> Iterator[Finding]:
    """Splits that a model is judged by, if they hold few voices."""
    found = census.composition()[-1]["splits"]
    few = [
        f"{found[split].speakers} in {split}"
        for split in JUDGED
        if split in found and 0 < found[split].speakers < FEW_SPEAKERS
    ]
    if few:
        holds = "what is measured there holds for these voices only; split.scheme: kfold tests every voice once"
        yield Finding("warn", f"Few speakers to judge by: {', '.join(few)}; {holds}.")


def _dominance(spoken: Sequence[Voices]) -> Iterator[Finding]:
    """Classes of enough speakers in which one of them speaks much of all."""
    enough = [voices for voices in spoken if voices.speakers >= FEW_SPEAKERS and voices.share(1) >= DOMINANT]
    names = [f"{voices.label} ({100 * voices.share(1):.0f} %)" for voices in enough]
    if names:
        yield Finding("note", f"One speaker dominates {_listed(names)}; data.max_per_speaker limits that.")


def _shared(census: Census, spoken: Sequence[Voices]) -> Iterator[Finding]:
    """Where every speaker speaks in every class, no voice can tell the class."""
    everywhere = speakers_of_every_class(census.clips)
    if everywhere and everywhere == census.total.speakers and not any(voices.unknown for voices in spoken):
        yield Finding("good", f"All {everywhere} speakers are in every class: a voice does not tell the class.")


def _associations(crosses: Mapping[str, CrossTable]) -> Iterator[Finding]:
    for column in ("gender", "age", FORMAT):
        if column in crosses:
            yield from _association(crosses[column])


def _association(table: CrossTable) -> Iterator[Finding]:
    v = cramers_v(table.clips(stated_only=True))
    if v is None or v < WEAK:
        if v is not None and table.column == "gender":
            yield Finding("good", f"Every class has about the same share of each gender (Cramér's V {v:.2f}).")
        return
    text = f"The {table.column} goes with the class (Cramér's V {v:.2f}), {_contrast(table)}"
    yield Finding("warn" if v >= STRONG else "note", f"{text}. A model may learn the {table.column} instead.")


def _contrast(table: CrossTable) -> str:
    """The value whose share differs most between two classes, and those shares."""
    counts = np.array(table.clips(stated_only=True), dtype=float)
    stated = counts.sum(axis=1) > 0
    shares = counts[stated] / counts[stated].sum(axis=1, keepdims=True)
    labels = [label for label, any_stated in zip(table.labels, stated, strict=True) if any_stated]
    value = int(np.argmax(shares.max(axis=0) - shares.min(axis=0)))
    low, high = int(shares[:, value].argmin()), int(shares[:, value].argmax())
    sides = (f"{100 * shares[side, value]:.0f} % in {labels[side]}" for side in (high, low))
    return f"{table.values[value]}: {', '.join(sides)}"


def _gender(stated: Attributes) -> Iterator[Finding]:
    if "gender" in stated.unstated:
        yield Finding("note", "No gender is stated: nobody can check whether the classes differ in it.")
    if "gender" in stated.constant:
        yield Finding("note", f"Every clip is {stated.constant['gender']}: nothing is learnt of other voices.")


def _quantities(quantities: Mapping[str, Mapping[str, Floats]]) -> Iterator[Finding]:
    between = {
        "duration": eta_squared({label: np.log(np.maximum(v, 1e-3)) for label, v in quantities["duration"].items()}),
        "level": eta_squared(quantities["level"]),
    }
    for name, share in between.items():
        if share >= MEDIUM:
            differs = f"The {name} differs between the classes ({100 * share:.0f} % of its variance)"
            text = f"{differs}: median {_medians(quantities[name], UNITS[name])}."
            yield Finding("warn" if share >= LARGE else "note", text)
    if max(between.values()) < MEDIUM:
        yield Finding("good", "Durations and levels hardly differ between the classes.")


def _medians(values: Mapping[str, Floats], unit: str) -> str:
    medians = {label: float(np.median(numbers)) for label, numbers in values.items() if len(numbers)}
    low, high = min(medians, key=medians.__getitem__), max(medians, key=medians.__getitem__)
    return ", ".join(unit.format(medians[label]).replace("-", "−") + f" for {label}" for label in (low, high))


def _listed(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    first = list(names)
    more = f" and {len(first) - MOST_NAMES} more" if len(first) > MOST_NAMES else ""
    return ", ".join(first[:MOST_NAMES]) + more
