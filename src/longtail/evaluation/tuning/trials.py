"""One trial: a setting, its scores, and what became of it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from longtail.evaluation.tuning.examination import FoldScore

__all__ = ["INTERRUPTED", "State", "Trial", "mean_value", "plain"]

State = Literal["complete", "pruned", "failed"]
INTERRUPTED = "interrupted"
"""The error of a trial that a Ctrl-C or a kill cut short; it does not count, and is run again."""


@dataclass(frozen=True)
class Trial:
    """One setting that was tried.

    Attributes:
        number: from 0, in the order begun.
        state: "complete", "pruned" (given up after some of the splits) or "failed".
        origin: "defaults", "search" or "grid".
        parameters: every hyperparameter, searched or not.
        folds: the scores on the splits it ran.
        value: the mean of the scores; None unless complete.
        error: why it failed, in one line.
    """

    number: int
    state: State
    origin: str
    parameters: Mapping[str, Any]
    folds: Sequence[FoldScore] = field(default_factory=list)
    value: float | None = None
    error: str = ""

    @property
    def wall(self) -> float:
        """Seconds on the clock, fitting and scoring."""
        return math.fsum(score.wall for score in self.folds)

    @property
    def cpu(self) -> float:
        """Processor seconds, fitting and scoring."""
        return math.fsum(score.cpu for score in self.folds)

    @property
    def sums(self) -> list[tuple[Sequence[float], Sequence[float]]]:
        """Sums and counts by group of users, for each split."""
        return [(score.sums, score.counts) for score in self.folds]

    @classmethod
    def of(cls, found: Any, usual: Mapping[str, Any]) -> Trial:
        """A trial as Optuna keeps it; what a killed one had not yet drawn is as `usual`."""
        kept, state = found.user_attrs, found.state.name
        return cls(
            number=found.number,
            state={"COMPLETE": "complete", "PRUNED": "pruned"}.get(state, "failed"),  # type: ignore[arg-type]
            origin=kept.get("origin", "search"),
            parameters={**usual, **kept.get("parameters", found.params)},
            folds=[FoldScore(**score) for score in kept.get("folds", [])],
            value=found.value if state == "COMPLETE" else None,
            error=kept.get("error", INTERRUPTED) if state == "FAIL" else "",
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain values: the scores, without their groups."""
        plain = {entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self)}
        return plain | {"folds": [score.value for score in self.folds], "seconds": self.wall, "cpu_seconds": self.cpu}


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Hyperparameters as JSON has them; what it cannot hold, by its repr.

    Examples:
        >>> plain({"factors": 8, "members": ("svd", "bias")})
        {'factors': 8, 'members': ['svd', 'bias']}
    """
    found: dict[str, Any] = json.loads(json.dumps(dict(values), default=repr))
    return found


def mean_value(folds: Sequence[FoldScore]) -> float:
    """The mean of the scores so far."""
    return math.fsum(score.value for score in folds) / len(folds)
