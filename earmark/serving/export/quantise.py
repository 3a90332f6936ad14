"""Eight-bit integers in place of floats, for the learned part of an exported ONNX model.

The front end keeps its floats: 8 bits would leave 48 dB of its 80. Weights get a scale per channel, activations one
that is measured on training clips (Jacob et al. 2018, arXiv:1712.05877), written as pairs of QuantizeLinear and
DequantizeLinear.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from earmark.errors import EarmarkError
from earmark.serving.export.material import Clip
from earmark.serving.export.waveform import INPUT, NETWORK

OPERATIONS = ["Conv", "Gemm", "MatMul"]
"""Those that take the time and hold the weights; in between are sums of squares, which 8 bits would ruin."""

CALIBRATION = 100
"""Training clips that the range of the activations is measured on."""


def quantise(source: Path, target: Path, clips: Iterable[Clip]) -> None:
    """Write the ONNX model ``source`` with 8-bit weights and activations; the ranges are those on ``clips``.

    Raises EarmarkError if there are no clips, or the model has nothing to quantise.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    found = list(clips)
    if not found:
        raise EarmarkError(
            "--int8: the ranges of an int8 model are measured on training clips, and the manifest or the recordings of "
            "this model are not at hand; export inside the study's folder, or without --int8"
        )
    learned = [n.name for n in onnx.load(source).graph.node if n.name.startswith(NETWORK) and n.op_type in OPERATIONS]
    if not learned:
        raise EarmarkError(f"--int8: the model has none of {', '.join(OPERATIONS)}, so that nothing would be smaller")
    with _errors_only():  # it advises a graph optimisation that has been done
        quantize_static(
            source, target, _Reader(found), quant_format=QuantFormat.QDQ, per_channel=True, nodes_to_quantize=learned,
            op_types_to_quantize=OPERATIONS, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        )  # fmt: skip


@contextmanager
def _errors_only() -> Iterator[None]:
    """The root logger, which is the one that onnxruntime writes to, tells errors alone for a while."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)


class _Reader:
    """Clips one by one, as ``quantize_static`` asks for them."""

    def __init__(self, clips: list[Clip]) -> None:
        self._clips: Iterator[Clip] = iter(clips)

    def get_next(self) -> dict[str, Any] | None:
        """The next inputs of the model; None at the end."""
        clip = next(self._clips, None)
        return None if clip is None else {INPUT: clip.samples}
