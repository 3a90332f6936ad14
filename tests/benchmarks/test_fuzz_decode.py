"""The fuzzing of the decoder, a little of it: whatever is in a file, it is decoded or refused with a reason."""

import json
import subprocess
import sys

import numpy as np
import pytest

FORMATS = ("wav", "flac", "ogg", "ogg-opus", "mp3", "aiff", "caf", "w64")


def test_no_crash_no_hang_no_leak(project_root, tmp_path):
    command = [sys.executable, "benchmarks/fuzz_decode.py", "--count", "200", "--formats", ",".join(FORMATS)]
    done = subprocess.run([*command, "--output", tmp_path], cwd=project_root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    table = {row["format"]: row for row in json.loads((tmp_path / "fuzz_decode.json").read_text())}
    assert set(table) == set(FORMATS)
    for row in table.values():
        assert (sum(row["ends"].values()), row["faults"], row["kept_files"]) == (200, 0, 0)
        assert set(row["ends"]) - {"decoded"}, "some mutants must be refused, or it mutates too little"


@pytest.fixture
def fuzz(project_root, monkeypatch):
    monkeypatch.syspath_prepend(project_root / "benchmarks")
    import fuzz_decode

    return fuzz_decode


def test_check_sums_of_ogg_pages_are_right(fuzz):
    ogg = dict(fuzz.originals())["ogg"]
    assert fuzz.signed(ogg) == ogg
    spoilt = ogg[:22] + bytes(4) + ogg[26:]
    assert spoilt != ogg and fuzz.signed(spoilt) == ogg


def test_mutants_differ_from_the_file_and_from_each_other(fuzz):
    random, data = np.random.default_rng(0), bytes(range(256)) * 4
    mutants = {fuzz.mutant(data, random) for _ in range(100)}
    assert len(mutants) > 95 and data not in mutants
