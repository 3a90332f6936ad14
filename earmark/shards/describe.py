"""What is stored in shards: families of one front end or backbone, and the rows of one file.

Only footers and small columns are read, never an image, unless checksums shall be verified.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from earmark.digest import canonical
from earmark.errors import EarmarkError
from earmark.provenance import read_record

FOLDERS = ("data/mel", "data/features")
"""Where shards are published."""

STEPS = ("mel", "embed")
"""Whose products in the store are shards."""

UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True)
class Family:
    """Shards of one folder that were made alike.

    ``kinds`` (name → height of the images, or shape of the vectors), ``params`` of their step, ``rows`` and ``bytes``
    (of the files) of all ``shards`` together, ``dtype`` and Parquet ``compression`` of the values.
    """

    folder: str
    step: str
    kinds: dict[str, Any]
    params: dict[str, Any]
    shards: int
    rows: int
    bytes: int
    dtype: str
    compression: str

    def words(self) -> str:
        """Kinds and params for people, e.g. ``mel 40 · 16 kHz, window 25 ms of 512, hop 12.5 ms, 60–7600 Hz``."""
        kinds = ", ".join(f"{kind} {_shape(size)}" for kind, size in self.kinds.items())
        made = _front_end(self.params) if "hop_length" in self.params else _backbone(self.params)
        return f"{kinds} · {made}" if made else kinds

    def line(self) -> str:
        """The family on one line."""
        amount = f"{self.shards:6} {self.rows:9,} {size(self.bytes):>9}"
        return f"{self.folder:16} {amount}  {self.dtype:8} {self.compression:5} {self.words()}"


@dataclass(frozen=True)
class Group:
    """A row group: rows, bytes in the file, and its first and last clip."""

    rows: int
    bytes: int
    first: str
    last: str


@dataclass(frozen=True)
class Row:
    """A clip or window: where it begins, its length (both in frames, None for vectors), bytes of all its kinds."""

    clip_id: str
    first_frame: int | None
    frames: int | None
    bytes: int


@dataclass(frozen=True)
class Contents:
    """One shard: the family it would be of alone, its key, its row groups, and its first rows."""

    path: str
    key: str
    family: Family
    groups: list[Group]
    rows: list[Row]


@dataclass(frozen=True)
class Overview:
    """All families, and the files that are no readable shards with what is wrong with them."""

    families: list[Family]
    damaged: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """JSON-serialisable."""
        return asdict(self)

    def __str__(self) -> str:
        head = f"{'folder':16} {'shards':>6} {'rows':>9} {'size':>9}  {'dtype':8} {'codec':5} what"
        lines = [head, *(family.line() for family in self.families)] if self.families else ["no shards"]
        return "\n".join([*lines, *(f"damaged: {path}: {why}" for path, why in self.damaged.items())])


def folders(store: Path, project: Path = Path()) -> list[Path]:
    """Where a project and its ``store`` keep shards."""
    return [*(project / name for name in FOLDERS), *(store / step for step in STEPS)]


def overview(places: Iterable[Path], verify: bool = False) -> Overview:
    """The shards in these folders; ``verify`` reads every page against its checksum, which finds all damage."""
    damaged: dict[str, str] = {}
    found: dict[tuple[str, ...], list[Family]] = defaultdict(list)
    for path in (path for place in places for path in shards_in(place)):
        try:
            family = _family(path, _opened(path))
            if verify:
                _verify(path)
        except EarmarkError as error:
            damaged[str(path)] = str(error).removeprefix(f"{path}: ")
            continue
        made = (family.step, canonical(family.kinds), canonical(family.params), family.dtype, family.compression)
        found[(family.folder, *made)].append(family)
    return Overview([_together(families) for families in found.values()], damaged)


def contents(path: Path, first: int = 10) -> Contents:
    """One shard with its ``first`` rows; raises EarmarkError if it is damaged or none of earmark's."""
    file = _opened(path)
    family = _family(path, file)
    groups = [_group(file, number) for number in range(file.num_row_groups)]
    key = (read_record(path) or {}).get("key", "")
    return Contents(str(path), key, family, groups, _rows(path, file, family, first))


def describe(shard: Contents) -> str:
    """A shard for people: what it is, its row groups, its first rows."""
    family = shard.family
    lines = [
        f"{shard.path}  key {shard.key}",
        f"{family.rows:,} rows, {size(family.bytes)}, {family.dtype}, compression {family.compression}",
        family.words(),
        "",
        f"{'row group':>9} {'rows':>6} {'size':>9}  clips",
        *(
            f"{number:9} {group.rows:6} {size(group.bytes):>9}  {group.first} … {group.last}"
            for number, group in enumerate(shard.groups)
        ),
        "",
        f"{'frames':>9} {'from':>6} {'size':>9}  clip (first {len(shard.rows)} of {family.rows:,} rows)",
        *(f"{_or_dash(r.frames):>9} {_or_dash(r.first_frame):>6} {size(r.bytes):>9}  {r.clip_id}" for r in shard.rows),
    ]
    return "\n".join(lines)


