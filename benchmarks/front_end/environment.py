"""The peers' environment: pinned, made once, apart from earmark's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TORCH = "torch==2.13.0"
"""First and alone, so that what comes after it takes the build that is there (CPU or CUDA) as it is."""

PINNED = ("lhotse==1.33.0", "datasets==5.2.0", "transformers==5.23.0", "soundfile==0.14.0", "soxr==1.1.0")

MARKER = "installed.txt"


def ensure(folder: Path) -> str | None:
    """Make the environment in ``folder`` unless it holds these versions; None, or a sentence on what went wrong."""
    wanted = "\n".join([TORCH, *PINNED]) + "\n"
    marker = folder / MARKER
    if marker.is_file() and marker.read_text() == wanted:
        return None
    print(f"installing the peers into {folder} (some 1–2 GB, once) …", file=sys.stderr, flush=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", str(folder)], [*pip, TORCH], [*pip, *PINNED]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return f"{' '.join(command[-6:])} failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}"
    marker.write_text(wanted)
    return None
