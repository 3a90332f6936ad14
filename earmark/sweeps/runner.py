"""Making what a plan lacks, by the commands that the workflow's rules call.

A sweep runs inside one Snakemake job, or by hand, and cannot start a Snakemake of its own: that would wait for the
store's lock, which the outer one holds. Products are written aside and renamed, as everywhere, so that members that
are made at the same time do not disturb each other; what they share is made by the first of them.
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Lock, RLock

from earmark.errors import EarmarkError
from earmark.plan import Plan
from earmark.sweeps import validation
from earmark.sweeps.benchmark import benchmarked

TOLD = 3
"""Last lines of a failed command's output that are repeated in its error."""


class Runner:
    """Runs commands with ``workers`` processes or threads for what a plan lacks; may be used from several threads."""

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._upstream, self._starting = Lock(), Lock()
        self._same_model: defaultdict[str, RLock] = defaultdict(RLock)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopped = False

    def prepare(self, plan: Plan) -> None:
        """Make the manifest, and the demo corpus if the study uses it; raises EarmarkError with the command's words."""
        with self._upstream:
            if plan.demo is not None and not plan.demo.is_file():
                root = str(plan.demo.parent)
                self._run(plan, "demo", "demo", root, "--workers", str(self._workers))
            if not plan.is_prepared:
                self._run(plan, "prepare", plan.prepare_key, *self._study(plan), "--workers", str(self._workers))

    def train(self, plan: Plan) -> None:
        """Make the model of a prepared plan, and before it the images and features that are missing."""
        with self._same_model[plan.model_key]:
            if plan.store.has("train", plan.model_key, ""):
                return
            with self._upstream:
                self._images(plan)
                if not plan.learns_from_images:
                    self._features(plan)
            self._run(plan, "train", plan.model_key, *self._study(plan))

    def validate(self, plan: Plan) -> None:
        """Make the figures of the model on the validation clips."""
        with self._same_model[plan.model_key]:
            if not validation.exists(plan):
                self._run(plan, "validate", plan.model_key, *self._study(plan))

    def evaluate(self, plan: Plan) -> None:
        """Make the evaluation of the model, and before it the confound probes if they are missing."""
        with self._same_model[plan.model_key]:
            with self._upstream:
                self._images(plan)
                if not plan.store.has("confounds", plan.confounds_key, ""):
                    self._run(plan, "confounds", plan.confounds_key, *self._study(plan))
            if not plan.store.has("evaluate", plan.evaluation_key, ""):
                self._run(plan, "evaluate", plan.evaluation_key, *self._study(plan))

    def stop(self, model_key: str | None = None) -> None:
        """End the training of one model, or everything that runs and is to come; it leaves as after SIGTERM."""
        with self._starting:
            self._stopped = self._stopped or model_key is None
            for key, process in list(self._running.items()):
                if model_key is None or key == f"train/{model_key}":
                    process.terminate()

    def _images(self, plan: Plan) -> None:
        """Make the mel shards that are missing, as many processes at a time as there are workers."""
        jobs = [
            (batch.name, ",".join(shard.name for shard in batch.shards)) for batch in plan.mel_batches(self._workers)
        ]
        with ThreadPoolExecutor(self._workers) as pool:
            for done in [pool.submit(self._run, plan, "mel", n, *self._study(plan), "--shards", s) for n, s in jobs]:
                done.result()

    def _features(self, plan: Plan) -> None:
        """Make the exported backbone and the feature shards that are missing."""
        if not plan.backbone.is_file():
            self._run(plan, "export-backbone", plan.backbone_key, "--params", str(plan.params_file))
        for job in plan.extraction_jobs:
            if missing := plan.missing_features(job):
                names = ",".join(shard.name for shard in missing)
                threads = ("--threads", str(self._workers))
                self._run(plan, "embed", job, *self._study(plan), "--shards", names, *threads)

    def _study(self, plan: Plan) -> Sequence[str]:
        """The arguments that tell a command which study it works for."""
        manifest = ("--manifest", str(plan.prepared)) if plan.is_prepared else ()
        return ("--params", str(plan.params_file), *manifest)

    def _run(self, plan: Plan, step: str, key: str, *arguments: str) -> None:
        """Run ``earmark STEP ARGUMENTS``, its output in the store's log of ``key``; raises EarmarkError if it fails."""
        log = plan.store.root / "logs" / step / f"{key}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        name, command = f"{step}/{key}", [sys.executable, "-m", "earmark", step, *arguments]
        with ExitStack() as measuring:
            with self._starting, log.open("wb") as output:
                if self._stopped:
                    raise EarmarkError(f"{step}: stopped before it began")
                process = self._running[name] = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
                measuring.enter_context(benchmarked(plan.store, step, key, process.pid))
            try:
                code = process.wait()
            finally:
                del self._running[name]
            if code:
                raise EarmarkError(f"{step}: {_last_words(log)} (exit {code}; whole output: {log})")


def _last_words(log: Path) -> str:
    lines = [line.rstrip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return "\n".join(lines[-TOLD:]).removeprefix("earmark: ") or "no output"