def find_shard(name: str, places: Sequence[Path]) -> Path:
    """The shard that ``name`` means: a path, the name of a published one, or (the beginning of) a key in the store.

    Raises EarmarkError if there is none, or if several differ.
    """
    if Path(name).is_file():
        return Path(name)
    paths = [path for place in places for path in shards_in(place)]
    for found in ([p for p in paths if p.stem == name], [p for p in paths if p.stem.startswith(name)]):
        if len(found) == 1:
            return found[0]
        if found:
            raise EarmarkError(f"'{name}' may be {' or '.join(map(str, found[:4]))}; give its path")
    raise EarmarkError(f"no shard '{name}' in {', '.join(map(str, places))}")


def shards_in(folder: Path) -> list[Path]:
    """The Parquet files of a folder in order of name, without unfinished ones."""
    return sorted(path for path in folder.glob("*.parquet") if not path.name.startswith("."))


def size(count: int) -> str:
    """Bytes for people: three digits and a decimal unit."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.{0 if unit == 0 or value >= 99.95 else 1}f} {UNITS[unit]}"


def _opened(path: Path, **options: Any) -> Any:
    try:
        return pq.ParquetFile(path, **options)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from None


def _verify(path: Path) -> None:
    file = _opened(path, page_checksum_verification=True)
    try:
        for number in range(file.num_row_groups):
            file.read_row_group(number, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> EarmarkError:
    return EarmarkError(f"{path}: not a readable shard ({error})")


def _family(path: Path, file: Any) -> Family:
    record = read_record(path)
    if record is None or "dtype" not in record:
        raise EarmarkError(f"{path}: no shard of earmark's (it has no provenance)")
    footer, names = file.metadata, file.schema_arrow.names
    heights = record.get("heights", {})
    kinds = {name: heights[name] for name in names if name in heights} or {"vector": record.get("shape")}
    codec = footer.row_group(0).column(len(names) - 1).compression if footer.num_row_groups else "UNCOMPRESSED"
    return Family(
        folder=str(path.parent),
        step=record.get("step", ""),
        kinds=kinds,
        params=record.get("params", {}),
        shards=1,
        rows=footer.num_rows,
        bytes=path.stat().st_size,
        dtype=record["dtype"],
        compression="none" if codec == "UNCOMPRESSED" else codec.lower(),
    )


def _together(families: Sequence[Family]) -> Family:
    total = {name: sum(getattr(family, name) for family in families) for name in ("shards", "rows", "bytes")}
    return Family(**{**vars(families[0]), **total})


def _group(file: Any, number: int) -> Group:
    group = file.metadata.row_group(number)
    columns = [group.column(index) for index in range(group.num_columns)]
    clips = columns[file.schema_arrow.names.index("clip_id")].statistics
    first, last = (clips.min, clips.max) if clips is not None and clips.has_min_max else ("", "")
    return Group(group.num_rows, sum(column.total_compressed_size for column in columns), first, last)


def _rows(path: Path, file: Any, family: Family, first: int) -> list[Row]:
    names = [name for name in ("clip_id", "first_frame", "frames") if name in file.schema_arrow.names]
    rows: list[dict[str, Any]] = []
    try:
        for number in range(file.num_row_groups):
            if len(rows) < first:
                rows += file.read_row_group(number, columns=names, use_threads=False).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from None
    return [
        Row(row["clip_id"], row.get("first_frame"), row.get("frames"), _bytes(family, row.get("frames")))
        for row in rows[:first]
    ]


def _bytes(family: Family, frames: int | None) -> int:
    item = np.dtype(family.dtype).itemsize
    return item * sum(int(np.prod(height)) * (1 if frames is None else frames) for height in family.kinds.values())


def _front_end(params: Mapping[str, Any]) -> str:
    """The settings of the front end that people ask for, in ms and Hz."""
    rate, milli = params["sample_rate"], 1000 / params["sample_rate"]
    parts = [f"{rate / 1000:g} kHz", f"window {params['win_length'] * milli:g} ms of {params['n_fft']}"]
    parts += [f"hop {params['hop_length'] * milli:g} ms"]
    if "n_mels" in params:
        parts += [f"{params['n_mels']} mels {params['fmin']:g}–{params['fmax']:g} Hz"]
    parts += [f"top {params['top_db']:g} dB", _silence(params), _length(params.get("window"))]
    if params.get("scale") == "minmax":
        parts += ["scale of each clip"]
    return ", ".join(parts)


def _silence(params: Mapping[str, Any]) -> str:
    trim, vad = params.get("trim_db"), params.get("vad", "none")
    ends = "untrimmed" if trim is None else f"trimmed at {trim:g} dB"
    return ends if vad in ("none", "trim") else f"{ends}, pauses cut by {vad}"


def _length(window: Mapping[str, Any] | None) -> str:
    if window is None:
        return "whole clips"
    unit = "s" if window.get("seconds") is not None else "frames"
    length = window["seconds"] if unit == "s" else window["frames"]
    return f"windows of {length:g} {unit} every {window.get('hop') or length:g}"


def _backbone(params: Mapping[str, Any]) -> str:
    known = {"name": "{}", "weights": "weights {}", "pooling": "pooling {}", "normalise": "normalise {}"}
    return ", ".join(text.format(params[name]) for name, text in known.items() if params.get(name) is not None)


def _shape(size: Any) -> str:
    return "×".join(map(str, size)) if isinstance(size, list) else str(size)


def _or_dash(value: int | None) -> str:
    return "–" if value is None else str(value)
