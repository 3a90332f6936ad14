"""How far the front end of an exported model is from the pipeline's: grey levels of the test clips, one by one.

    python benchmarks/device_front_end.py [results/model]

And what comes of it: the largest difference of a probability, of the clips with another grey level and of the others.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from earmark.serving.export import frontend_graph, material
from earmark.serving.export.graph import OPSET, Graph
from earmark.serving.export.waveform import INPUT, whole
from earmark.serving.predictor import Predictor


def front_end(predictor: Predictor) -> Any:
    """A session that gives the images of all kinds, each (windows, rows, frames)."""
    import onnxruntime
    from onnx import helper

    graph = Graph("front")
    images = frontend_graph.images(graph, INPUT, predictor.params.features)
    taken = [helper.make_tensor_value_info(INPUT, 1, [None])]
    given = [helper.make_tensor_value_info(name, 1, None) for name in images.values()]
    made = helper.make_graph(graph.nodes, "front", taken, given, graph.initializers())
    model = helper.make_model(made, ir_version=9, opset_imports=[helper.make_opsetid("", OPSET)])
    return onnxruntime.InferenceSession(model.SerializeToString())


def main() -> None:
    """Print pixels, those that differ, by how much, and the differences of probabilities."""
    import onnxruntime

    model = Path(sys.argv[1] if len(sys.argv) > 1 else "results/model")
    predictor = Predictor.load(model, threads=1)
    front, network = front_end(predictor), onnxruntime.InferenceSession(whole(model, predictor, {}).SerializeToString())
    pixels, other, largest = 0, 0, 0.0
    differences: dict[bool, list[float]] = {True: [], False: []}
    for clip in material.clips(model, "test", predictor.params.features.sample_rate):
        windows = predictor.frontend.windows(clip.samples)
        found = front.run(None, {INPUT: clip.samples})
        off = np.concatenate(
            [
                np.abs(images.astype(np.float64) - np.stack([window.images[kind] for window in windows])).ravel()
                for kind, images in zip(predictor.params.features.kinds, found, strict=True)
            ]
        )
        expected = list(predictor.predict_windows(windows).probabilities.values())
        answer = network.run(None, {INPUT: clip.samples})[0]
        pixels, other, largest = pixels + off.size, other + int((off > 0).sum()), max(largest, float(off.max()))
        differences[bool(off.any())].append(float(np.abs(answer - expected).max()))
    print(f"{other} of {pixels:,} pixels differ, by {largest:g} at most")
    for differs, found in differences.items():
        words = "with another pixel" if differs else "with the same pixels"
        print(f"{len(found)} clips {words}: a probability differs by {max(found, default=0):.1e} at most")


if __name__ == "__main__":
    main()
