"""What the network of a study costs, backbone and head together, built for its images without looking at any data."""

from __future__ import annotations

import keras

from earmark.config import Params
from earmark.models import backbones
from earmark.models.complexity import Complexity, complexity
from earmark.models.freezing import unfreeze
from earmark.models.networks import build_head


def cost_of(params: Params, classes: int) -> Complexity:
    """Parameters and operations of the network that ``params`` train to tell ``classes`` apart.

    Trainable is what learns in the stage in which most does. Weights are drawn, not loaded: sizes do not depend on
    them. Raises EarmarkError if the network takes images of any length, whose operations cannot be counted.
    """
    keras.utils.clear_session()
    train = params.train
    backbone = params.backbone.model_copy(update={"weights": "none"})
    trunk = backbones.build(backbone, params.features)
    head = build_head(train.head, trunk.output_shape[1:], classes, None, train.layers())
    if train.mode == "frozen":
        return complexity(trunk, head)
    found = []
    for stage in train.plan():
        unfreeze(trunk, stage.unfreeze or 0, batch_norm=train.mode == "scratch")
        found.append(complexity(trunk, head))
    return max(found, key=lambda cost: cost.trainable)


def image_of(params: Params) -> str:
    """Height, width and channels of one image, as text."""
    return " × ".join(str(length or "any") for length in backbones.image_shape(params.backbone, params.features))
