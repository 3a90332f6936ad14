"""Networks as files, the same bytes for the same weights: neither dates nor addresses nor a process's counters."""

from __future__ import annotations

import json
import warnings
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from earmark.models import open_weights
from earmark.models.canonical import canonicalise
from earmark.models.standardise import Standardisation
from earmark.store import replacing

INPUT, OUTPUT = "features", "probabilities"
"""Names of the ONNX head's one input (n, *shape) and one output (n, k)."""


def save_keras(model: Any, path: Path) -> None:
    """Save a Keras model as a ``.keras`` archive that holds no time stamps and no object addresses."""
    with TemporaryDirectory() as folder:
        model.save(raw := Path(folder) / "model.keras")
        with zipfile.ZipFile(raw) as source, zipfile.ZipFile(path, "w") as target:
            for name in sorted(source.namelist()):
                content = source.read(name)
                target.writestr(zipfile.ZipInfo(name), _plain_json(content) if name.endswith(".json") else content)


def save_onnx(head: Any, path: Path) -> None:
    """Export a head as ONNX, so that serving needs no Keras and starts at once."""
    with TemporaryDirectory() as folder:
        open_weights.export(head, raw := Path(folder) / "head.onnx")
        canonicalise(raw, INPUT, OUTPUT)
        path.write_bytes(raw.read_bytes())


def save_trunk(trunk: Any, path: Path, scaling: Standardisation | None = None) -> None:
    """Export a backbone as ONNX: float32 (batch, height, width, channels) → features, any width where it reads any.

    Inputs are standardised by ``scaling`` first, which becomes a layer with fixed numbers.
    """
    trunk = trunk if scaling is None else _behind(scaling, trunk)
    with replacing(path) as part, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tf2onnx touches deprecated names of numpy
        open_weights.export(trunk, part)
        canonicalise(part)


def _behind(scaling: Standardisation, trunk: Any) -> Any:
    import keras

    from earmark.models.networks import standardising

    image = keras.Input(trunk.input_shape[1:], name="image")
    return keras.Model(image, trunk(standardising(scaling)(image)), name=trunk.name)


def count_parameters(network: Path) -> int:
    """Parameters of an exported network: the float values in it. Batch norm is folded into the convolutions."""
    import onnx

    tensors = onnx.load(network).graph.initializer
    return int(sum(np.prod(tensor.dims) for tensor in tensors if tensor.data_type == onnx.TensorProto.FLOAT))


def _plain_json(content: bytes) -> bytes:
    """Without the date, and with shared objects numbered in order of appearance instead of by address."""
    numbers: dict[int, int] = {}

    def plain(found: dict[str, Any]) -> dict[str, Any]:
        if "shared_object_id" in found:
            found["shared_object_id"] = numbers.setdefault(found["shared_object_id"], len(numbers))
        found.pop("date_saved", None)
        return found

    return json.dumps(json.loads(content, object_hook=plain)).encode()
