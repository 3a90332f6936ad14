"""Memory that is used for clip after clip, and not given back to the system in between."""

from __future__ import annotations

import ctypes
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Options of glibc's ``mallopt`` (malloc.h)."""

KEPT = 256 << 20
LARGEST = 32 << 20
"""Bytes of free memory that are kept, and of a block beyond which it is still given back at once."""


@cache
def keep_freed() -> bool:
    """Let this process keep what it frees; returns whether the C library knows how.

    Every clip needs the same megabytes. By default glibc returns them after each, and the system clears every page
    again for the next: a sixth of the time of an MP3 clip, decoding included, goes into page faults.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # macOS, musl, Windows
        return False
    return bool(mallopt(M_TRIM_THRESHOLD, KEPT) and mallopt(M_MMAP_THRESHOLD, LARGEST))
