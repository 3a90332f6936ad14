"""Classify recordings with an exported earmark model; needs numpy, soundfile, and onnxruntime or ai-edge-litert."""

import argparse
import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

HERE = Path(__file__).resolve().parent
LIBRARIES = {".onnx": "onnxruntime", ".tflite": "ai_edge_litert"}
LOUDEST = 1e9  # full scale is 1; beyond this, or where there are no numbers, a file is broken


def runs(path: str) -> bool:
    """Whether the library that a model needs is installed."""
    try:
        return bool(import_module(LIBRARIES[Path(path).suffix]))
    except ImportError:
        return False


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
    """Mono float32 samples (n,) of a file at ``rate`` (Hz); raises ValueError if it is of no use."""
    if not Path(path).is_file():
        raise ValueError("no such file")
    try:
        sound, own = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, TypeError, MemoryError) as error:
        raise ValueError(f"cannot be read ({getattr(error, 'error_string', error)})") from error
    mono = sound.mean(axis=1)
    if not len(mono):
        raise ValueError("no sound in it")
    if not np.abs(mono).max() < LOUDEST:
        raise ValueError(f"samples that are not numbers, or beyond {LOUDEST:g}")
    if own != rate:
        try:
            import soxr
        except ImportError:
            raise ValueError(f"{own} Hz; the model wants {rate} Hz: convert it, or pip install soxr") from None
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


def arguments() -> argparse.Namespace:
    """What was typed; ends the program with a sentence if the model's library is not installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    models = sorted((path.name for path in HERE.glob("model*")), reverse=True)
    usual = next(filter(runs, models), models[0])
    parser.add_argument("audio", nargs="+", help="recordings that libsndfile reads: WAV, FLAC, MP3, OGG, …")
    parser.add_argument("--model", default=usual, choices=models, help="[%(default)s]")
    parser.add_argument("--unknown", type=float, help="confidence below which the answer is unknown [as in card.json]")
    words = parser.parse_args()
    if not runs(words.model):
        package = LIBRARIES[Path(words.model).suffix].replace("_", "-")
        sys.exit(f"{words.model} needs a library that is not installed: pip install {package}")
    return words


def main() -> None:
    """Print file, label and confidence of each recording; files of no use are named at the side, and end with 1."""
    words, is_bad = arguments(), False
    card = json.loads((HERE / "card.json").read_text(encoding="utf-8"))
    run, least = load(HERE / words.model), card["unknown_below"] if words.unknown is None else words.unknown
    for path in words.audio:
        try:
            parts = windows(samples_of(path, card["sample_rate"]), card)
        except ValueError as error:
            print(f"{path}: {error}", file=sys.stderr)
            is_bad = True
            continue
        row = calibrated(np.mean([run(part) for part in parts], axis=0, dtype=np.float64), card["temperature"] or 1)
        label = card["labels"][int(row.argmax())] if row.max() >= least else "unknown"
        print(path, label, f"{row.max():.3f}", sep="\t")
    sys.exit(is_bad)


if __name__ == "__main__":
    main()
