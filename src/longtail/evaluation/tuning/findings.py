"""What a study found: the trials, the best one, and how much better it is than the current parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from longtail import params
from longtail.algorithms.base import Recommender
from longtail.evaluation.leakage.seen import Seen, mark
from longtail.evaluation.metrics.value import MetricInfo
from longtail.evaluation.tuning.space import Space
from longtail.evaluation.tuning.trials import INTERRUPTED, Trial
from longtail.evaluation.tuning.uncertainty import paired_difference

__all__ = ["Findings"]


@dataclass(frozen=True)
class Findings:
    """What a study found.

    Attributes:
        algorithm: its registered name.
        name: what the data are called.
        metric: what was tuned for.
        facts: data, validation, search space: what makes two studies comparable.
        space: the searched parameters.
        fixed: parameters that were not searched because somebody said so.
        sampler: "tpe", "random" or "grid".
        trials: every trial that is over, by number.
        importances: how much of the differences each parameter explains (0 to 1); empty for fewer than ten trials.
        interrupted: whether Ctrl-C ended the run.
        seconds: on the clock, this run.
        study: the file the study is kept in.
        base: the recommender the search began from.
        seen: the rows that the search saw, which its recommenders are marked with; None where nobody said.
    """

    algorithm: str
    name: str
    metric: MetricInfo
    facts: Mapping[str, Any]
    space: Space
    fixed: Mapping[str, Any]
    sampler: str
    trials: list[Trial]
    importances: Mapping[str, float]
    interrupted: bool
    seconds: float
    study: str | None
    base: Recommender = field(repr=False)
    seen: Seen | None = field(default=None, repr=False)

    @property
    def ranked(self) -> list[Trial]:
        """The complete trials, best first; of equals, the earlier."""
        sign = -1 if self.metric.higher_is_better else 1
        complete = [trial for trial in self.trials if trial.value is not None]
        return sorted(complete, key=lambda trial: (sign * (trial.value or 0.0), trial.number))

    @property
    def best(self) -> Trial | None:
        """The best complete trial."""
        return next(iter(self.ranked), None)

    @property
    def defaults(self) -> Trial | None:
        """The trial of the parameters the search began from; None where it did not come through."""
        return next((trial for trial in self.ranked if trial.origin == "defaults"), None)

    @property
    def parameters(self) -> dict[str, Any]:
        """Every hyperparameter of the best trial; those the search began from where there is none."""
        return params.values(self.model())

    @property
    def searched(self) -> list[str]:
        """The searched parameters."""
        return list(self.space)

    @property
    def difference(self) -> tuple[float, float] | None:
        """Best minus defaults on the same splits, and its standard error; None where either is missing."""
        if self.best is None or self.defaults is None:
            return None
        return paired_difference(self.metric.name, self.best.sums, self.defaults.sums)

    def model(self) -> Recommender:
        """An unfitted recommender with the best parameters, marked with the rows that were seen to find them."""
        made = self.base.clone(**({name: self.best.parameters[name] for name in self.space} if self.best else {}))
        return mark(made, self.seen)

    def count(self, state: str) -> int:
        """How many trials are "complete", "pruned" or "failed"; interrupted ones are no failures."""
        return sum(trial.state == state and trial.error != INTERRUPTED for trial in self.trials)

    def to_frame(self) -> pl.DataFrame:
        """A row a trial: number, state, origin, value, seconds and the searched parameters."""
        return pl.DataFrame(
            [
                {
                    "number": trial.number,
                    "state": trial.state,
                    "origin": trial.origin,
                    self.metric.name: trial.value,
                    "seconds": trial.wall,
                    **{name: trial.parameters[name] for name in self.searched},
                }
                for trial in self.trials
            ],
            infer_schema_length=None,
            strict=False,
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain values."""
        difference = self.difference
        return {
            "algorithm": self.algorithm,
            "name": self.name,
            "metric": self.metric.name,
            "higher_is_better": self.metric.higher_is_better,
            **{key: value for key, value in self.facts.items() if key not in ("algorithm", "metric")},
            "fixed": dict(self.fixed),
            "sampler": self.sampler,
            "study": self.study,
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
            "best": self.best.to_dict() if self.best else None,
            "defaults": self.defaults.to_dict() if self.defaults else None,
            "difference": difference and {"value": difference[0], "standard_error": _finite(difference[1])},
            "importances": dict(self.importances),
            "seen": self.seen and self.seen.to_dict(),
            "trials": [trial.to_dict() for trial in self.trials],
        }


def _finite(value: float) -> float | None:
    return value if value == value else None
