"""Near-duplicates among synthetic fingerprints: time, memory, copies found, false groups.

    python benchmarks/duplicates.py [clips ...]

Words are drawn so that they behave as those of 8,000 real recordings do: 31 % of the bits set, correlated in time, a
fifth of the words silent, and two words of different clips equal with a probability of 6e-7. One clip in a hundred is
a copy of another, a tenth of it cut off, and its bits changed until they correlate by 0.8 with the other's: a hard case
of white noise at 20 dB SNR.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
from numpy.typing import NDArray

from earmark.audio.fingerprint import HOP_SECONDS, Words
from earmark.corpus.duplicates import near_duplicates

SECONDS = 3.0
LENGTH = round(SECONDS / HOP_SECONDS)
SMOOTHING = np.hanning(7)[1:-1]
"""Over time: words one and two hops apart correlate by 0.6 and 0.3."""

ALIKE = 0.48
"""Share of the variance that four patterns common to all voices explain; it sets how often words coincide."""

PATTERNS = np.random.default_rng(0).choice([-0.5, 0.5], (4, 32)).astype(np.float32)

SILENT = 0.2
"""Share of the words in pauses, of ten words each."""

RARE = 0.5
"""A bit is set where its latent value exceeds this: 31 % are."""

NOISE = 0.1
"""Share of the variance of a copy's latent values that is noise."""

COPIES = 100
"""One clip in so many is a copy."""


def smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values (words, n) of variance 1, smoothed over time."""
    kernel = (SMOOTHING / np.linalg.norm(SMOOTHING)).astype(np.float32)
    padded = np.concatenate([values, values[: len(kernel) - 1]])
    return sum(weight * padded[lag : lag + len(values)] for lag, weight in enumerate(kernel))


def latent(random: np.random.Generator) -> NDArray[np.float32]:
    """Values of variance 1 (words, 32); a clip's bits tell which exceed RARE."""
    common = random.standard_normal((LENGTH, 4), np.float32) @ PATTERNS
    own = random.standard_normal((LENGTH, 32), np.float32)
    return smooth(np.sqrt(ALIKE) * common + np.sqrt(1 - ALIKE) * own)


def words(values: NDArray[np.float32], heard: NDArray[np.bool_]) -> Words:
    """The fingerprint of latent values, 0 where nothing is heard."""
    packed = np.packbits(values > RARE, axis=1, bitorder="little").view("<u4")[:, 0]
    return packed.astype(np.uint32) * heard


def noisy(values: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Latent values of a noisy copy."""
    noise = smooth(random.standard_normal(values.shape, np.float32))
    return np.sqrt(1 - NOISE) * values + np.sqrt(NOISE) * noise


def corpus(clips: int) -> dict[str, Words]:
    """Fingerprints by clip_id; ``copy-N`` is a copy of ``clip-N``."""
    random = np.random.default_rng(1)
    found = {}
    for number in range(clips - clips // COPIES):
        values = latent(random)
        heard = np.repeat(random.random(LENGTH // 10 + 1) > SILENT, 10)[:LENGTH]
        found[f"clip-{number:07d}"] = words(values, heard)
        if number < clips // COPIES:
            found[f"copy-{number:07d}"] = words(noisy(values, random), heard)[LENGTH // 10 :]
    return found


def row(clips: int) -> str:
    """One line of the Markdown table."""
    fingerprints = corpus(clips)
    start = time.perf_counter()
    groups = near_duplicates(fingerprints)
    seconds = time.perf_counter() - start
    right = {name: name.replace("copy", "clip") for name in fingerprints if name.startswith("copy")}
    recall = np.mean([groups.get(copy) == clip for copy, clip in right.items()])
    false = sum(name not in right and first != name for name, first in groups.items())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    total = sum(map(len, fingerprints.values()))
    return f"| {clips:,} | {total:,} | {seconds:.1f} | {memory:.2f} | {recall:.3f} | {false} |"


def main() -> None:
    """Print the table, one line for each number of clips."""
    print("| clips | words | s | peak GiB, words included | copies found | clips grouped falsely |")
    print("|---|---|---|---|---|---|")
    for clips in map(int, sys.argv[1:] or ("10000", "100000")):
        print(row(clips), flush=True)


if __name__ == "__main__":
    main()
