"""From images to what a backbone reads, as a graph: a translation of ``earmark.models.inputs`` for devices."""

from __future__ import annotations

from collections.abc import Callable

from earmark.audio.decode import FloatArray
from earmark.config import BackboneParams, FeatureParams
from earmark.models.inputs import IMAGENET_BGR, IMAGENET_DEVIATION, IMAGENET_MEAN, SHORTEST
from earmark.models.normalise import SMALLEST_DEVIATION
from earmark.models.registry import Backbone, get
from earmark.serving.export.frontend_graph import Images
from earmark.serving.export.graph import Graph, Tensor, Value

Normal = Callable[[Graph, Tensor], Tensor]


def network_input(graph: Graph, images: Images, backbone: BackboneParams, features: FeatureParams) -> Tensor:
    """As ``inputs.network_input`` for each window: (windows, height, width, channels) of (windows, rows, frames)."""
    row, normal = get(backbone.name), _PER_CLIP.get(backbone.normalise)
    values = [_values(graph, row, image, features) for image in images.values()]
    size = backbone.image_size or ([row.size, row.size] if row.size else None)
    if size:
        black = -float(features.top_db) if row.pixels == "decibels" and not normal else 0.0
        values = [_fitted(graph, image, values[0], features, size, backbone.fit, black, normal) for image in values]
    elif normal:
        values = [normal(graph, image) for image in values]
    if row.pixels == "decibels":
        return _stacked(graph, values if size else [_lengthened(graph, image, backbone) for image in values])
    pixels = _stacked(graph, values if row.channels is None else _three(graph, values))
    if backbone.normalise == "clip":
        return pixels
    return _to_range(graph, pixels, "unit" if normal or backbone.pixels == "unit" else row.pixels)


def _values(g: Graph, row: Backbone, image: Tensor, f: FeatureParams) -> Tensor:
    """dB for networks that read them, grey levels for the others."""
    if row.pixels == "decibels":
        return image if f.dtype == "float16" else g("Sub", g("Mul", image, f.top_db / 255), float(f.top_db))
    if f.dtype == "uint8":
        return image
    return g("Clip", g("Mul", g("Add", image, float(f.top_db)), 255 / f.top_db), 0.0, 255.0)


def _band_mean_removed(g: Graph, image: Tensor) -> Tensor:
    return g("Sub", image, g.mean(image, [2]))


def _clip_standardised(g: Graph, image: Tensor) -> Tensor:
    level = g("Sub", image, g.mean(image, [1, 2]))
    deviation = g("Sqrt", g.mean(g("Mul", level, level), [1, 2]))
    varies = g.floats(g("Greater", deviation, SMALLEST_DEVIATION))
    divisor = g("Add", g("Mul", deviation, varies), g("Sub", 1.0, varies))
    return g("Div", level, divisor)


_PER_CLIP: dict[str, Normal] = {"band_mean": _band_mean_removed, "clip": _clip_standardised}
"""As ``normalise.PER_CLIP``."""


def _lengthened(g: Graph, level: Tensor, backbone: BackboneParams) -> Tensor:
    """At least ``SHORTEST`` frames, continued at both ends by each band's mean."""
    frames = g.length(level, 2)
    missing = g("Max", g("Sub", [SHORTEST], frames), [0])
    before = g("Div", missing, [2])
    if backbone.normalise == "band_mean":
        return g.padded(level, before, g("Sub", missing, before), 3)
    mean = g.mean(level, [2])
    return g("Add", g.padded(g("Sub", level, mean), before, g("Sub", missing, before), 3), mean)


def _fitted(
    g: Graph,
    image: Tensor,
    first: Tensor,
    f: FeatureParams,
    size: list[int],
    fit: str,
    black: float,
    normal: Normal | None,
) -> Tensor:
    """As ``inputs.fitted``, of one image; ``first`` gives the aspect."""
    (height, width), normal = size, normal or (lambda _, image: image)
    if fit not in ("pad", "crop"):
        return normal(g, _resized(g, image, height, [width]))
    frames, rows = (g.floats(g.length(first, axis)) for axis in (2, 1))
    natural = g("Max", g("Cast", g("Round", g("Div", g("Mul", frames, float(height)), rows)), to=7), [1])
    wide = natural if fit == "crop" else g("Min", natural, [width])
    start = g("Div", g("Max", g("Sub", wide, [width]), [0]), [2])
    cropped = normal(g, g.part(_resized(g, image, height, wide), start, g("Add", start, [width]), 2))
    missing = g("Max", g("Sub", [width], wide), [0])
    before = g("Div", missing, [2])
    return g.padded(cropped, before, g("Sub", missing, before), 3, black)


def _resized(g: Graph, image: Tensor, height: int, width: Value) -> Tensor:
    """(windows, height, width) by Pillow's bilinear filter: a product with the filter's weights on either side."""
    across = g("MatMul", image, g("Transpose", _triangles(g, g.length(image, 2), width), perm=[1, 0]))
    return g("MatMul", _triangles(g, g.length(image, 1), [height]), across)


def _triangles(g: Graph, old: Tensor, new: Value) -> Tensor:
    """Weights (new, old) of a triangular filter that is as wide as a new pixel, or an old one if that is wider."""
    new = g("Add", new, [0]) if not isinstance(new, str) else new
    scale = g("Div", g.floats(old), g.floats(new))
    at, of = (g("Add", g.floats(g.count(number)), 0.5) for number in (new, old))
    distance = g("Abs", g("Sub", g("Unsqueeze", g("Mul", at, scale), [1]), g("Unsqueeze", of, [0])))
    weights = g("Relu", g("Sub", 1.0, g("Div", distance, g("Max", scale, 1.0))))
    return g("Div", weights, g("ReduceSum", weights, [1], keepdims=1))


def _three(g: Graph, greys: list[Tensor]) -> list[Tensor]:
    """Three channels of one, two or three images."""
    if len(greys) == 2:
        return [*greys, g("Div", g("Add", *greys), 2.0)]
    return greys if len(greys) == 3 else 3 * greys


def _stacked(g: Graph, values: list[Tensor]) -> Tensor:
    return g("Concat", *(g("Unsqueeze", image, [3]) for image in values), axis=3)


def _to_range(g: Graph, pixels: Tensor, name: str) -> Tensor:
    """From grey levels (…, channels) to the range of pixels ``name``, see ``registry.PixelRange``."""
    divisor, mean, deviation = _RANGES[name]
    scaled = g("Sub", g("Div", pixels, divisor), mean)
    return scaled if deviation is None else g("Div", scaled, deviation)


_RANGES: dict[str, tuple[float, float | FloatArray, FloatArray | None]] = {
    "signed": (127.5, 1.0, None),
    "signed_128": (128.0, 1.0, None),
    "caffe": (1.0, IMAGENET_BGR, None),
    "torch": (255.0, IMAGENET_MEAN, IMAGENET_DEVIATION),
    "unit": (255.0, 0.0, None),
}
"""Divisor, then what is taken away, then the deviation to divide by."""
