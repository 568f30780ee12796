"""SR: sequential rules, what comes after an item in a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.sequence.rules import ItemRules, followers
from longtail.params import hyper

__all__ = ["SequentialRules"]


@dataclass(kw_only=True)
class SequentialRules(ItemRules):
    """Who met this went on to that.

    A rule from i to j holds as often as j comes after i in a session, and the less the more steps d lie between
    them:

        n_ij = sum over sessions, over events of i and later ones of j, of w(d)
        score of j = n_ij / sum over k of n_ik

    where i is the last item of the history.

    Source: Ludewig and Jannach, *Evaluation of session-based recommendation algorithms*, 2018, on SR.

    Attributes:
        preference: see `Sequential`.
        kept: see `ItemRules`.
        steps: rules reach so many events ahead.
        weighting: w(d) = 1 ("same"), 1 - d/10 and at least 0 ("linear"), 1/d ("reciprocal", the paper's) or 1/d^2
            ("quadratic").
        rules_: see `ItemRules`.

    Examples:
        >>> import longtail as lt
        >>> rows = {"session": [1, 1, 1, 2, 2], "item": [5, 6, 7, 6, 5]}
        >>> model = SequentialRules().fit(lt.Interactions.from_frame(rows, duplicates="keep"))
        >>> model.recommend_for([[5]], n=2).of(0)
        [6, 7]
    """

    steps: int = hyper(20, at_least=1, search=(1, 30))
    weighting: Literal["same", "linear", "reciprocal", "quadratic"] = "quadratic"

    def _counted(self, sequences: sparse.csr_array) -> sparse.csr_array:
        d = np.arange(1, self.steps + 1, dtype=np.float64)
        weights = {"same": d**0, "linear": np.maximum(1 - d / 10, 0), "reciprocal": 1 / d, "quadratic": 1 / d**2}
        return followers(sequences, weights[self.weighting])
