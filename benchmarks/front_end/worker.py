"""A contender in a process of its own: ``NAME`` stays warm and answers requests, ``NAME REQUEST`` does one and ends.

A request is JSON: settings, folder and suffix of the clips, first and count, output folder. The reply to each is a line
of JSON with the CPU and wall seconds of the pass. Libraries may print: their standard output goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from front_end.settings import CONTENDERS, SETTINGS, Settings

Pass = Callable[[Sequence[Path], Settings, Path], None]


def main() -> None:
    """Serve, or do the one request of the command line."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    contender = CONTENDERS[sys.argv[1]]
    work: Pass = getattr(importlib.import_module(f"front_end.{contender.module}"), contender.function)
    for line in sys.argv[2:] or sys.stdin:
        print(json.dumps(timed(work, json.loads(line))), file=replies, flush=True)


def timed(work: Pass, request: dict[str, Any]) -> dict[str, float]:
    """Do one pass over the clips; seconds of CPU (all threads) and by the clock."""
    first, settings = request["first"], SETTINGS[request["settings"]]
    paths = sorted(Path(request["folder"]).glob(f"*.{request['suffix']}"))[first : first + request["count"]]
    output = Path(request["output"])
    output.mkdir(parents=True, exist_ok=True)
    wall, cpu = time.perf_counter(), time.process_time()
    work(paths, settings, output)
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


if __name__ == "__main__":
    main()
