"""Checkpoints: a training that was killed goes on from its last epoch, to the same bits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from earmark.models.fit import Course
from earmark.store import replacing_folder

Arrays = list[NDArray[Any]]
Variables = Sequence[Any]
"""Keras variables."""


class Checkpoint:
    """The state after an epoch, in the folder ``path``: variables, the best weights so far, and the course."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, course: Course, network: Variables, optimiser: Variables, best: Arrays) -> None:
        """Replace the last epoch's; ``network`` are all its variables, random seeds included."""
        with replacing_folder(self.path) as folder:
            for name, variables in (("network", network), ("optimiser", optimiser)):
                np.savez(folder / f"{name}.npz", *map(keras.ops.convert_to_numpy, variables))
            np.savez(folder / "best.npz", *best)
            (folder / "course.json").write_text(json.dumps(asdict(course)))

    def course(self) -> Course | None:
        """How far the training had come; None if it had not begun, or what is there is damaged."""
        try:
            return Course(**json.loads((self.path / "course.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def restore(self, network: Variables, optimiser: Variables | None) -> Arrays:
        """Put the saved values back and return the best weights; None for an optimiser that begins anew."""
        for name, variables in (("network", network), ("optimiser", optimiser)):
            if variables is not None:
                for variable, value in zip(variables, _arrays(self.path / f"{name}.npz"), strict=True):
                    variable.assign(value)
        return self.best()

    def best(self) -> Arrays:
        """The best weights of the network."""
        return _arrays(self.path / "best.npz")


def _arrays(path: Path) -> Arrays:
    with np.load(path) as archive:
        return [archive[name] for name in archive.files]
