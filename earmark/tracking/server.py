"""Where runs are recorded: a tracking server by its address, or the project's own SQLite store."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from earmark.errors import EarmarkError
from earmark.store import main_checkout

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

ENVIRONMENT = "MLFLOW_TRACKING_URI"
FOLDER = "mlruns"

SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""A server that does not answer must not hold up a training for the minutes that MLflow waits by default; and nobody
needs to read how it makes its tables and copies ten files, or, among a command's own lines, where
each run is."""


@dataclass(frozen=True)
class Server:
    """A tracking URI, and the artifact folder if it is a project's own store (None: the server knows its own)."""

    uri: str
    artifacts: Path | None = None

    @classmethod
    def find(cls, project: Path = Path()) -> Self:
        """``$MLFLOW_TRACKING_URI``, else ``mlruns/`` of the main checkout: a SQLite database and an artifact folder."""
        named = os.environ.get(ENVIRONMENT)
        return cls(named) if named else cls.local(main_checkout(project) / FOLDER)

    @classmethod
    def local(cls, folder: Path) -> Self:
        """The store in a folder of its own (absolute path): ``mlflow.db`` and ``artifacts/``."""
        return cls(f"sqlite:///{folder / 'mlflow.db'}", folder / "artifacts")

    def client(self) -> MlflowClient:
        """A client for this server, which becomes mlflow's default too; imports mlflow.

        mlflow would name it in the environment as well; processes that this one starts find their server themselves,
        with the artifact folder, which an address does not tell.
        """
        prepare_environment()
        import mlflow

        if self.artifacts is not None:
            self.artifacts.mkdir(parents=True, exist_ok=True)
        named = os.environ.get(ENVIRONMENT)
        mlflow.set_tracking_uri(self.uri)
        os.environ.pop(ENVIRONMENT, None)
        if named is not None:
            os.environ[ENVIRONMENT] = named
        return mlflow.MlflowClient(self.uri)

    def location(self, task: str) -> Path | None:
        """The artifact folder of a task's runs; None where the server decides."""
        return None if self.artifacts is None else self.artifacts / task

    def may_hold(self, task: str, run_id: str) -> bool:
        """Whether a recorded run is still there, as far as can be told without mlflow (on a remote server: assumed)."""
        location = self.location(task)
        return location is None or ((location / run_id).is_dir() and _has_run(self.uri, run_id))

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn mlflow's errors into EarmarkError with the address and what to check."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            raise EarmarkError(f"MLflow at {self.uri}: {error}. Check the server, or unset {ENVIRONMENT}") from error


def prepare_environment() -> None:
    """Set what mlflow reads when it is imported, and processes that this one starts after it."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def _has_run(uri: str, run_id: str) -> bool:
    """Whether a SQLite store (``sqlite:///path``) has the run; one that was deleted in MLflow's pages still counts."""
    try:
        with closing(sqlite3.connect(f"file:{uri.removeprefix('sqlite:///')}?mode=ro", uri=True)) as database:
            return database.execute("select 1 from runs where run_uuid = ?", (run_id,)).fetchone() is not None
    except sqlite3.Error:
        return False
