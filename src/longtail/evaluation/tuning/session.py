"""A run of trials: settings are asked for, handed to workers, given up where hopeless, and told to the study."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from longtail import params
from longtail.algorithms.base import Recommender
from longtail.errors import ConfigError
from longtail.evaluation.tuning.examination import FoldScore
from longtail.evaluation.tuning.space import Space
from longtail.evaluation.tuning.study import distribution
from longtail.evaluation.tuning.trials import INTERRUPTED, State, Trial, mean_value, plain
from longtail.evaluation.tuning.workers import Answer, Worker, first_ready
from longtail.extras import require

__all__ = ["Prune", "Session"]

Prune = float | str | None
"""A margin, "median", or None to run every trial on every split."""


@dataclass
class _Candidate:
    """A setting on its way through the splits."""

    asked: Any
    model: Recommender
    origin: str
    folds: list[FoldScore] = field(default_factory=list)


class Session:
    """One run of a study.

    Args:
        study: Optuna's.
        base: the recommender whose parameters a trial has where nothing else is said.
        space: the searched parameters.
        plan: settings to try first (or, with `only_plan`, at all), each with its origin.
        n_splits: how many splits a complete trial runs.
        higher: whether higher values are better.
        prune: when to give a trial up.
        finished: called with each trial that is over.
    """

    def __init__(
        self,
        study: Any,
        base: Recommender,
        space: Space,
        plan: Sequence[tuple[str, Mapping[str, Any]]],
        *,
        only_plan: bool,
        n_splits: int,
        higher: bool,
        prune: Prune,
        finished: Callable[[Trial, Trial | None], None],
    ) -> None:
        self._optuna = require("optuna", extra="tune")
        self._study, self._base, self._space = study, base, space
        self._plan, self._only_plan = list(plan), only_plan
        self._n_splits, self._sign, self._prune = n_splits, 1 if higher else -1, prune
        self._finished = finished
        self._running: dict[Worker, _Candidate] = {}
        kept = [one for one in study.get_trials(deepcopy=False) if one.state.is_finished()]
        self.trials = [Trial.of(one, plain(params.values(base))) for one in kept]

    @property
    def best(self) -> Trial | None:
        """The best complete trial so far; of equals, the first."""
        complete = [trial for trial in self.trials if trial.value is not None]
        return max(complete, key=lambda trial: (self._sign * _number(trial.value), -trial.number), default=None)

    def run(self, crew: list[Worker], wanted: int, deadline: float) -> bool:
        """Run trials until there are `wanted`, or the clock passes the deadline; whether it was interrupted."""
        idle = list(crew)
        try:
            while True:
                while idle and self._more(wanted, deadline):
                    self._begin(idle)
                if not self._running:
                    return False
                worker = first_ready(list(self._running))
                if self._goes_on(self._running[worker], worker.answer(), deadline):
                    worker.go_on()
                else:
                    del self._running[worker]
                    idle.append(worker)
        except KeyboardInterrupt:
            return True
        finally:
            for candidate in self._running.values():
                self._end(candidate, "failed", INTERRUPTED)

    def _more(self, wanted: int, deadline: float) -> bool:
        if time.perf_counter() >= deadline and (self.trials or self._running):  # one there will be
            return False
        counted = sum(trial.error != INTERRUPTED for trial in self.trials) + len(self._running)
        return bool(self._plan) if self._only_plan else counted < wanted

    def _begin(self, idle: list[Worker]) -> None:
        origin, setting = self._plan.pop(0) if self._plan else ("search", None)
        asked = self._ask(setting)
        chosen = {name: self._space[name].value(drawn) for name, drawn in asked.params.items()}
        if (
            setting is not None
        ):  # what the space does not hold, such as a default outside its range, counts all the same
            chosen = dict(setting)
        asked.set_user_attr("origin", origin)
        asked.set_user_attr("parameters", {**plain(params.values(self._base)), **chosen})
        candidate = _Candidate(asked, self._base, origin)
        try:
            candidate.model = self._base.clone(**chosen)
        except ConfigError as error:  # parameters that do not go together
            self._end(candidate, "failed", str(error))
            return
        known = self._known(chosen) if origin == "search" else None
        if known is not None:  # drawn before: nothing new would come of fitting it again
            candidate.folds = [dataclasses.replace(score, wall=0.0, cpu=0.0) for score in known.folds]
            self._end(candidate, known.state)
            return
        worker = idle.pop()
        self._running[worker] = candidate
        worker.begin(candidate.model)

    def _known(self, chosen: Mapping[str, Any]) -> Trial | None:
        through = (trial for trial in self.trials if trial.state != "failed")
        return next((one for one in through if all(one.parameters[name] == chosen[name] for name in chosen)), None)

    def _ask(self, setting: Mapping[str, Any] | None) -> Any:
        if setting is None:
            return self._study.ask({name: distribution(entry) for name, entry in self._space.items()})
        inside = {name: entry for name, entry in self._space.items() if entry.contains(setting.get(name))}
        self._study.enqueue_trial({name: setting[name] for name in inside})
        return self._study.ask({name: distribution(entry) for name, entry in inside.items()})

    def _goes_on(self, candidate: _Candidate, answer: Answer, deadline: float) -> bool:
        """Take in an answer; whether the candidate deserves another split."""
        if isinstance(answer, str):
            self._end(candidate, "failed", answer)
        elif not math.isfinite(answer.value):
            self._end(candidate, "failed", "the metric is not a finite number")
        else:
            candidate.folds.append(answer)
            candidate.asked.report(mean_value(candidate.folds), len(candidate.folds) - 1)
            if len(candidate.folds) == self._n_splits:
                self._end(candidate, "complete")
            elif self._is_hopeless(candidate):
                self._end(candidate, "pruned")
            elif time.perf_counter() >= deadline and candidate.origin != "defaults":  # all are compared with those
                self._end(candidate, "failed", "the time limit came before its last split")
            else:
                return True
        return False

    def _is_hopeless(self, candidate: _Candidate) -> bool:
        """Whether it lags on the splits it ran; the others are judged on the very same splits."""
        if self._prune is None or candidate.origin != "search":
            return False
        done = len(candidate.folds)
        if self._prune == "median":
            return bool(candidate.asked.should_prune())
        best = self.best
        if best is None:
            return False
        lag = self._sign * (mean_value(best.folds[:done]) - mean_value(candidate.folds))
        return lag > float(self._prune)

    def _end(self, candidate: _Candidate, state: State, error: str = "") -> None:
        states = self._optuna.trial.TrialState
        asked = candidate.asked
        asked.set_user_attr("folds", [dataclasses.asdict(score) for score in candidate.folds])
        value = None
        if state == "complete":
            value = mean_value(candidate.folds)
            self._study.tell(asked, value)
        else:
            if state == "failed":
                asked.set_user_attr("error", error)
            self._study.tell(asked, state=states.PRUNED if state == "pruned" else states.FAIL)
        parameters = asked.user_attrs["parameters"]
        trial = Trial(asked.number, state, candidate.origin, parameters, candidate.folds, value, error)
        self.trials.append(trial)
        self._finished(trial, self.best)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
