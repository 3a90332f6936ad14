"""The sections of the params but ``train``: every key with its type, its default, its unit, and what it contradicts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


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


class SyntheticParams(Section):
    """Texts that espeak-ng speaks, as further training clips."""

    texts: str = Field(description="CSV with label, language (of espeak-ng: en-us, cmn, …) and text")
    voices: int = Field(100, ge=1, description="synthetic speakers per language")
    texts_per_voice: int = Field(40, ge=1, description="texts that each of them says, drawn from its language's")
    seed: int = Field(0, ge=0, description="of the voices and of who says what")


class ExternalParams(Section):
    """A data set from elsewhere that the model is judged on too; the keys mean what they mean in ``data``."""

    adapter: Adapter
    root: str
    table: str | None = None
    words: list[str] | None = Field(None, min_length=1)
    label: str | None = Field(None, description="null = as in data")
    filter: str | None = None
    min_duration: float | None = Field(None, ge=0)
    max_duration: float | None = Field(None, gt=0)
    max_per_speaker: int | None = Field(None, ge=1)
    top: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0)

    @field_validator("adapter")
    @classmethod
    def _recorded(cls, value: str) -> str:
        if value == "demo":
            raise ValueError("the demo's voices are synthetic; an external set is of recordings")
        return value


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
    synthetic: SyntheticParams | None = Field(None, description="synthetic speech added to the training clips")
    external: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")], ExternalParams] = Field(
        default_factory=dict, description="test sets from elsewhere by name, e.g. {phone: {adapter: folder, root: …}}"
    )
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
        for name in self.external:
            self.of_external(name)
        return self

    def selection(self) -> dict[str, Any]:
        """What decides which recordings are used: not where they are, nor what is beside them."""
        return {name: value for name, value in self.plain().items() if name not in ("root", "synthetic", "external")}

    def of_external(self, name: str) -> DataParams:
        """The external set ``name`` as if it were the study's own data set."""
        values = self.external[name].plain()
        return DataParams(**values | {"label": values["label"] or self.label})


class HoldOut(Section):
    """Values of a column, e.g. the words, that only the test set has."""

    column: str = Field(description="column of the data set, e.g. sentence or word")
    folds: int = Field(4, ge=2, description="parts that each class's values are divided into")
    fold: int = Field(0, ge=0, description="the part that is held out, from 0")

    @model_validator(mode="after")
    def _fit_together(self) -> HoldOut:
        if self.fold >= self.folds:
            raise ValueError(f"fold {self.fold} of {self.folds} folds; they count from 0 to {self.folds - 1}")
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
    hold_out: HoldOut | None = Field(
        None, description="test clips have new values of a column too, e.g. {column: sentence, folds: 4, fold: 0}"
    )
    validation: Literal["speaker", "random", "redrawn"] = Field(
        "speaker",
        description="by official: a validation part that the data set lacks is taken from training by speaker or at "
        "random; redrawn: by speaker, and what validation part there is counts as training first",
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
        if self.validation != "speaker" and self.by != "official":
            raise ValueError(f"validation {self.validation} belongs to by: official; other splits have one anyway")
        self._fit_hold_out()
        return self

    def _fit_hold_out(self) -> None:
        if self.hold_out is None:
            return
        column = self.hold_out.column
        if self.by == "segment":
            raise ValueError("hold_out keeps or leaves out whole clips; by segment parts them. Set by: speaker")
        if column in ([self.by] if isinstance(self.by, str) else self.by):
            raise ValueError(f"by {column} lets no {column} cross splits already; hold_out is for another column")

    def division(self) -> dict[str, Any]:
        """What decides the splits; ``hold_out`` and ``validation`` only where they are used, as before they were."""
        values, unused = self.plain(), {"hold_out": None, "validation": "speaker"}
        return {name: value for name, value in values.items() if name not in unused or value != unused[name]}


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
    shard_size: int = Field(128, ge=1, description="clips per shard, at most (about)")
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
    normalise: Literal["band_mean", "clip", "global", "none"] = Field(
        "band_mean", description="what is removed: each band's mean over the clip; the clip's mean and deviation; each "
        "band's over the training clips; nothing"
    )  # fmt: skip
    image_size: list[int] | None = Field(
        None, min_length=2, max_length=2, description="height, width in pixels; null = as is"
    )
    fit: Literal["none", "squeeze", "pad", "crop"] = Field(
        "none", description="how a clip becomes image_size wide: squeezed, or at its own aspect, longer ones cropped"
    )
    pooling: Literal["stats", "avg", "none"] = Field("stats", description="over time and frequency; none = spatial map")
    pixels: Literal["native", "unit"] = Field(
        "native", description="what images are scaled to: as the network was trained, or 0..1 whatever that was"
    )
    dtype: Literal["float32", "float16"] = Field("float32", description="of stored features")
    engine: Literal["auto", "onnx", "openvino", "keras"] = Field(
        "auto", description="auto: onnx on a CPU, keras on a GPU"
    )

    @model_validator(mode="after")
    def _fit_together(self) -> BackboneParams:
        if (self.image_size is None) != (self.fit == "none"):
            raise ValueError("image_size and fit go together: both set for an image backbone, null and none otherwise")
        return self

    def decisive(self) -> dict[str, Any]:
        """What decides the features beside the weights' content: not where those lie, nor the engine that runs."""
        values = {name: value for name, value in self.plain().items() if name not in ("weights", "engine")}
        if self.pixels == "native":
            del values["pixels"]  # all there was before there was a choice
        return values

    def bottleneck(self) -> dict[str, Any]:
        """``decisive``, as it was before there was a choice of ``dtype`` where that is float32."""
        values = self.decisive()
        if self.dtype == "float32":
            del values["dtype"]
        return values


class EvaluateParams(Section):
    """How the model is judged."""

    bootstrap: int = Field(1000, ge=0, description="resamples of the speakers for confidence intervals; 0 = none")
