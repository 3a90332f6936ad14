"""What is compared: the settings of the mel image, the formats of the clips, the contenders and where each one runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """One mel image: lengths in samples, frequencies in Hz, levels in dB."""

    title: str
    n_fft: int
    win_length: int
    hop_length: int
    n_mels: int
    fmin: int
    fmax: int
    sample_rate: int = 16000
    top_db: int = 80
    trim_db: int = 30


IMAGE, HOUSE = "image", "house"

SETTINGS = {
    IMAGE: Settings("image recipes: 224 mels, 200–8000 Hz, n_fft 1024, hop 256", 1024, 1024, 256, 224, 200, 8000),
    HOUSE: Settings("default: 40 mels, 60–7600 Hz, n_fft 512, window 400, hop 200", 512, 400, 200, 40, 60, 7600),
}

FORMATS = {"mp3": "MP3 48 kHz", "wav": "WAV 16 kHz", "flac": "FLAC 16 kHz"}
"""Suffix of the files, and what people call them."""


@dataclass(frozen=True)
class Contender:
    """A loop from clips to stored features: its name in tables, the module and function, and the interpreter's kind."""

    title: str
    module: str
    function: str
    is_peer: bool = False


DECODE, EARMARK, EARMARK_PNG, NAIVE, NPY, LHOTSE, DATASETS = (
    "decode", "earmark", "earmark_png", "naive", "npy", "lhotse", "datasets",
)  # fmt: skip

CONTENDERS = {
    DECODE: Contender("decode + soxr HQ alone", "of_earmark", "decoded"),
    EARMARK: Contender("earmark → Parquet shard", "of_earmark", "shard"),
    EARMARK_PNG: Contender("earmark → shard and PNG", "of_earmark", "shard_and_png"),
    NPY: Contender("librosa loop → .npy", "of_librosa", "to_npy"),
    NAIVE: Contender("librosa loop → Pillow PNG (naive)", "of_librosa", "to_png"),
    LHOTSE: Contender("lhotse Fbank → NumpyFilesWriter", "of_lhotse", "stored", is_peer=True),
    DATASETS: Contender("HF datasets, Whisper extractor → Arrow", "of_datasets", "stored", is_peer=True),
}

RIVALS = (NPY, LHOTSE, DATASETS)
"""Whom earmark is compared with end to end."""
