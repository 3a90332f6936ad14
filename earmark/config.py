"""Parameters: typed, strict, and explained where they are wrong.

``params.yaml`` is the one hand-edited configuration; recipes are overlays of it. An unknown key, a value of the wrong
type or a contradiction between two keys is refused with the key's name, what was found and what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from earmark.digest import digest
from earmark.errors import EarmarkError


class Section(BaseModel):
    """A part of the params: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def plain(self) -> dict[str, Any]:
        """The section as JSON-serialisable values, for keys and provenance."""
        return self.model_dump(mode="json")


Adapter = Literal[
    "demo",
    "common_voice",
    "voxforge",
    "kaggle_languages",
    "speech_commands",
    "fsdd",
    "audiomnist",
    "audiofolder",
    "nemo",
    "table",
    "folder",
]
"""Layouts of data sets, see ``earmark.corpus.adapters``."""


class DataParams(Section):
    """Which recordings, and which of their columns is the label."""

    adapter: Adapter = Field("demo", description="layout of the data set")
    root: str = Field("data/raw/demo", description="folder or archive of the data set")
    table: str | None = Field(None, description="the table to read, relative to root, where the adapter has a choice")
    words: list[str] | None = Field(
        None, min_length=1, description="speech_commands: these words; the others become 'unknown', silence is added"
    )
    label: str = Field("language", description="catalogue column to classify")
    filter: str | None = Field(None, description="expression over the columns, e.g. \"gender == 'male'\"")
    min_duration: float | None = Field(None, ge=0, description="shorter clips are left out, s")
    max_duration: float | None = Field(None, gt=0, description="longer clips are left out, s")
    rank_by: str | None = Field(None, description="column to rank clips by, best first; null = at random")
    max_per_speaker: int | None = Field(None, ge=1, description="best clips of each speaker that may be kept")
    top: int | None = Field(None, ge=1, description="clips kept per class after ranking; null = all")
    balance: list[str] = Field(default_factory=list, description="columns whose groups are cut to equal size")
    unseen: int = Field(0, ge=0, description="next-best clips per class kept aside as the split 'unseen'")
    seed: int = Field(0, ge=0, description="of the order of clips of equal rank")

    @field_validator("words", mode="before")
    @classmethod
    def _quoted(cls, value: Any) -> Any:
        if isinstance(value, list) and any(isinstance(word, bool) for word in value):
            raise ValueError(
                "YAML reads yes, no, on and off as true and false; put words in quotes, e.g. ['yes', 'no']"
            )
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> DataParams:
        if self.words is not None and self.adapter != "speech_commands":
            raise ValueError("words belongs to adapter speech_commands; for others use data.filter")
        if self.min_duration and self.max_duration and self.min_duration >= self.max_duration:
            raise ValueError(f"min_duration {self.min_duration:g} s is not below max_duration {self.max_duration:g} s")
        return self


class SplitParams(Section):
    """How clips are divided into train, val and test."""

    by: str | list[str] = Field(
        "speaker", description="speaker, random, official, segment, or columns that must not cross splits"
    )
    scheme: Literal["fractions", "kfold", "leave_one_group_out"] = Field(
        "fractions", description="one division by fractions, or one of several that each test other groups"
    )
    fractions: list[float] = Field([0.6, 0.2, 0.2], min_length=3, max_length=3, description="train, val, test")
    folds: int = Field(5, ge=3, description="scheme kfold: parts, each the test set once")
    official: str = Field("split", description="by official: the column that names each clip's split")
    fold: int = Field(0, ge=0, description="which fold (or group, in order of name) is the test set, from 0")
    segment: list[float] = Field(
        [2.0, 1.0], min_length=2, max_length=2, description="by segment: length and hop of the parts, s"
    )
    seed: int = Field(0, ge=0)
    on_leak: Literal["error", "warn", "allow"] = Field("error", description="when a speaker or clip crosses splits")

    @field_validator("fractions")
    @classmethod
    def _sum_to_one(cls, value: list[float]) -> list[float]:
        if any(not 0 < part < 1 for part in value) or abs(sum(value) - 1) > 1e-6:
            raise ValueError("three fractions between 0 and 1 that sum to 1, e.g. [0.6, 0.2, 0.2]")
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> SplitParams:
        if self.scheme == "kfold" and self.fold >= self.folds:
            raise ValueError(f"fold {self.fold} of {self.folds} folds; they count from 0 to {self.folds - 1}")
        if self.scheme != "fractions" and self.by in ("official", "segment"):
            raise ValueError(f"scheme {self.scheme} needs groups; by {self.by} names none")
        if self.scheme == "leave_one_group_out" and self.by == "random":
            raise ValueError("scheme leave_one_group_out needs groups; set by to a column, e.g. speaker")
        if min(self.segment) <= 0:
            raise ValueError("segment: length and hop in seconds, both above 0")
        return self


Kind = Literal["mel", "stft", "mfcc", "chroma", "contrast", "pcen"]
"""What is computed of each frame, see ``earmark.audio.kinds``."""

BOUNDED: tuple[str, ...] = ("mel", "stft", "chroma")
"""Kinds whose values have limits of their own, so that grey levels mean the same in every clip."""


