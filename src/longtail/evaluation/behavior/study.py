"""`behave`: churn and responsiveness of one recommender, from the same fits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from longtail.algorithms.base import Recommender, whole
from longtail.data.interactions import Interactions
from longtail.evaluation.behavior.churn import Churn, churned
from longtail.evaluation.behavior.probes import Probes
from longtail.evaluation.behavior.responsiveness import Responsiveness, respond

__all__ = ["Behavior", "behave"]


@dataclass(frozen=True, eq=False)
class Behavior:
    """How a recommender's lists change, and how soon.

    Attributes:
        algorithm: name or spec.
        churn: how much lists change, by cause.
        responsiveness: what a new rating does, by way.
    """

    algorithm: str
    churn: Churn
    responsiveness: Responsiveness

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "algorithm": self.algorithm,
            "n": self.churn.n,
            "changes": [change.to_dict() for change in self.churn.changes],
            "ways": [response.to_dict() for response in self.responsiveness.responses],
        }

    def to_json(self) -> str:
        """Everything, as JSON."""
        return json.dumps(self.to_dict())


def behave(
    model: Recommender,
    data: Interactions,
    *,
    n: int = 10,
    users: int = 200,
    probes: int = 30,
    retrains: int = 3,
    days: float = 1.0,
    seed: int = 0,
) -> Behavior:
    """`churn` and `responsiveness` together: 4 + `retrains` fits. Arguments and errors as theirs.

    Examples:
        >>> import longtail as lt
        >>> from longtail.data.synthetic import synthetic
        >>> found = behave(lt.make("popular"), synthetic(users=60, items=40, ratings=900), probes=4, retrains=1)
        >>> len(found.churn.changes), len(found.responsiveness.responses)
        (7, 3)
    """
    chosen = Probes.of(data, probes, seed=seed)
    fitted = whole(model.clone().fit(chosen.base))
    answers = respond(fitted, chosen, n=n, retrains=retrains)
    return Behavior(answers.algorithm, churned(fitted, chosen, answers, users=users, days=days, seed=seed), answers)
