"""Limits of decoding: what a file may ask of the machine, whatever its header says."""

from __future__ import annotations

from dataclasses import dataclass

FLOAT_BYTES = 4
"""Of a decoded sample."""

LOWEST_RATE = 1000
"""Hz: a lower rate in a header would make resampling multiply the sound; 8 kHz is the telephone's."""


@dataclass(frozen=True)
class Limits:
    """What one recording may take: ``LOCAL`` for a person's own files, ``UPLOAD`` for a stranger's.

    file_bytes, seconds (of sound), sample_rate (Hz, the highest), channels, decoded_bytes (float32 of all channels),
    memory_bytes (of the process that decodes, beyond what it has at its start), cpu_seconds (of decoding).
    """

    file_bytes: int
    seconds: float
    sample_rate: int
    channels: int
    decoded_bytes: int
    memory_bytes: int
    cpu_seconds: int

    def frames(self, rate: int, channels: int) -> int:
        """Samples per channel that a file of this ``rate`` (Hz) and so many ``channels`` may have."""
        return int(min(self.seconds * rate, self.decoded_bytes // (FLOAT_BYTES * channels)))

    def refusal(self, rate: int, channels: int) -> tuple[str, str] | None:
        """Reason (a code) and sentence why no file like this is decoded; None if it is."""
        if channels > self.channels:
            return "too_many_channels", f"{channels} channels, at most {self.channels} are used"
        if not LOWEST_RATE <= rate <= self.sample_rate:
            return "strange_rate", f"{rate} Hz; rates from {LOWEST_RATE} to {self.sample_rate} Hz are read"
        return None

    def too_long(self, rate: int, channels: int) -> tuple[str, str]:
        """Reason and sentence why a file with more than ``frames`` is refused."""
        longest = self.frames(rate, channels) / rate
        return "too_long", f"longer than {longest:.0f} s, the most that is read of {rate} Hz × {channels}; cut it"

    def too_large(self, size: int) -> tuple[str, str] | None:
        """Reason and sentence why a file of ``size`` bytes is refused; None if it is not."""
        if size <= self.file_bytes:
            return None
        return "too_large", f"{size / 2**20:.0f} MiB; at most {self.file_bytes / 2**20:.0f} MiB are read"


LOCAL = Limits(
    file_bytes=8 << 30,
    seconds=6 * 3600,
    sample_rate=768_000,
    channels=8,
    decoded_bytes=8 << 30,
    memory_bytes=16 << 30,
    cpu_seconds=600,
)
"""For files that a person names."""

UPLOAD = Limits(
    file_bytes=64 << 20,
    seconds=1800,
    sample_rate=192_000,
    channels=8,
    decoded_bytes=1 << 30,
    memory_bytes=2 << 30,
    cpu_seconds=30,
)
"""For what comes over a network."""