class WindowParams(Section):
    """Parts of equal length that a clip is cut into; each is an image of its own."""

    seconds: float | None = Field(None, gt=0, description="length, s, rounded to whole frames")
    frames: int | None = Field(None, ge=1, description="length in frames instead of seconds")
    hop: float | None = Field(None, gt=0, description="to the next window, in the length's unit; null = length")
    rest: Literal["pad", "repeat", "shift", "drop"] = Field(
        "pad", description="what is left at the end: filled up with silence or by repetition, moved back, or left out"
    )

    @model_validator(mode="after")
    def _fit_together(self) -> WindowParams:
        if (self.seconds is None) == (self.frames is None):
            raise ValueError("a window's length is either seconds or frames, e.g. {seconds: 4, hop: 2}")
        if self.frames is not None and self.hop is not None and self.hop != int(self.hop):
            raise ValueError(f"hop {self.hop:g} is not a whole number of frames, which is the unit of the length")
        return self


class FeatureParams(Section):
    """The front end: audio to images. Lengths are in samples, frequencies in Hz, levels in dB."""

    kinds: list[Kind] = Field(["mel"], min_length=1, description="images of each clip, with one time axis")
    deltas: int = Field(0, ge=0, le=2, description="1: each kind's change over time too, 2: and the change of that")
    sample_rate: int = Field(16000, ge=1000, le=192000, description="Hz")
    n_fft: int = Field(512, ge=16, description="samples")
    win_length: int = Field(400, ge=16, description="samples")
    hop_length: int = Field(200, ge=1, description="samples")
    n_mels: int = Field(40, ge=1, le=1024)
    fmin: float = Field(60, ge=0, description="Hz")
    fmax: float = Field(7600, gt=0, description="Hz")
    mel_scale: Literal["slaney", "htk"] = Field("slaney", description="linear below 1 kHz, or logarithmic throughout")
    mel_norm: Literal["slaney", "none"] = Field("slaney", description="filters of equal area, or of equal height")
    power: Literal[1, 2] = Field(2, description="1: magnitudes are summed in the mel bands, 2: powers")
    n_mfcc: int = Field(20, ge=1, description="kind mfcc: coefficients")
    top_db: float = Field(80, gt=0, description="dynamic range kept below the clip's maximum, dB")
    reference: Literal["max"] | float = Field("max", description="0 dB: the clip's maximum, or this power")
    trim_db: float | None = Field(
        30, gt=0, description="leading and trailing parts this far below the peak are cut, dB"
    )
    vad: Literal["none", "trim", "energy", "webrtc", "silero"] = Field(
        "none", description="pauses inside a clip are cut too: by trim_db, or where a detector hears no voice"
    )
    window: WindowParams | None = Field(None, description="cut clips into parts of equal length; null = whole clips")
    scale: Literal["top_db", "minmax"] = Field("top_db", description="uint8 range: the kind's own, or the clip's")
    dtype: Literal["uint8", "float16"] = "uint8"
    shard_size: int = Field(1024, ge=1, description="clips per shard, at most (about)")
    compression: Literal["none", "zstd"] = Field("none", description="of shards: zstd is smaller and slower to read")

    @model_validator(mode="after")
    def _fit_together(self) -> FeatureParams:
        if self._has_bands and self.fmax > self.sample_rate / 2:
            raise ValueError(f"fmax {self.fmax:g} Hz is above half the sample_rate ({self.sample_rate / 2:g} Hz)")
        if self._has_bands and self.fmin >= self.fmax:
            raise ValueError(f"fmin {self.fmin:g} Hz must be below fmax {self.fmax:g} Hz")
        if self.win_length > self.n_fft:
            raise ValueError(f"win_length {self.win_length} must not exceed n_fft {self.n_fft}")
        if self.trim_db is None and self.vad in ("trim", "energy"):
            raise ValueError(f"vad {self.vad} cuts what is trim_db below the peak; set trim_db, e.g. 30")
        self._fit_kinds()
        self._fit_scale()
        return self

    @property
    def _has_bands(self) -> bool:
        """Whether a kind is made of mel bands."""
        return not {"mel", "mfcc", "pcen"}.isdisjoint(self.kinds)

    def _fit_kinds(self) -> None:
        if len(set(self.kinds)) < len(self.kinds):
            raise ValueError(f"kinds {', '.join(self.kinds)}: each only once")
        if "mfcc" in self.kinds and self.n_mfcc > self.n_mels:
            raise ValueError(f"n_mfcc {self.n_mfcc} must not exceed n_mels {self.n_mels}")
        if "contrast" in self.kinds and self.n_fft * 200 < self.sample_rate:
            least = -(-self.sample_rate // 200)
            raise ValueError(f"n_fft {self.n_fft} is too short for kind contrast; {least} samples or more")

    def _fit_scale(self) -> None:
        """Refuse grey levels of a fixed range for what has none."""
        if self.reference != "max" and self.reference <= 0:
            raise ValueError(f"reference {self.reference:g} is not a power; max or a number above 0")
        if self.dtype != "uint8" or self.scale == "minmax":
            return
        unbounded: list[str] = [f"kind {kind}" for kind in self.kinds if kind not in BOUNDED]
        unbounded += ["deltas"] if self.deltas else []
        unbounded += [] if self.reference == "max" else [f"reference {self.reference:g}"]
        if unbounded:
            raise ValueError(f"{unbounded[0]} has no fixed range for grey levels; set dtype: float16, or scale: minmax")

    def front_end(self) -> dict[str, Any]:
        """What decides the numbers: everything but how clips are packed into files and what the kinds do not use."""
        unused = {"shard_size", "compression"} | (set() if "mfcc" in self.kinds else {"n_mfcc"})
        if not self._has_bands:
            unused |= {"n_mels", "fmin", "fmax", "mel_scale", "mel_norm", "power"}
        values = {name: value for name, value in self.plain().items() if name not in unused}
        return values | ({"vad": "none"} if self.vad == "trim" else {})


class BackboneParams(Section):
    """The pretrained network whose bottleneck features are extracted."""

    name: str = "earmark_base"
    weights: str = Field("embedded", description="embedded, imagenet, none, or the path of a weights file")
    normalise: Literal["band_mean", "none"] = Field("band_mean", description="band_mean: each mel band's mean removed")
    image_size: list[int] | None = Field(
        None, min_length=2, max_length=2, description="height, width in pixels; null = as is"
    )
    fit: Literal["none", "squeeze"] = Field("none", description="how a clip becomes image_size wide")
    pooling: Literal["stats", "avg", "none"] = Field("stats", description="over time and frequency; none = spatial map")
    engine: Literal["auto", "onnx", "keras"] = Field("auto", description="auto: onnx on a CPU, keras on a GPU")

    @model_validator(mode="after")
    def _fit_together(self) -> BackboneParams:
        if (self.image_size is None) != (self.fit == "none"):
            raise ValueError("image_size and fit go together: both set for an image backbone, null and none otherwise")
        return self


class TrainParams(Section):
    """How the head is trained on the bottleneck features."""

    mode: Literal["frozen"] = "frozen"
    head: Literal["final", "first", "linear"] = "final"
    standardise: bool = Field(True, description="scale each feature to mean 0, deviation 1 over the training clips")
    optimizer: Literal["adam", "rmsprop", "sgd"] = "adam"
    learning_rate: float = Field(1e-4, gt=0)
    epochs: int = Field(1000, ge=1, description="at most")
    batch_size: int = Field(50, ge=1, description="clips")
    early_stopping: int | None = Field(50, ge=1, description="epochs without a better validation loss; null = never")
    seed: int = Field(0, ge=0)


class EvaluateParams(Section):
    """How the model is judged."""

    bootstrap: int = Field(1000, ge=0, description="resamples of the speakers for confidence intervals; 0 = none")
    external: list[str] = Field(default_factory=list, max_length=0, description="further test sets (none yet)")


class Params(Section):
    """All parameters of one study."""

    task: str = Field("language", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="study; the MLflow experiment")
    data: DataParams = DataParams()
    split: SplitParams = SplitParams()
    features: FeatureParams = FeatureParams()
    backbone: BackboneParams = BackboneParams()
    train: TrainParams = TrainParams()
    evaluate: EvaluateParams = EvaluateParams()

    def digest(self) -> str:
        """Content key of every parameter."""
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
        return Params.model_validate(dict(values))
    except ValidationError as error:
        lines = [f"  {_explain(problem)}" for problem in error.errors()]
        raise EarmarkError(f"{source}: {len(lines)} problem(s)\n" + "\n".join(lines)) from None


def load(path: Path, *overlays: Path) -> Params:
    """``Params`` of a YAML file with ``overlays`` (recipes) merged over it; raises EarmarkError."""
    values = _read_yaml(path)
    for overlay in overlays:
        values = merge(values, _read_yaml(overlay))
    return parse(values, " + ".join(str(p) for p in (path, *overlays)))


def merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``overlay`` on top: mappings merge key by key, everything else is replaced."""
    merged = dict(base)
    for key, value in overlay.items():
        inner = merged.get(key)
        merged[key] = merge(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return merged


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise EarmarkError(f"{path}: no such file") from None
    except yaml.YAMLError as error:
        raise EarmarkError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(values, dict):
        raise EarmarkError(f"{path}: expected 'section: {{key: value}}' pairs")
    return values


def _explain(problem: Any) -> str:
    """One pydantic error as a sentence that names the key and, for a typo, the nearest known one."""
    *sections, last = [str(part) for part in problem["loc"]] or ["params"]
    where = ".".join([*sections, last])
    if problem["type"] != "extra_forbidden":
        return f"{where}: {problem['msg'].removeprefix('Value error, ')} (found {problem['input']!r})"
    near = difflib.get_close_matches(last, _known_keys(sections), n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(_known_keys(sections))}"
    return f"{where}: unknown key; {hint}"


def _known_keys(sections: list[str]) -> list[str]:
    model: type[BaseModel] = Params
    for section in sections:
        annotation = model.model_fields[section].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
