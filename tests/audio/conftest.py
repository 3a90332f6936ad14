"""Signals and files of every kind, made through libsndfile."""

import os
import warnings
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from earmark.audio.decode import resample
from earmark.audio.espeak import SAMPLE_RATE, Voice, speak_apart
from earmark.audio.vad import trim_bounds

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


@pytest.fixture(scope="session")
def talk():
    """Kind of pause → sentence, 2 s of digital or noisy pause, sentence, float32 at 16 kHz; and the pause's bounds."""
    voices = [
        [(Voice("en-us", "m3"), "My neighbour reads a long letter.")],
        [(Voice("en-us", "f2"), "It rains again.")],
    ]
    first, second = (resample(clip, SAMPLE_RATE, RATE) for (clip,) in speak_apart(voices))
    first, second = (clip[slice(*trim_bounds(clip, 40))] for clip in (first, second))

    def make(pause="digital"):
        level = {"digital": 0, "noisy": 1e-3}[pause]
        noise = np.random.default_rng(1).standard_normal(len(first) + len(second) + 2 * RATE) * level
        words = np.concatenate([first, np.zeros(2 * RATE, np.float32), second])
        return (words + noise).astype(np.float32), (len(first), len(first) + 2 * RATE)

    return make


@pytest.fixture(scope="session")
def magnitude():
    """Rate, n_fft, length, seed → magnitude spectrogram of chords over noise, of random pitches, levels and hops."""

    def make(rate, n_fft, length, seed):
        random = np.random.default_rng(seed)
        phase = 2 * np.pi * np.arange(length) / rate
        chord = sum(np.sin(pitch * phase) for pitch in 100 * 2 ** random.uniform(0, 5, random.integers(0, 6)))
        noise = random.standard_normal(length) * 10 ** random.uniform(-4, 0)
        bursts = np.clip(np.sin(phase * random.uniform(0.5, 3)) + random.uniform(0, 1), 0, 1)
        samples = ((chord + noise) * bursts * 10 ** random.uniform(-3, 0)).astype(np.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # shorter than a frame
            return np.abs(librosa.stft(samples, n_fft=n_fft, hop_length=int(random.integers(n_fft // 8, n_fft))))

    return make
