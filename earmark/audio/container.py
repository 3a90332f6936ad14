"""What a file's own structure promises, to find files that were cut short and that libsndfile reads without complaint.

libsndfile believes the smaller of header and file for WAV and AIFF, stops quietly at the end of a cut Ogg or MP3, and
underestimates an MP3 of variable bit rate that has no Xing header. Only headers are parsed here, nothing is decoded.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

STREAMED = 0x7FFFF000
"""Chunk sizes from here on are placeholders of programs that wrote to a pipe, not promises."""

OGG_LAST_PAGE = 0x04
OGG_PAGE_LIMIT = 65307
"""Bytes of the largest Ogg page (RFC 3533)."""

MP3_KBITS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""kbit/s of layer III by MPEG version (2 stands for 2 and 2.5) and header code (ISO 11172-3, 13818-3)."""

MP3_RATES = (44100, 48000, 32000)
"""Sample rates (Hz) of MPEG 1; MPEG 2 halves and MPEG 2.5 quarters them."""


def share_present(path: Path) -> float:
    """Share of the sound that a WAV or AIFF header promises which lies in the file; 1 for other formats."""
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            return _chunk_present(stream, "<4sI", b"data")
        if head[:4] == b"FORM" and head[8:] in (b"AIFF", b"AIFC"):
            return _chunk_present(stream, ">4sI", b"SSND")
    return 1.0


def ogg_is_cut(path: Path) -> bool:
    """Whether an Ogg file's last page is incomplete or not marked as the last of its stream."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 2 * OGG_PAGE_LIMIT))
        tail = stream.read()
    page = tail.rfind(b"OggS")
    if page < 0:
        return True
    header = tail[page : page + 27]
    if len(header) < 27 or not header[5] & OGG_LAST_PAGE:
        return True
    lengths = tail[page + 27 : page + 27 + header[26]]
    return len(lengths) < header[26] or page + 27 + len(lengths) + sum(lengths) > len(tail)


def mp3_seconds(path: Path) -> float:
    """Duration in s of the MPEG layer III frames in a file, counted by their headers (encoder's padding included)."""
    data = path.read_bytes()
    position, seconds = _after_id3(data), 0.0
    while position + 4 <= len(data):
        frame = _mp3_frame(data[position : position + 4])
        if frame is None:
            break  # a tag or junk: what follows is not counted, so that junk is never taken for sound
        position += frame[0]
        seconds += frame[1]
    return seconds


def _chunk_present(stream: BinaryIO, layout: str, wanted: bytes) -> float:
    """Share of the chunk ``wanted`` that lies before the end of the file."""
    here = stream.tell()
    end = stream.seek(0, 2)
    while here + 8 <= end:
        stream.seek(here)
        name, size = struct.unpack(layout, stream.read(8))
        if name == wanted:
            return min(1.0, (end - here - 8) / size) if 0 < size < STREAMED else 1.0
        here += 8 + size + size % 2
    return 1.0


def _after_id3(data: bytes) -> int:
    """Position after an ID3v2 tag, whose length is four bytes of seven bits."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    return 10 + sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))


def _mp3_frame(header: bytes) -> tuple[int, float] | None:
    """Length (bytes) and duration (s) of the layer III frame with this header; None if it is none."""
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bits, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if header[0] != 0xFF or header[1] < 0xE0 or version == 1 or layer != 1 or bits in (0, 15) or rate == 3:
        return None
    first = version == 3
    hertz = MP3_RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    samples = 1152 if first else 576
    length = samples // 8 * MP3_KBITS[1 if first else 2][bits] * 1000 // hertz + padding
    return length, samples / hertz
