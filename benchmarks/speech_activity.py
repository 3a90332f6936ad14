"""Which detector tells speech from noise: how many recordings of each kind it hears a voice in.

    python benchmarks/speech_activity.py [../shared/data]

25 recordings each of four sets of speech, and all of the noises (see SOURCES.md there).
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from earmark.audio.decode import decode
from earmark.config import FeatureParams
from earmark.serving.activity import SpeechActivity

SPEECH = ("speech_commands", "gender_librispeech", "lid_gcompris", "lid_zh_en_dspspeech20")
EACH = 25


def recordings(shared: Path, name: str) -> list[Path]:
    """The recordings of a set, without those that hold silence."""
    with (shared / f"{name}.csv").open(encoding="utf-8") as stream:
        return [shared / row["path"] for row in csv.DictReader(stream) if row["label"] != "_silence_"]


def main() -> None:
    """Print a row per detector."""
    shared = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    speech = [path for name in SPEECH for path in spread(recordings(shared, name))]
    noise = recordings(shared, "noise")
    print(f"| detector | of {len(speech)} with speech | of {len(noise)} noises |\n|---|---:|---:|")
    for vad in ("energy", "webrtc", "silero"):
        activity = SpeechActivity(FeatureParams(), vad)
        heard = [sum(bool(activity.parts(decode(path, 16000)[0])) for path in part) for part in (speech, noise)]
        print(f"| {vad} | {heard[0]} | {heard[1]} |", flush=True)


def spread(paths: list[Path]) -> list[Path]:
    """``EACH`` at even distances."""
    return paths[:: max(1, len(paths) // EACH)][:EACH]


if __name__ == "__main__":
    main()
