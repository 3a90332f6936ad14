"""The benchmark of latency, for two seconds: it runs, and says what it should."""

import json
import subprocess
import sys


def test_it_measures(pitch_model, project_root, tmp_path):
    command = [sys.executable, "benchmarks/latency.py", "--model", pitch_model, "--seconds", "2", "--output", tmp_path]
    subprocess.run(command, cwd=project_root, check=True, capture_output=True)
    found = json.loads((tmp_path / "latency.json").read_text())
    for name in ("listen_ms", "recording_3_s_ms", "recording_60_s_ms"):
        assert 0 < found[name]["p50"] <= found[name]["p95"] <= found[name]["max"]
