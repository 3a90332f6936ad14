"""The trials of a search: proposed by Optuna, kept in a database that outlives a kill. The only module that imports it.

What is proposed as trial ``n`` depends on the seed, on ``n`` and on what the trials before it reached, and not on how
often the search was interrupted; with several trainings at a time it depends on which of them ends first, too.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

from earmark.config import Params
from earmark.digest import canonical
from earmark.space import Range, SearchParams, Values

State = Literal["finished", "pruned", "failed", "refused", "repeated", "running"]

DIGITS = 3
"""Significant digits of a number between the ends of a range: enough to tell models apart, and to read."""

SPARED = (4, 2)
"""No training is pruned before so many are finished, nor before this epoch."""


@dataclass(frozen=True)
class Proposal:
    """A trial to be run: its number and what it changes of the study's params, by dotted name."""

    number: int
    overrides: dict[str, Any]
    trial: optuna.Trial


@dataclass(frozen=True)
class Record:
    """What is known of a trial: ``value`` is the searched figure of a finished one, ``facts`` what was told of it."""

    number: int
    state: State
    value: float | None
    overrides: dict[str, Any]
    facts: dict[str, Any]
    seconds: float | None


class Trials:
    """All trials of one search in a database; used by one process at a time."""

    def __init__(self, database: Path, settings: SearchParams) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        database.parent.mkdir(parents=True, exist_ok=True)
        self._settings = settings
        self._study = optuna.create_study(
            study_name="search",
            storage=f"sqlite:///{database.resolve()}",
            direction="minimize" if settings.metric == "loss" else "maximize",
            pruner=_pruner(settings),
            load_if_exists=True,
        )

    def begin_with(self, params: Params) -> None:
        """Let the first trial be the study as it stands, if that lies in the space."""
        present = {name: _stored(params, name, values) for name, values in self._settings.tried.items()}
        if not self._study.trials and None not in present.values():
            self._study.enqueue_trial(present)

    def retry_failed(self) -> set[int]:
        """Propose again what failed and was not tried since, for the disk may have been full; returns its numbers."""
        failed = [trial for trial in self._latest().values() if _state(trial) == "failed"]
        for trial in failed:
            self._study.enqueue_trial(trial.params)
        return {trial.number for trial in failed}

    def unfinished(self) -> list[Proposal]:
        """The trials that a kill interrupted."""
        found = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return [self._proposal(optuna.Trial(self._study, trial._trial_id)) for trial in found]

    def propose(self) -> Proposal:
        """The next trial."""
        self._study.sampler = optuna.samplers.TPESampler(seed=self._settings.seed + len(self._study.trials))
        return self._proposal(self._study.ask())

    def _proposal(self, trial: optuna.Trial) -> Proposal:
        overrides = {name: _suggested(trial, name, values) for name, values in self._settings.tried.items()}
        trial.set_user_attr("overrides", overrides)
        return Proposal(trial.number, overrides, trial)

    def note(self, proposal: Proposal, facts: Mapping[str, Any]) -> None:
        """Remember JSON-serialisable facts about a trial that has not ended."""
        for name, value in facts.items():
            proposal.trial.set_user_attr(name, value)

    def finish(self, proposal: Proposal, value: float) -> None:
        """The trial reached ``value``."""
        self._study.tell(proposal.trial, value)

    def give_up(self, proposal: Proposal, state: State, reason: str) -> None:
        """The trial ends without a value: pruned, failed, refused by the params, or repeated an earlier one."""
        self.note(proposal, {"state": state, "reason": reason})
        counted = state in ("pruned", "refused")  # the sampler keeps away from these, and forgets the others
        self._study.tell(proposal.trial, state=TrialState.PRUNED if counted else TrialState.FAIL)

    def report(self, proposal: Proposal, curve: Mapping[int, float]) -> None:
        """Validation figures by epoch, of which some may have been reported before."""
        known = self._study._storage.get_trial(proposal.trial._trial_id).intermediate_values
        for epoch in sorted(curve.keys() - known.keys()):
            proposal.trial.report(curve[epoch], epoch)

    def is_hopeless(self, proposal: Proposal) -> bool:
        """Whether the trial is worse than half of the earlier ones were at its last epoch."""
        return bool(proposal.trial.should_prune())

    def records(self) -> list[Record]:
        """Every trial but repetitions and failures that were tried again, by number."""
        latest = {trial.number for trial in self._latest().values()}
        found = [_record(trial) for trial in self._own()]
        return [record for record in found if record.state != "failed" or record.number in latest]

    def _own(self) -> list[FrozenTrial]:
        """Trials that began and did not repeat another."""
        return [trial for trial in self._study.trials if trial.params and _state(trial) != "repeated"]

    def _latest(self) -> dict[str, FrozenTrial]:
        """The last trial of each set of params."""
        return {canonical(trial.params): trial for trial in self._own()}

    def best(self) -> Record | None:
        """The finished trial with the best value, the first of equals."""
        finished = [record for record in self.records() if record.value is not None]
        sign = 1 if self._settings.metric == "loss" else -1
        return min(finished, key=lambda r: (sign * (r.value or 0.0), r.number), default=None)

    def importance(self) -> dict[str, float]:
        """Share of each param in being among the better trials (PED-ANOVA); empty where too few tell."""
        finished = {record.value for record in self.records() if record.value is not None}
        if len(finished) < 2 or len(self._settings.tried) < 2:
            return {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return {name: float(x) for name, x in optuna.importance.get_param_importances(self._study).items()}
            except (RuntimeError, ValueError):  # all values the same, or each trial of other params
                return {}


def _pruner(settings: SearchParams) -> optuna.pruners.BasePruner:
    if settings.pruning == "none":
        return optuna.pruners.NopPruner()
    return optuna.pruners.MedianPruner(*SPARED)


def _suggested(trial: optuna.Trial, name: str, values: Values) -> Any:
    """The trial's value of a param; the database keeps choices as canonical JSON."""
    if not isinstance(values, Range):
        names = [canonical(value) for value in values]
        return values[names.index(trial.suggest_categorical(name, names))]
    if values.int:
        return trial.suggest_int(name, round(values.low), round(values.high), log=values.log)
    number = float(f"{trial.suggest_float(name, values.low, values.high, log=values.log):.{DIGITS}g}")
    return min(max(number, values.low), values.high)


def _stored(params: Params, name: str, values: Values) -> Any:
    """The study's own value of a param as the database keeps it; None if it is not in the space."""
    present: Any = params.plain()
    for part in name.split("."):
        present = present.get(part) if isinstance(present, Mapping) else None
    if isinstance(values, Range):
        return present if values.fits(present) else None
    return next((canonical(value) for value in values if _says(present, value)), None)


def _says(present: Any, choice: Any) -> bool:
    """Whether a choice changes nothing: it is what there is, or a part of it."""
    if isinstance(choice, Mapping) and isinstance(present, Mapping):
        return all(name in present and _says(present[name], value) for name, value in choice.items())
    return bool(present == choice)


def _state(trial: FrozenTrial) -> State:
    if trial.state == TrialState.COMPLETE:
        return "finished"
    told: State | None = trial.user_attrs.get("state")
    return told or ("running" if not trial.state.is_finished() else "failed")


def _record(trial: FrozenTrial) -> Record:
    facts = {name: value for name, value in trial.user_attrs.items() if name not in ("state", "overrides")}
    seconds = trial.duration.total_seconds() if trial.duration else None
    value = trial.value if trial.state == TrialState.COMPLETE else None
    return Record(trial.number, _state(trial), value, trial.user_attrs.get("overrides", {}), facts, seconds)
