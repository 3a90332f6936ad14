"""Signals and files of every kind, made through libsndfile."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

SHARED = Path(os.environ.get("EARMARK_SHARED", Path(__file__).parents[3] / "shared" / "data"))
RATE = 16000


@pytest.fixture(scope="session")
def speechlike():
    """Seconds → float32 at 16 kHz: a gliding harmonic tone in bursts, over noise 60 dB below it."""

    def make(seconds=1.0, rate=RATE, seed=0):
        time = np.arange(int(seconds * rate)) / rate
        pitch = 2 * np.pi * (120 * time + 30 * np.sin(3 * time))
        tone = sum(np.sin(k * pitch) / k for k in range(1, 20))
        bursts = np.clip(np.sin(2 * np.pi * 1.5 * time - 0.4), 0, None)
        noise = np.random.default_rng(seed).standard_normal(len(time)) * 3e-4
        return (0.3 * tone * bursts + noise).astype(np.float32)

    return make


@pytest.fixture
def audio_file(tmp_path, speechlike):
    """Name → path of a new audio file; ``samples`` and ``rate`` as given, else 1 s at 16 kHz."""

    def write(name, samples=None, rate=RATE, **options):
        path = tmp_path / name
        soundfile.write(path, speechlike(1.0, rate) if samples is None else samples, rate, **options)
        return path

    return write


@pytest.fixture
def cut():
    """Cut a file to a share of its bytes."""

    def shorten(path, share):
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
        return path

    return shorten


@pytest.fixture(scope="session")
def real_clips():
    """Twelve recordings: FLAC 16 kHz, WAV 8 kHz and Ogg 44.1 kHz."""
    if not SHARED.is_dir():
        pytest.skip(f"no recorded speech at {SHARED} (set EARMARK_SHARED)")
    folders = ("gender_librispeech/female/*.flac", "speech_commands/*/*.flac", "fsdd/*.wav", "lid_gcompris/*/*.ogg")
    return [path for pattern in folders for path in sorted(SHARED.glob(pattern))[:240:80]]
