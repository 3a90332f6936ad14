"""Who hears of a training: what a tracker, a progress display or a test implements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class TrainingListener(Protocol):
    """Hears of one training. A failure is an exception that leaves ``train``: wrap the call to hear of that too."""

    def on_begin(self, info: dict[str, Any]) -> None:
        """``info``: labels, engine, clips (windows, if more) per split and class, sizes of networks, most epochs."""
        ...

    def on_epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        """The columns of history.csv for an ``epoch`` (from 0) that has ended."""
        ...

    def on_end(self, training: dict[str, Any]) -> None:
        """What training.json and timing.json say; the model folder is complete."""
        ...


class Listeners:
    """Several listeners as one, told in their order."""

    def __init__(self, listeners: Sequence[TrainingListener]) -> None:
        self._listeners = listeners

    def on_begin(self, info: dict[str, Any]) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.on_begin(info)

    def on_epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.on_epoch(epoch, metrics)

    def on_end(self, training: dict[str, Any]) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.on_end(training)
