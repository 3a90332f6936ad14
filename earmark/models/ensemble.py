"""Ensembles: networks that learned the same from different seeds answer together (Hansen & Salamon 1990).

Their backbones side by side become one backbone and their heads one head, which averages what they say. So an ensemble
is exported, judged and served as any other model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from earmark.config import Params
from earmark.models.fit import Course
from earmark.models.networks import averages, pooling, without_pooling

STRIDE = 1000
"""Between the seeds of two members: ensembles of neighbouring seeds (`earmark folds --seeds`) share no member."""


@dataclass(frozen=True)
class Network:
    """A trained backbone, its head, and how it came about."""

    trunk: keras.Model
    head: keras.Model
    course: Course


def members_of(params: Params) -> list[Params]:
    """The params of each network to train: its own seed, and no members; the first has the seed of ``params``."""
    train = params.train
    changes = ({"seed": train.seed + STRIDE * number, "members": 1} for number in range(train.members))
    return [params.model_copy(update={"train": train.model_copy(update=change)}) for change in changes]


def joined(networks: Sequence[Network], params: Params) -> Network:
    """One network whose probabilities are the mean of those of ``networks``; the only one as it is.

    Its features are theirs one after the other: (batch, members × channels), or a map with as many channels. Its
    course is that of all members, one after the other.
    """
    if len(networks) == 1:
        return networks[0]
    shape = networks[0].trunk.input_shape[1:]
    image = keras.Input(shape, name="image")
    features = [_named(network.trunk, number)(image) for number, network in enumerate(networks)]
    trunk = keras.Model(image, layers.Concatenate(name="side_by_side")(features), name=networks[0].trunk.name)
    return Network(trunk, _averaging(networks, params), _one_after_the_other([each.course for each in networks]))


def _averaging(networks: Sequence[Network], params: Params) -> keras.Model:
    """The heads, each on its part of the channels, and the mean of their answers."""
    *positions, channels = networks[0].trunk.output_shape[1:]
    features = keras.Input((*positions, channels * len(networks)), name="features")
    pools = bool(positions) and averages(params.train.head, params.train.layers())
    x = pooling()(features) if pools else features
    heads = [without_pooling(each.head) if pools else each.head for each in networks]
    answers = [
        _named(head, number)(x[..., number * channels : (number + 1) * channels]) for number, head in enumerate(heads)
    ]
    return keras.Model(features, layers.Average(name="mean_answer", dtype="float32")(answers), name="head")


def _named(model: Any, number: int) -> keras.Model:
    """``model`` under a name of its own, sharing its layers."""
    return keras.Model(model.input, model.output, name=f"{model.name}_{number + 1}")


def _one_after_the_other(courses: Sequence[Course]) -> Course:
    """All epochs; the kept one and the reason for the end are those of the last member, unless another diverged."""
    last, before = courses[-1], sum(len(course.history) for course in courses[:-1])
    return Course(
        [metrics for course in courses for metrics in course.history],
        before + last.best_epoch,
        next((course.stopped for course in courses if course.stopped == "diverged"), last.stopped),
        [seconds for course in courses for seconds in course.seconds],
    )
