import os
import subprocess
import sys

import numpy as np
import pytest

from earmark.audio import compiled

LEVELS = """
import hashlib, sys
import numpy as np
from earmark.audio.frontend import Frontend
from earmark.config import FeatureParams
samples = np.sin(np.arange(20000) ** 1.3 / 50).astype(np.float32)
images = [Frontend(FeatureParams(**f)).image(samples).tobytes() for f in ({}, {"dtype": "float16", "n_fft": 1024})]
print(hashlib.sha256(b"".join(images)).hexdigest(), "numba" in sys.modules)
"""


def run(cache, **environment):
    """Digest of two images made by a fresh process, and whether it had to compile."""
    settings = os.environ | {"XDG_CACHE_HOME": str(cache)} | environment
    found = subprocess.run([sys.executable, "-c", LEVELS], env=settings, capture_output=True, text=True, check=True)
    return found.stdout.split()


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache that was filled by a first process, and the digest of what it computed."""
    folder = tmp_path_factory.mktemp("cache")
    return folder, run(folder)


def test_compiled_once_per_machine(cache):
    folder, (digest, compiled_first) = cache
    assert compiled_first == "True"
    assert run(folder) == [digest, "False"]
    assert len(list((folder / "earmark").iterdir())) == 1


def test_a_damaged_file_is_not_loaded(cache, tmp_path):
    [path] = (cache[0] / "earmark").iterdir()
    whole, damaged = path.read_bytes(), tmp_path / "kernel.o"
    assert compiled._kept(path) == whole[:-32]
    for data in (whole[:-1000], whole[:100] + b"?" + whole[101:], b""):
        damaged.write_bytes(data)
        assert compiled._kept(damaged) is None
    assert compiled._kept(tmp_path / "none.o") is None


def test_every_processor_gives_the_same_bits_and_needs_no_cache(cache, tmp_path):
    (tmp_path / "file").write_text("")
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    assert run(tmp_path / "file", **plain) == [cache[1][0], "True"]


def test_the_key_follows_the_source(monkeypatch, tmp_path):
    before = compiled.object_file()
    changed = tmp_path / "kernel.py"
    changed.write_text(compiled._KERNEL.read_text() + "\n# changed\n")
    monkeypatch.setattr(compiled, "_KERNEL", changed)
    assert compiled.object_file() != before


def test_functions_are_loaded_once():
    assert compiled.function("grey") is compiled.function("grey")
    with pytest.raises(KeyError):
        compiled.function("unknown")


def test_the_loaded_code_outlives_numba():
    import numba

    assert numba.njit(lambda x: x + 1)(1) == 2
    level = np.array([1.0, 10.0], np.float32)
    compiled.function("decibels")(level.ctypes.data, level.ctypes.data, 2, 1e-10, 10 / np.log(10))
    np.testing.assert_allclose(level, [0, 10], atol=1e-5)
