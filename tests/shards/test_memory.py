import platform
import subprocess
import sys

import pytest

from earmark.shards.memory import keep_freed

LOOP = """
import resource, sys
import numpy as np
from earmark.shards.memory import keep_freed
if sys.argv[1] == "keep":
    assert keep_freed()
def work():
    held = [np.ones(300_000, np.float32) for _ in range(3)]
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_memory_is_used_again_instead_of_cleared_again():
    faults = [
        int(subprocess.run([sys.executable, "-c", LOOP, word], capture_output=True, text=True, check=True).stdout)
        for word in ("keep", "default")
    ]
    assert faults[0] < 100 < faults[1]


def test_asking_twice_does_no_harm():
    assert keep_freed() == keep_freed()
