"""What a backbone asks of the params: the front end it was trained with, images of its size, kinds it can read."""

from __future__ import annotations

from earmark.config import BOUNDED, BackboneParams, FeatureParams
from earmark.errors import EarmarkError
from earmark.models.registry import OWN, Backbone, get
from earmark.models.weight_files import NAMED_WEIGHTS, check_weights, record

CHOICE_OF_SOUND = {"trim_db", "vad", "window"}
"""Settings that decide which sound is drawn, not how: a backbone that was trained otherwise still reads the image."""

CHOICE_OF_KINDS = {"kinds", "deltas"}
"""Settings that decide how many images a clip has, which is checked in words of its own."""


def check(backbone: BackboneParams, features: FeatureParams, mode: str = "frozen") -> None:
    """Refuse settings under which the network could not give what it was trained for, or, in ``train.mode`` scratch,
    could not be built; raises EarmarkError in words."""
    row = get(backbone.name)
    check_weights(row, backbone.weights)
    if mode == "scratch":
        problems = _scratch_problems(row, backbone, features)
    elif row.name == OWN:
        problems = _own_problems(backbone, features)
    else:
        problems = _image_problems(row, backbone, features, mode)
    problems += _kind_problems(row, features, mode)
    if backbone.normalise == "global" and mode == "frozen":
        problems.append(
            "normalise: global is over the training clips, but frozen features are made before there are any; "
            "train.mode tune or scratch"
        )
    if problems:
        raise EarmarkError(f"backbone {row.name}: " + "; ".join(problems))


def _scratch_problems(row: Backbone, backbone: BackboneParams, features: FeatureParams) -> list[str]:
    """What is wrong with a network that learns everything; it may be normalised in any way."""
    problems = []
    if backbone.weights != "none":
        problems.append(
            f"train.mode scratch begins with random weights, not with {backbone.weights}; "
            "set backbone.weights: none, or train.mode: tune"
        )
    if row.name == OWN and backbone.pixels != "native":
        problems.append("it reads decibels, no pixels; set pixels: native")
    if backbone.image_size is not None:
        return problems + _small_problems(row, backbone.image_size)
    if row.name == OWN and backbone.pooling == "none":
        problems.append("pooling: none would give maps of different lengths; use stats or avg, or set image_size")
    problems += [] if row.name == OWN else _size_problems(row, features)
    return problems + ([] if row.size else height_problems(row, features))


def _own_problems(backbone: BackboneParams, features: FeatureParams) -> list[str]:
    source = "embedded" if backbone.weights in NAMED_WEIGHTS else backbone.weights
    # what a record does not name had one value only when it was written, which is today's default
    trained, asked = FeatureParams().front_end() | record(source)["front_end"], features.front_end()
    problems = [
        f"it was trained with features.{name}: {trained[name]}, not {asked[name]}"
        for name in sorted((trained.keys() & asked.keys()) - CHOICE_OF_SOUND - CHOICE_OF_KINDS)
        if asked[name] != trained[name]
    ]
    if backbone.normalise != "band_mean":
        problems.append("it was trained with normalise: band_mean")
    if backbone.image_size is not None:
        problems.append("it reads mel images of any length as they are; set image_size: null and fit: none")
    if backbone.pixels != "native":
        problems.append("it reads decibels, no pixels; set pixels: native")
    if backbone.pooling == "none":
        problems.append("pooling: none would give maps of different lengths; use stats or avg")
    return problems


def _image_problems(row: Backbone, backbone: BackboneParams, features: FeatureParams, mode: str) -> list[str]:
    size = backbone.image_size
    problems = _size_problems(row, features) if size is None else _small_problems(row, size)
    may_choose = mode == "tune" and not row.size  # one's own weights, from whatever they were trained on
    if backbone.normalise != "none" and not may_choose:
        problems.append(
            f"it reads {'pictures' if row.size else 'grey levels'}; set normalise: none, or train it from scratch"
        )
    return problems


def _small_problems(row: Backbone, size: list[int]) -> list[str]:
    return [f"image_size {size} is below {row.smallest} pixels"] if min(size) < row.smallest else []


def height_problems(row: Backbone, features: FeatureParams) -> list[str]:
    """What is wrong with the heights of the images where they are read as they are."""
    from earmark.audio.kinds import Kinds

    heights = Kinds(features).heights()
    each = ", ".join(f"{kind} {height}" for kind, height in heights.items())
    if len(set(heights.values())) > 1:
        return [f"images of different heights ({each}) do not stack; set image_size and fit"]
    if min(heights.values()) < row.smallest:
        return [f"its images have {row.smallest} rows at least, not {each}"]
    return []


def _size_problems(row: Backbone, features: FeatureParams) -> list[str]:
    """What is wrong without an ``image_size``."""
    if row.size:
        return [f"it reads images of one size; set image_size: [{row.size}, {row.size}] and fit: squeeze"]
    if features.window is None:
        return ["it reads images of one length; set features.window, or backbone.image_size and fit"]
    return []


def _kind_problems(row: Backbone, features: FeatureParams, mode: str) -> list[str]:
    """What is wrong with the images of a clip: how many, and what has no limits that could be black and white."""
    named = f"kinds: [{', '.join(features.kinds)}]" + (f" with deltas: {features.deltas}" if features.deltas else "")
    if row.name == OWN and mode != "scratch":
        is_mel = features.kinds == ["mel"] and not features.deltas
        return [] if is_mel else [f"it reads the mel image alone, not {named}; set features.kinds: [mel] and deltas: 0"]
    count, problems = len(features.kinds) * (1 + features.deltas), []
    if row.channels is not None and row.name != OWN and count > row.channels:
        problems.append(
            f"it reads {row.channels} images of a clip at most, not the {count} of {named}; choose among them"
        )
    if features.dtype == "float16" and (what := _unlimited(features)):
        problems.append(f"no limits to be black and white for float16 {what}; set dtype: uint8 and scale: minmax")
    return problems


def _unlimited(features: FeatureParams) -> str | None:
    """What of the images has no range of its own."""
    unbounded = [kind for kind in features.kinds if kind not in BOUNDED] + ["deltas"] * bool(features.deltas)
    fixed = None if features.reference == "max" else f"levels above reference {features.reference:g}"
    return unbounded[0] if unbounded else fixed
