"""The section ``search``: how better params are looked for, and the space of those that may be tried."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from earmark.sections import Section

SEARCHED = ("features", "backbone", "train")
"""Sections whose params may be tried: other data or another split would be judged by other clips."""

Metric = Literal["balanced_accuracy", "accuracy", "loss"]
"""Figures of the validation clips that may choose; those of test clips never do."""


class Range(Section):
    """Numbers from ``low`` to ``high``, both included."""

    low: float
    high: float
    log: bool = Field(False, description="as likely between 1 and 10 as between 10 and 100")
    int: bool = Field(False, description="whole numbers only")

    @model_validator(mode="after")
    def _fit_together(self) -> Range:
        if self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"low {self.low:g}: a logarithmic range begins above 0")
        if self.int and (self.low % 1 or self.high % 1):
            raise ValueError(f"low {self.low:g} and high {self.high:g} are not both whole numbers, but int is true")
        return self

    def examples(self) -> list[Any]:
        """Both ends and a value between them: if a param takes these, it takes all."""
        ends: list[Any] = [self.low, self.high]
        return [round(end) for end in ends] if self.int else [*ends, (self.low + self.high) / 2]

    def fits(self, value: Any) -> bool:
        """Whether ``value`` is one of these numbers."""
        return isinstance(value, (float, int)) and self.low <= value <= self.high


def _form(values: Any) -> str:
    return "range" if isinstance(values, (dict, Range)) else "choices"


Values = Annotated[Annotated[list[Any], Tag("choices")] | Annotated[Range, Tag("range")], Discriminator(_form)]
"""What one param may be: choices, or a range."""


class SearchParams(Section):
    """How `snakemake search` looks for better params, by the validation clips only."""

    trials: int = Field(20, ge=1, description="trainings at most")
    hours: float | None = Field(None, gt=0, description="no training starts later than this, h; null = no limit")
    metric: Metric = Field("balanced_accuracy", description="of the validation clips, as served")
    seed: int = Field(0, ge=0, description="of the sampler")
    pruning: Literal["none", "median"] = Field(
        "none", description="median: stop what is worse than half of the earlier trainings at the same epoch"
    )
    jobs: int = Field(1, ge=1, description="trainings at a time")
    space: dict[str, Values | None] = Field(
        default_factory=dict, description="param: choices, or {low, high, log, int}; null = not searched"
    )

    @field_validator("space")
    @classmethod
    def _usable(cls, value: dict[str, Values | None]) -> dict[str, Values | None]:
        for name, values in value.items():
            if name.split(".")[0] not in SEARCHED:
                raise ValueError(
                    f"{name}: only params of {', '.join(SEARCHED)} can be searched; other data or another split would "
                    "be judged by another yardstick (compare them with `earmark grid`)"
                )
            if isinstance(values, list) and (not values or any(v in values[:i] for i, v in enumerate(values))):
                raise ValueError(f"{name}: give different choices, each once (found {values!r})")
        return value

    @property
    def tried(self) -> dict[str, Values]:
        """The space without what an overlay took out of it."""
        return {name: values for name, values in self.space.items() if values is not None}

    def examples(self) -> dict[str, list[Any]]:
        """Values of each param that stand for all."""
        return {n: values if isinstance(values, list) else values.examples() for n, values in self.tried.items()}
