"""Where the weights of a backbone come from: the package, Keras's ImageNet files, or a file of one's own.

Nothing here imports keras before something must be downloaded.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from earmark.config import BackboneParams
from earmark.digest import file_digest
from earmark.errors import EarmarkError
from earmark.models.registry import KERAS_FILES, OWN, Backbone, get

WEIGHTS = Path(__file__).with_name("weights")
NAMED_WEIGHTS = ("embedded", "imagenet", "none")


def weights_digest(backbone: BackboneParams) -> str:
    """What decides the weights, without loading them: a SHA-256, or name and hash of Keras's file, or ``random``.

    Raises EarmarkError if a named file does not exist or the backbone has no such weights.
    """
    row = get(backbone.name)
    check_weights(row, backbone.weights)
    if backbone.weights == "embedded":
        return str(record()["weights_sha256"])
    if backbone.weights == "imagenet":
        return f"{row.file}:{row.checksum}"
    return "random" if backbone.weights == "none" else file_digest(_named_file(backbone.weights))


def weights_file(backbone: BackboneParams) -> Path | None:
    """The file of the weights, downloaded if need be; None for random weights.

    Raises EarmarkError if it cannot be had, saying which file is wanted where.
    """
    row = get(backbone.name)
    check_weights(row, backbone.weights)
    if backbone.weights == "embedded":
        return WEIGHTS / f"{OWN}.weights.h5"
    if backbone.weights == "imagenet":
        return _imagenet_file(row)
    return None if backbone.weights == "none" else _named_file(backbone.weights)


def check_weights(row: Backbone, weights: str) -> None:
    """Refuse ``backbone.weights`` that the backbone does not have; raises EarmarkError."""
    if weights not in NAMED_WEIGHTS:
        _named_file(weights)
    if weights == "embedded" and row.name != OWN:
        others = "imagenet, none or a file" if row.url else "none or a file"
        raise EarmarkError(f"backbone.weights: 'embedded' exists for {OWN} only; {row.name} takes {others}")
    if weights == "imagenet" and not row.url:
        use = "'embedded'" if row.name == OWN else "'none' or a file"
        raise EarmarkError(f"backbone.weights: {row.name} was not trained on ImageNet; use {use}")


@cache
def record(weights: str = "embedded") -> dict[str, Any]:
    """How weights of ``earmark_base`` came about: the JSON file beside them; raises EarmarkError if it is missing."""
    path = (WEIGHTS if weights == "embedded" else Path(weights).parent) / f"{OWN}.json"
    if not path.is_file():
        raise EarmarkError(
            f"{path}: missing; it records the front end of the weights beside it. `snakemake backbone` makes both"
        )
    return dict(json.loads(path.read_text(encoding="utf-8")))


def keras_cache() -> Path:
    """Folder in which Keras keeps what it downloaded."""
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"


def imagenet_path(row: Backbone) -> Path:
    """Where the ImageNet weights of ``row`` are once they are downloaded."""
    return keras_cache() / row.file


def _named_file(weights: str) -> Path:
    path = Path(weights).expanduser()
    if not path.is_file():
        raise EarmarkError(
            f"backbone.weights: '{weights}' is neither embedded, imagenet or none nor a file that exists"
        )
    return path


def _imagenet_file(row: Backbone) -> Path:
    """Keras's ImageNet file, from its cache or else downloaded into it.

    Keras itself silently uses another folder where ``~/.keras`` is not writable, so the cache is looked at here.
    """
    path = imagenet_path(row)
    if path.is_file():
        if row.checksum and _checksum(path, row) != row.checksum:
            kind, right = _kind(row), row.checksum
            raise EarmarkError(f"{path}: damaged (its {kind} is not {right}); remove it and put the right file there")
        return path
    import keras

    url = f"{KERAS_FILES}/{row.url}"
    try:
        return Path(
            keras.utils.get_file(
                row.file, url, file_hash=row.checksum, cache_subdir="models", cache_dir=path.parents[1]
            )
        )
    except Exception as error:  # Keras raises a bare Exception when it is offline
        raise EarmarkError(
            f"backbone {row.name}: no ImageNet weights here and no download ({error}). Put {row.file}"
            f" ({_kind(row)} {row.checksum or 'not recorded by Keras'}; from {url}) at {path},"
            " or name another file in backbone.weights"
        ) from error


def _kind(row: Backbone) -> str:
    return "SHA-256" if len(row.checksum) == 64 else "MD5"


def _checksum(path: Path, row: Backbone) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, _kind(row).replace("-", "").lower()).hexdigest()
