"""The class ``silence`` of Speech Commands: seconds of the background recordings.

Every background recording serves one split only, whatever the number of clips, so that a network cannot know the noise
of the test clips. The choice depends on the names of the recordings and on nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from earmark.audio.decode import DecodeError, opened
from earmark.corpus.adapters.tables import to_clip
from earmark.corpus.catalogue import BadRow, Clip
from earmark.recordings import Recordings

BACKGROUND = "_background_noise_"
LABEL = "silence"
SECONDS = 1.0
"""Length of a clip, as that of the spoken words."""

STEP = 1000
"""Starts per second: clips begin at whole milliseconds."""


def silences(
    names: Sequence[str], wanted: Mapping[str, int], recordings: Recordings, label: str
) -> Iterator[Clip | BadRow]:
    """About ``wanted`` clips for each split, evenly spaced over its share of the background recordings ``names``."""
    by_recording: dict[str, str] = {}
    for name in names:
        first = by_recording.setdefault(_recording(name), name)
        if first != name:
            yield BadRow(name, name, "duplicate", f"is named as {first}, of which silence is cut")
    for split, sources in divided(list(by_recording), wanted).items():
        each, more = divmod(wanted[split], len(sources) or 1)
        for place, source in enumerate(sources):
            yield from _cut(by_recording[source], each + (place < more), split, recordings, label)


def divided(sources: Sequence[str], wanted: Mapping[str, int]) -> dict[str, list[str]]:
    """Background recordings per split: a fifth, at least one, for each of test and val that needs some."""
    order = sorted(sources, key=lambda source: hashlib.sha1(source.encode()).digest())
    held_out = [split for split in ("test", "val") if wanted[split]][: max(0, len(order) - 1)]
    share, found = max(1, len(order) // 5), {}
    for split in held_out:
        found[split], order = order[:share], order[share:]
    return {**found, "train": order}


def starts(seconds: float, count: int) -> list[float]:
    """``count`` starts (s) from the beginning to the last whole clip of a recording; fewer if they would coincide."""
    last = int((seconds - SECONDS) * STEP)
    count = min(count, last + 1)
    return [place * last // max(1, count - 1) / STEP for place in range(count)]


def _recording(name: str) -> str:
    return f"{BACKGROUND}/{name.rpartition('/')[2]}"


def _cut(name: str, count: int, split: str, recordings: Recordings, label: str) -> Iterator[Clip | BadRow]:
    try:
        with opened(recordings.path(name)) as sound:
            seconds = sound.frames / sound.samplerate
    except DecodeError as error:
        yield BadRow(name, name, error.reason, error.detail)
        return
    if count == 0 or seconds < SECONDS:
        reason = f"shorter than {SECONDS:g} s" if count else f"{split} has enough clips of silence"
        yield BadRow(name, name, "not_used", f"no silence is cut from it: {reason}")
        return
    row = {"keyword": LABEL, "word": LABEL, "split": split, "recording": _recording(name)}
    for start in starts(seconds, count):
        part = {"start": f"{start:.10g}", "end": f"{start + SECONDS:.10g}"}
        yield to_clip({**row, **part}, name, label, "speech_commands")
