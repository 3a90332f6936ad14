"""The section ``train`` of the params: how the head, or the whole network, is trained."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from earmark.sections import Section

Schedule = Literal["constant", "cosine", "one_cycle"]
Augmentation = Literal["shift", "speed", "pitch", "equaliser", "reverberation", "noise", "babble", "mask", "mixup"]
"""What is done to training images, see ``earmark.models.augment``."""


class StageParams(Section):
    """A part of a staged training; what is null is as in ``train``."""

    epochs: int = Field(ge=1)
    learning_rate: float | None = Field(None, gt=0, description="peak of the schedule")
    unfreeze: int | Literal["all"] | None = Field(None, description="last layers of the backbone that learn, 0: none")
    layer_rates: list[float] | None = Field(None, min_length=1)
    schedule: Schedule | None = None


class HeadLayer(Section):
    """One layer of a custom head: dense or dropout."""

    dense: int | None = Field(None, ge=1, description="units")
    dropout: float | None = Field(None, ge=0, lt=1, description="share of the inputs left out in training")
    activation: Literal["relu", "elu", "gelu", "tanh", "sigmoid"] | None = Field(
        None, description="of dense; null = relu"
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> HeadLayer:
        if (self.dense is None) == (self.dropout is None) or (self.activation and self.dense is None):
            raise ValueError("one of {dense: 512} and {dropout: 0.5}; activation belongs to dense")
        return self


class TrainParams(Section):
    """How the head, or the whole network, is trained."""

    mode: Literal["frozen", "tune", "scratch"] = Field(
        "frozen", description="a head on frozen features; the backbone learns too; all from random weights"
    )
    head: Literal["final", "first", "linear", "flat", "normalised", "custom"] = "final"
    head_layers: list[Literal["gap", "flatten", "batch_norm"] | HeadLayer] | None = Field(
        None, min_length=1, description="head custom: gap or flatten first, then layers up to the softmax"
    )
    standardise: bool = Field(True, description="scale each feature to mean 0, deviation 1 over the training clips")
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = "adam"
    momentum: float = Field(0.9, ge=0, lt=1, description="of sgd")
    weight_decay: float = Field(0.004, ge=0, description="of adamw")
    learning_rate: float = Field(1e-4, gt=0, description="peak of the schedule")
    schedule: Schedule = "constant"
    unfreeze: int | Literal["all"] = Field("all", description="mode tune: last layers of the backbone that learn")
    layer_rates: list[float] = Field(
        [1.0], min_length=1, description="factors of the rate from the backbone's first layers to the head"
    )
    stages: list[StageParams] = Field(default_factory=list, description="one after the other; null = one stage")
    loss: Literal["categorical", "binary"] = Field("categorical", description="cross-entropy of softmax or of sigmoids")
    label_smoothing: float = Field(0, ge=0, lt=1)
    class_weights: Literal["none", "balanced"] = Field("none", description="balanced: rare classes count as much")
    augment: list[Augmentation] = Field(default_factory=list, description="of training images, in modes tune, scratch")
    snr_db: list[float] = Field(
        [0, 40], min_length=2, max_length=2, description="augment noise, babble: lowest, highest level above them, dB"
    )
    noise: str | None = Field(None, description="augment noise: folder of recordings of it; null = synthetic")
    rooms: str | None = Field(
        None, description="augment reverberation: folder of impulse responses; null = exponential tails"
    )
    epochs: int = Field(1000, ge=1, description="at most")
    batch_size: int = Field(50, ge=1, description="clips")
    precision: Literal["float32", "mixed"] = Field(
        "float32", description="mixed: computed in 16 bits, kept in 32; in modes tune, scratch"
    )
    average: float | None = Field(
        None, gt=0, lt=1, description="momentum of the moving average of the weights that is judged; null = none"
    )
    members: int = Field(
        1, ge=1, description="networks from different seeds whose answers are averaged; in modes tune, scratch"
    )
    early_stopping: int | None = Field(50, ge=1, description="epochs without a better validation; null = never")
    monitor: Literal["loss", "accuracy"] = Field("loss", description="which validation figure chooses the epoch")
    seed: int = Field(0, ge=0)

    @field_validator("augment", mode="before")
    @classmethod
    def _renamed(cls, value: Any) -> Any:
        if isinstance(value, list) and "warp" in value:
            raise ValueError("warp is called pitch: all frequencies, pitch and formants, by one factor")
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> TrainParams:
        on_images = {"augment": self.augment, "stages": self.stages, "average": self.average}
        on_images["precision: mixed"] = self.precision == "mixed"
        on_images["members"] = self.members > 1
        if self.mode == "frozen" and (needless := [name for name, value in on_images.items() if value]):
            raise ValueError(f"{needless[0]} needs a network that reads images: mode tune or scratch")
        if (self.head == "custom") != (self.head_layers is not None):
            raise ValueError("head_layers belongs to head: custom, and head: custom needs it")
        if {"gap", "flatten"} & {layer for layer in (self.head_layers or [])[1:] if isinstance(layer, str)}:
            raise ValueError("head_layers: gap or flatten only as the first")
        if self.mode == "scratch" and self.unfreeze != "all":
            raise ValueError(f"unfreeze {self.unfreeze} would leave random layers as they are; mode tune, or all")
        self._fit_augmentation()
        return self

    def _fit_augmentation(self) -> None:
        for folder, kind in (("noise", "noise"), ("rooms", "reverberation")):
            if getattr(self, folder) and kind not in self.augment:
                raise ValueError(f"{folder} is for augment: [{kind}], which is not asked for; add it, or set null")
        if self.snr_db[0] > self.snr_db[1]:
            raise ValueError(f"snr_db [{self.snr_db[0]:g}, {self.snr_db[1]:g}]: the lower level first")

    def folders(self) -> dict[str, Path]:
        """Folders of recordings that augmentation draws from, by their parameter."""
        return {name: Path(folder) for name in ("noise", "rooms") if (folder := getattr(self, name))}

    def recipe(self) -> dict[str, Any]:
        """What decides a model beside what is in ``folders``: not where those lie, nor levels that nothing has."""
        is_default = self.snr_db == [0, 40] or {"noise", "babble"}.isdisjoint(self.augment)
        unused = {"noise", "rooms"} | ({"snr_db"} if is_default else set())
        later = {"precision": "float32", "average": None, "members": 1}  # came later, at what was before them
        unused |= {name for name, value in later.items() if getattr(self, name) == value}
        return {name: value for name, value in self.plain().items() if name not in unused}

    def layers(self) -> list[Any] | None:
        """The layers of a custom head as plain values."""
        return None if self.head_layers is None else list(self.plain()["head_layers"])

    def plan(self) -> list[StageParams]:
        """The stages in full: one of ``epochs`` if none are named."""
        own = {name: getattr(self, name) for name in ("learning_rate", "unfreeze", "schedule", "layer_rates")}
        named = self.stages or [StageParams(epochs=self.epochs)]
        return [stage.model_copy(update={k: v for k, v in own.items() if getattr(stage, k) is None}) for stage in named]

    def stage_of(self, epoch: int) -> StageParams:
        """The stage in full that an epoch (from 0, over all stages) belongs to."""
        stages = self.plan()
        ends = accumulate(stage.epochs for stage in stages)
        return next((stage for stage, end in zip(stages, ends, strict=True) if epoch < end), stages[-1])

    def ranged(self, number: int) -> dict[str, Any]:
        """What decides the learning-rate range test of stage ``number`` (from 1): no rate and length of its own."""
        values, stages = self.recipe(), [stage.plain() for stage in self.plan()]
        earlier, stage = stages[: number - 1], stages[number - 1]
        own = {"learning_rate", "schedule", "epochs", "unfreeze", "layer_rates", "stages", "members"}
        own |= set() if earlier else {"early_stopping", "monitor", "average"}  # which say when training ends
        kept = {name: value for name, value in values.items() if name not in own}
        return kept | {"earlier": earlier} | {name: stage[name] for name in ("unfreeze", "layer_rates")}
