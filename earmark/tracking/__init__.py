"""MLflow: one run per training, live while it trains, complete after the evaluation, never duplicated or deleted.

A run is found again by its model key, so that repeating a training, resuming one that was killed, or judging its model
anew updates the same run. The only room that imports mlflow (2.9 s), and only when there is something to record.
"""

from earmark.tracking.found import find, run_of_model
from earmark.tracking.live import RunLogger
from earmark.tracking.parent import Child, ParentRun, Sweep
from earmark.tracking.range_run import record_rates
from earmark.tracking.record import record
from earmark.tracking.registry import Judged, Registry, judged
from earmark.tracking.server import Server
from earmark.tracking.twin import note_twin

__all__ = [
    "Child",
    "Judged",
    "ParentRun",
    "Registry",
    "RunLogger",
    "Server",
    "Sweep",
    "find",
    "judged",
    "note_twin",
    "record",
    "record_rates",
    "run_of_model",
]
