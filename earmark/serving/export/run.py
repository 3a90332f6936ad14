"""Classify recordings with an exported earmark model; needs numpy, soundfile, and onnxruntime or ai-edge-litert."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

HERE = Path(__file__).resolve().parent


def load(path: Path) -> Callable[[Any], Any]:
    """What turns mono float32 samples (n,) into class probabilities (k,)."""
    if path.suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return lambda samples: session.run(None, {"waveform": samples})[0]
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    entry, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def answer(samples: Any) -> Any:
        interpreter.resize_tensor_input(entry, samples.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(entry, samples)
        interpreter.invoke()
        return interpreter.get_tensor(result)

    return answer


def samples_of(path: str, rate: int) -> Any:
    """Mono float32 samples (n,) of a file at ``rate`` (Hz)."""
    sound, own = soundfile.read(path, dtype="float32", always_2d=True)
    mono = sound.mean(axis=1)
    if own != rate:
        try:
            import soxr
        except ImportError:
            sys.exit(f"{path}: {own} Hz; the model wants {rate} Hz: convert it, or pip install soxr")
        mono = soxr.resample(mono, own, rate, quality="HQ")
    return np.ascontiguousarray(mono, np.float32)


def windows(samples: Any, card: dict[str, Any]) -> list[Any]:
    """A clip as it is; a longer recording in parts of ``window_seconds``, one every ``hop_seconds``."""
    length, hop = (max(1, round(card[name] * card["sample_rate"])) for name in ("window_seconds", "hop_seconds"))
    if len(samples) <= card["longest_seconds"] * card["sample_rate"]:
        return [samples]
    last = len(samples) - length
    return [samples[start : start + length] for start in (*range(0, last, hop), last)]


def calibrated(probabilities: Any, temperature: float) -> Any:
    """The same classes, as sure as the model was right on validation clips."""
    powers = np.maximum(probabilities, 1e-12) ** (1 / temperature)
    return powers / powers.sum()


def main() -> None:
    """Print file, label and confidence of each recording."""
    parser = argparse.ArgumentParser(description=__doc__)
    models = sorted(path.name for path in HERE.glob("model*"))
    parser.add_argument("audio", nargs="+", help="recordings that libsndfile reads: WAV, FLAC, MP3, OGG, …")
    parser.add_argument("--model", default=models[-1], choices=models, help="[%(default)s]")
    parser.add_argument("--unknown", type=float, help="confidence below which the answer is unknown [as in card.json]")
    words = parser.parse_args()
    card = json.loads((HERE / "card.json").read_text(encoding="utf-8"))
    run, least = load(HERE / words.model), card["unknown_below"] if words.unknown is None else words.unknown
    for path in words.audio:
        parts = windows(samples_of(path, card["sample_rate"]), card)
        row = calibrated(np.mean([run(part) for part in parts], axis=0, dtype=np.float64), card["temperature"] or 1)
        label = card["labels"][int(row.argmax())] if row.max() >= least else "unknown"
        print(path, label, f"{row.max():.3f}", sep="\t")


if __name__ == "__main__":
    main()
