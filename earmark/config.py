"""Parameters: typed, strict, and explained where they are wrong.

``params.yaml`` is the one hand-edited configuration; recipes are overlays of it. An unknown key, a value of the wrong
type or a contradiction between two keys is refused with the key's name, what was found and what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, Field, ValidationError, model_validator

from earmark.digest import digest
from earmark.errors import EarmarkError
from earmark.overlay import merge, stack
from earmark.sections import (
    BOUNDED,
    BackboneParams,
    DataParams,
    EvaluateParams,
    FeatureParams,
    HoldOut,
    Section,
    SplitParams,
    SyntheticParams,
    WindowParams,
)
from earmark.space import Range, SearchParams
from earmark.training import HeadLayer, StageParams, TrainParams

__all__ = [
    "BOUNDED",
    "BackboneParams",
    "DataParams",
    "EvaluateParams",
    "FeatureParams",
    "HeadLayer",
    "HoldOut",
    "Params",
    "Range",
    "SearchParams",
    "Section",
    "SplitParams",
    "StageParams",
    "SyntheticParams",
    "TrainParams",
    "WindowParams",
    "load",
    "merge",
    "parse",
    "vary",
]


class Params(Section):
    """All parameters of one study."""

    task: str = Field("language", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="study; the MLflow experiment")
    data: DataParams = DataParams()
    split: SplitParams = SplitParams()
    features: FeatureParams = FeatureParams()
    backbone: BackboneParams = BackboneParams()
    train: TrainParams = TrainParams()
    evaluate: EvaluateParams = EvaluateParams()
    search: SearchParams = SearchParams()

    @model_validator(mode="after")
    def _fit_together(self) -> Params:
        made = set(self.train.augment) - {"mixup"}
        in_decibels = self.features.scale == "top_db" and self.features.reference == "max"
        if made and (self.features.kinds != ["mel"] or self.features.deltas or not in_decibels):
            raise ValueError(f"train.augment {min(made)} needs mel images in dB: features.kinds: [mel], scale: top_db")
        return self

    def plain(self) -> dict[str, Any]:
        """What decides the study's results, as JSON-serialisable values: everything but how others are looked for."""
        return {name: value for name, value in self.resolved().items() if name != "search"}

    def resolved(self) -> dict[str, Any]:
        """Every section, as a params file holds it."""
        return self.model_dump(mode="json")

    def digest(self) -> str:
        """Content key of every parameter that decides results."""
        return digest("params", self.plain())

    def flat(self) -> dict[str, Any]:
        """``section.key`` → value, as DVC and MLflow show them."""
        flat: dict[str, Any] = {}
        for name, value in self.plain().items():
            if isinstance(value, dict):
                flat.update({f"{name}.{key}": inner for key, inner in value.items()})
            else:
                flat[name] = value
        return flat


def parse(values: Mapping[str, Any], source: str = "params.yaml") -> Params:
    """Validated ``Params`` of nested ``values``; raises EarmarkError naming every wrong key of ``source``."""
    try:
        params = Params.model_validate(dict(values))
    except ValidationError as error:
        lines = [f"  {_explain(problem)}" for problem in error.errors()]
        raise EarmarkError(f"{source}: {len(lines)} problem(s)\n" + "\n".join(lines)) from None
    _refuse_impossible(params, source)
    return params


def vary(params: Params, overrides: Mapping[str, Any]) -> Params:
    """``params`` with other values under dotted names, and nothing to search; raises EarmarkError for wrong ones."""
    values = params.plain()
    for name, value in overrides.items():
        for part in reversed(name.split(".")):
            value = {part: value}
        values = merge(values, value)
    return parse(values, ", ".join(f"{name}: {value}" for name, value in overrides.items()))


def _refuse_impossible(params: Params, source: str) -> None:
    """Raise EarmarkError for a value in the search's space that is wrong, alone and with any other's values."""
    examples = params.search.examples()
    pairs = [{name: value} for name, values in examples.items() for value in values]
    for one in pairs:
        problem = _problem(params, one)
        if problem and all(_problem(params, other | one) for other in pairs if other.keys() != one.keys()):
            raise EarmarkError(f"{source}: search.space does not fit the params: {problem}")


def _problem(params: Params, overrides: Mapping[str, Any]) -> str | None:
    try:
        vary(params, overrides)
    except EarmarkError as error:
        return str(error)
    return None


def load(path: Path, *overlays: Path) -> Params:
    """``Params`` of a YAML file with ``overlays`` (recipes, and what they extend) over it; raises EarmarkError."""
    return parse(stack(path, overlays), " + ".join(str(p) for p in (path, *overlays)))


def _explain(problem: Any) -> str:
    """One pydantic error as a sentence that names the key and, for a typo, the nearest known one."""
    *sections, last = [str(part) for part in problem["loc"]] or ["params"]
    where = ".".join([*sections, last])
    if problem["type"] != "extra_forbidden":
        found = f" (found {problem['input']!r})" if problem["loc"] else ""  # else all of the params
        return f"{where}: {problem['msg'].removeprefix('Value error, ')}{found}"
    near = difflib.get_close_matches(last, _known_keys(sections), n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(_known_keys(sections))}"
    return f"{where}: unknown key; {hint}"


def _known_keys(sections: list[str]) -> list[str]:
    model: type[BaseModel] = Params
    for section in sections:
        annotation = model.model_fields[section].annotation
        models = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
        inner = next((kind for kind in models if issubclass(kind, BaseModel)), None)
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)
