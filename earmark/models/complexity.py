"""How large a network is and what an image costs: parameters and multiply-accumulates, in all and layer by layer.

Multiply-accumulates are those of convolutions, dense and recurrent layers: every value of a kernel is used once for
each position of the output (each step of a recurrent layer). Additions of biases, activations, normalisation and
pooling are not counted, as in the tables of MobileNet (Howard et al. 2017, arXiv:1704.04861).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras

from earmark.errors import EarmarkError
from earmark.models.architectures import Shape

HEADER = ("layer", "kind", "output", "parameters", "MACs")


@dataclass(frozen=True)
class LayerCost:
    """One layer: ``output_shape`` without the batch, ``macs`` for one image."""

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int
    trainable: int
    macs: int

    def row(self) -> tuple[str, ...]:
        """The layer's line of a table."""
        shape = " × ".join(str(length or "any") for length in self.output_shape)
        return (self.name, self.kind, shape, f"{self.parameters:,}", f"{self.macs:,}")


@dataclass(frozen=True)
class Complexity:
    """The layers of a model in their order."""

    layers: tuple[LayerCost, ...]

    @property
    def parameters(self) -> int:
        """All parameters, as ``keras.Model.count_params``."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def trainable(self) -> int:
        """Parameters that training changes: not those of frozen layers, nor batch norm's statistics."""
        return sum(layer.trainable for layer in self.layers)

    @property
    def non_trainable(self) -> int:
        """Parameters that training leaves to themselves."""
        return self.parameters - self.trainable

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image."""
        return sum(layer.macs for layer in self.layers)

    def record(self) -> dict[str, Any]:
        """The table as JSON-serialisable values."""
        totals = {name: getattr(self, name) for name in ("parameters", "trainable", "non_trainable", "macs")}
        return totals | {"layers": [asdict(layer) for layer in self.layers]}

    def text(self) -> str:
        """The layers as an aligned table, with the sums below."""
        return f"{_aligned([HEADER, *(layer.row() for layer in self.layers)])}\n\n{self.summary()}"

    def markdown(self) -> str:
        """The layers as a Markdown table, with the sums below."""
        return f"{_markdown([HEADER, *(layer.row() for layer in self.layers)])}\n\n{self.summary()}"

    def summary(self) -> str:
        """The sums in one line."""
        return (
            f"{self.parameters:,} parameters, {self.trainable:,} trainable, {self.non_trainable:,} not; "
            f"{self.macs:,} multiply-accumulates per image"
        )


def complexity(*parts: keras.Model, image: Shape | None = None) -> Complexity:
    """What the models cost that follow each other, such as a trunk and a head.

    ``image`` is the shape of one image, needed where the first part takes any. Raises EarmarkError if it is missing.
    """
    first, *rest = parts
    if None in first.input_shape[1:]:
        first = _for(first, image)
    return Complexity(tuple(_cost(layer) for part in (first, *rest) for layer in _leaves(part)))


def comparison(models: Mapping[str, Complexity], *, markdown: bool = True) -> str:
    """One line per model, by name: parameters in all, trainable, not trainable, and MACs."""
    header = ("model", "total params", "trainable", "non-trainable", "MACs")
    rows = [
        (name, *(f"{count:,}" for count in (cost.parameters, cost.trainable, cost.non_trainable, cost.macs)))
        for name, cost in models.items()
    ]
    return _markdown([header, *rows]) if markdown else _aligned([header, *rows])


def _for(model: keras.Model, image: Shape | None) -> keras.Model:
    """A copy of ``model`` that takes images of one shape, so that its layers know what they give."""
    if image is None:
        raise EarmarkError(f"{model.name} takes images of any length: say for which its operations are to be counted")
    return keras.models.clone_model(model, input_tensors=keras.Input(image))


def _leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers, those of models inside instead of the models."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            yield layer


def _cost(layer: keras.layers.Layer) -> LayerCost:
    shape = tuple(layer.output.shape[1:])
    sizes = (_size(layer.weights), _size(layer.trainable_weights))
    return LayerCost(layer.name, type(layer).__name__, shape, *sizes, _macs(layer, shape))


def _macs(layer: keras.layers.Layer, output_shape: tuple[int, ...]) -> int:
    kernels = _size(weight for weight in layer.weights if weight.name.endswith("kernel"))
    if not kernels:
        return 0
    is_recurrent = isinstance(layer, keras.layers.RNN)
    return kernels * (layer.input.shape[1] if is_recurrent else math.prod(output_shape[:-1]))


def _size(weights: Iterable[Any]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns of even width, numbers to the right."""
    columns = [_justified(column) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(row).rstrip() for row in zip(*columns, strict=True))


def _justified(column: Sequence[str]) -> list[str]:
    width, side = max(map(len, column)), str.rjust if _is_numeric(column) else str.ljust
    return [side(cell, width) for cell in column]


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    """The first row is the header; numbers to the right."""
    rule = ["---:" if _is_numeric(column) else "---" for column in zip(*rows, strict=True)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))


def _is_numeric(column: Sequence[str]) -> bool:
    """Whether all below the header are whole numbers."""
    return all(cell.replace(",", "").isdigit() for cell in column[1:])
