"""Markov: the item that came next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.sequence.rules import ItemRules, followers

__all__ = ["Markov"]


@dataclass(kw_only=True)
class Markov(ItemRules):
    """A chain of first order: the next item depends on the last one only.

    With n_ij the number of times j came directly after i, its probability is estimated by the share

        score of j = p(j | i) = n_ij / sum over k of n_ik

    where i is the last item of the history. It is the method of `SequentialRules` with a single step.

    Source: Ludewig and Jannach, *Evaluation of session-based recommendation algorithms*, 2018, on MC.

    Attributes:
        preference: see `Sequential`.
        kept: see `ItemRules`.
        rules_: see `ItemRules`.

    Examples:
        >>> import longtail as lt
        >>> rows = {"session": [1, 1, 1, 2, 2, 3, 3], "item": [5, 6, 7, 5, 6, 5, 7]}
        >>> model = Markov().fit(lt.Interactions.from_frame(rows, duplicates="keep"))
        >>> model.recommend_for([[5]], n=2).of(0)
        [6, 7]
    """

    def _counted(self, sequences: sparse.csr_array) -> sparse.csr_array:
        return followers(sequences, np.ones(1))
