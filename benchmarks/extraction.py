"""Extraction of bottleneck features: what the embed step makes of an engine's speed, and the engines side by side.

    python benchmarks/extraction.py [--seconds 10] [--threads 2] [backbone ...]
    python benchmarks/extraction.py --parity [backbone ...]

First table: images/s of the bare engine on ready tensors, of the whole embed step (shards read, inputs prepared,
features written) and of the same without the thread that reads ahead; medians of rounds in which all take turns. The
time to load an engine is left out by subtracting a run over fewer shards. Second table: engines on ready tensors, one
image at a time, beside ``keras predict`` in batches of 32. With ``--parity``: every backbone at its native size,
exported and compared with Keras; the difference is the largest of any feature, relative to the largest feature.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from earmark.config import BackboneParams, FeatureParams
from earmark.models.backbones import build, get, rows
from earmark.models.embed import AHEAD, EmbedJob, embed
from earmark.models.engine import Engine, KerasEngine, OnnxEngine, OpenVinoEngine, export
from earmark.models.inputs import Floats, network_input
from earmark.provenance import Provenance
from earmark.shards.blobs import BlobWriter
from earmark.shards.schema import mel_schema

NAMES = ("resnet50", "mobilenet_v2", "efficientnet_v2_b0", "earmark_base")
FRAMES = 240
"""Of an image: three seconds in steps of 12.5 ms."""

SHARDS = 4
ROUNDS = 5
BATCH = 32
"""Of ``keras predict``."""

TOLERANCE = 1e-4
PROVENANCE = Provenance("benchmark", 1, "0" * 20)

Settings = tuple[BackboneParams, FeatureParams]


def settings(name: str) -> Settings:
    """Random weights and native images; ``earmark_base`` as it is."""
    row = get(name)
    if name == "earmark_base":
        return BackboneParams(), FeatureParams()
    size = [row.size, row.size]
    image = BackboneParams(
        name=name, weights="none", normalise="none", image_size=size, fit="squeeze", pooling="avg", engine="onnx"
    )
    return image, FeatureParams(n_mels=224, fmin=200, fmax=8000)


def images(features: FeatureParams, count: int) -> Iterator[NDArray[np.uint8]]:
    random = np.random.default_rng(0)
    return (random.integers(0, 256, (features.n_mels, FRAMES), dtype=np.uint8) for _ in range(count))


def write_shard(path: Path, features: FeatureParams, clips: int) -> Path:
    schema = PROVENANCE.stamp(mel_schema(["mel"]), heights={"mel": features.n_mels}, dtype="uint8")
    with BlobWriter(path, schema) as writer:
        for number, image in enumerate(images(features, clips)):
            writer.add(f"clip{number:06d}", f"key {number}", 0, FRAMES, image.tobytes())
    return path


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rate(runner: Engine, ready: list[Floats]) -> float:
    """Images/s on tensors that are ready."""
    return len(ready) / seconds(partial(runner.features, ready))


def clips_for(runner: Engine, ready: list[Floats], wanted: float) -> int:
    """Clips per shard so that a run over all shards takes about ``wanted`` seconds."""
    runner.features(ready[:4])
    return max(16, round(wanted * rate(runner, ready[:32]) / SHARDS))


def step_rate(jobs: list[EmbedJob], clips: int, setting: Settings, onnx: Path, threads: int, ahead: int) -> float:
    """Images/s of the embed step, its start left out."""
    backbone, features = setting
    first, all_of = (
        seconds(partial(embed, some, backbone, features, onnx, threads, ahead)) for some in (jobs[:1], jobs)
    )
    return clips * (len(jobs) - 1) / (all_of - first)


def step_row(name: str, folder: Path, wanted: float, threads: int) -> str:
    """One line of the first table."""
    backbone, features = setting = settings(name)
    onnx = folder / f"{name}.onnx"
    ready = [network_input({"mel": image}, backbone, features) for image in images(features, 128)]
    runner = OnnxEngine(onnx, threads)
    clips = clips_for(runner, ready, wanted)
    mels = write_shard(folder / f"{name}.parquet", features, clips)
    jobs = [EmbedJob(mels, folder / f"{name}-{number}.parquet", PROVENANCE) for number in range(SHARDS)]
    rounds = [
        (rate(runner, ready), *(step_rate(jobs, clips, setting, onnx, threads, ahead) for ahead in (AHEAD, 0)))
        for _ in range(ROUNDS)
    ]
    bare, step, alone = (median(column) for column in zip(*rounds, strict=True))
    return f"| {name} | {bare:.0f} | {step:.0f} | {step / bare:.1%} | {alone:.0f} | {alone / bare:.1%} |"


def engine_row(name: str, folder: Path, wanted: float, threads: int) -> str:
    """One line of the second table."""
    backbone, features = settings(name)
    onnx, model = folder / f"{name}.onnx", build(backbone)
    ready = [network_input({"mel": image}, backbone, features) for image in images(features, BATCH)]
    stack, engines = np.stack(ready), [OnnxEngine(onnx, threads), OpenVinoEngine(onnx, threads), KerasEngine(backbone)]
    runs = [partial(runner.features, ready) for runner in engines]
    runs.append(partial(model.predict, stack, BATCH, verbose=0))
    fastest = [min(repeated(run, wanted / len(runs))) for run in runs]
    return f"| {name} | " + " | ".join(f"{BATCH / one:.0f}" for one in fastest) + " |"


def repeated(run: Callable[[], object], wanted: float) -> list[float]:
    """Seconds of each of so many runs as take ``wanted`` seconds, after one that warms up."""
    run()
    end, found = time.perf_counter() + wanted, [seconds(run)]
    while time.perf_counter() < end:
        found.append(seconds(run))
    return found


def throughput(names: list[str], wanted: float, threads: int) -> None:
    """Print the two tables."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(threads)
    with TemporaryDirectory() as folder:
        for name in names:
            export(settings(name)[0], Path(folder) / f"{name}.onnx")
        print(f"{threads} threads, images/s\n")
        print("| onnxruntime | ready tensors | embed step | of it | without reading ahead | of it |")
        print("|---|---|---|---|---|---|")
        for name in names:
            print(step_row(name, Path(folder), wanted, threads), flush=True)
        print("\n| ready tensors | onnxruntime | OpenVINO f32 | keras, one by one | keras predict |")
        print("|---|---|---|---|---|")
        for name in names:
            print(engine_row(name, Path(folder), wanted, threads), flush=True)


