"""AR: association rules of size two, what comes together in a session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.sequence.rules import ItemRules

__all__ = ["AssociationRules"]


@dataclass(kw_only=True)
class AssociationRules(ItemRules):
    """Who met this also met that.

    A rule from i to j holds as often as an event of i and another event of j stand in one session, and the last item i
    of the history gives the scores. With c_si how often item i stands in session s,

        n_ij = sum over sessions s of c_si c_sj,    n_ii = sum over sessions s of c_si (c_si - 1)
        score of j = n_ij / sum over k of n_ik

    Order makes no difference to the rules, only to which item is the last.

    Source: Ludewig and Jannach, *Evaluation of session-based recommendation algorithms*, 2018, on AR.

    Attributes:
        preference: see `Sequential`.
        kept: see `ItemRules`.
        rules_: see `ItemRules`.

    Examples:
        >>> import longtail as lt
        >>> rows = {"session": [1, 1, 2, 2, 2, 3, 3], "item": [5, 6, 5, 6, 7, 5, 7]}
        >>> model = AssociationRules().fit(lt.Interactions.from_frame(rows, duplicates="keep"))
        >>> model.recommend_for([[7, 5], [5, 6, 7]], n=2, exclude="none").of(0)
        [6, 7]
        >>> model.recommend_for([[6]], n=2).of(0)
        [5, 7]
    """

    def _counted(self, sequences: sparse.csr_array) -> sparse.csr_array:
        counts = sequences.copy()
        counts.sum_duplicates()
        together = sparse.csr_array(counts.T @ counts)
        return together - sparse.diags_array(counts.sum(axis=0), format="csr", dtype=np.float32)
