"""Fixtures for every test: where the real recordings are, and no telemetry or progress noise."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault(
    "TF_NUM_INTRAOP_THREADS", "1"
)  # as `earmark train` sets it: the same bytes on any number of cores


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout under test."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; the test is skipped, with the reason, where it is absent."""
    folder = Path(os.environ.get("EARMARK_SHARED", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder} (set EARMARK_SHARED)")
    return folder