def parity_row(name: str) -> tuple[str, bool]:
    """One line of the parity table, and whether every difference is small enough."""
    (backbone, features), row = settings(name), get(name)
    batch = [network_input({"mel": image}, backbone, features) for image in images(features, 2)]
    runner = KerasEngine(backbone)
    reference = runner.features(batch)
    with TemporaryDirectory() as folder:
        onnx = Path(folder) / "backbone.onnx"
        exporting = seconds(partial(runner.export, onnx))
        found = [kind(onnx).features(batch) for kind in (OnnxEngine, OpenVinoEngine)]
    worst = [float(np.abs(one - reference).max() / np.abs(reference).max()) for one in found]
    cells = [name, row.pixels, f"{row.size or 'any'}", f"{row.parameters:,}", f"{row.width}", f"{exporting:.0f}"]
    return f"| {' | '.join([*cells, *(f'{one:.1e}' for one in worst)])} |", max(worst) <= TOLERANCE


def parity(names: list[str]) -> None:
    """Print the parity table; each backbone in a process of its own, as an export leaves gigabytes behind."""
    print("| backbone | pixels | size | parameters | width | export s | onnxruntime | OpenVINO |")
    print("|---|---|---|---|---|---|---|---|")
    wrong = []
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for name, (line, is_right) in zip(names, pool.map(parity_row, names), strict=True):
            print(line, flush=True)
            wrong += [] if is_right else [name]
    if wrong:
        raise SystemExit(f"more than {TOLERANCE:g} off: {', '.join(wrong)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parity", action="store_true", help="compare the engines' features instead of their speed")
    parser.add_argument("--seconds", type=float, default=10, help="per measurement and backbone")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("backbone", nargs="*")
    asked = parser.parse_args()
    if asked.parity:
        parity(asked.backbone or [row.name for row in rows() if row.parameters])
    else:
        throughput(asked.backbone or list(NAMES), asked.seconds, asked.threads)


if __name__ == "__main__":
    main()
