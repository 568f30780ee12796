"""What rules share that say of one item which other one comes with it or after it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn, Scores
from longtail.algorithms.histories import best_rated, row_numbers
from longtail.algorithms.powers import Explains, LearnsOnline, SimilarItems
from longtail.algorithms.sequential import Sequential, last_events, nothing_found
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.params import hyper
from longtail.types import BoolArray, FloatArray, IntArray, RealArray

__all__ = ["ItemRules", "followers"]


@dataclass(kw_only=True)
class ItemRules(Sequential, SimilarItems, Explains, LearnsOnline, ABC):
    """Scores by the rules of the last item alone: score of j = how often j came with it, of all that did.

    "More like item i" are the items its rules name. What is learned online is the last event of that person, and the
    rules stay as they were fitted. Where the last item has no rules, everyone gets what is popular.

    Attributes:
        preference: see `Sequential`.
        kept: rules kept of each item, the strongest; of equally strong ones those of items met first in the data.
        rules_: (n_items, n_items) CSR, float32, the share of each item j in what comes with i; on the diagonal, that of
            i itself.
    """

    fold_in: ClassVar[FoldIn] = "exact"

    kept: int = hyper(20, at_least=1, search=(10, 500), log=True)

    @abstractmethod
    def _counted(self, sequences: sparse.csr_array) -> sparse.csr_array:
        """(n_items, n_items) how much speaks for a rule from row to column, from sequences (n_users, n_items)."""

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        counts = self._counted(weights)
        counts.eliminate_zeros()
        whole = np.maximum(counts.sum(axis=1), np.finfo(np.float32).tiny)
        best = best_rated(counts, self.kept, highest=1.0)
        best.data = (best.data / np.repeat(whole, np.diff(best.indptr))).astype(np.float32)
        self.rules_ = best

    def _score_preferences(self, weights: sparse.csr_array) -> FloatArray:
        scores = np.zeros(weights.shape, dtype=np.float32)
        rows, items = last_events(weights)
        scores[rows] = self.rules_[items].toarray()
        return scores

    def _without_answer(self, histories: sparse.csr_array, scores: Scores) -> BoolArray:
        return nothing_found(scores)

    def _item_similarities(self, items: IntArray) -> FloatArray:
        rows = self.rules_[items].toarray()
        return np.where(rows > 0, rows, np.float32(-np.inf))

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        """Nothing: the histories hold it already."""

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        _, last = last_events(self._preferences(history))
        return last, self.rules_[last][:, [item]].toarray()[:, 0].astype(np.float64)


def followers(sequences: sparse.csr_array, weights: RealArray) -> sparse.csr_array:
    """(n_items, n_items) float64 how often column comes after row, an event d steps later counting `weights[d - 1]`.

    Examples:
        >>> rows = sparse.csr_array(([1.0, 1.0, 1.0], [1, 0, 1], [0, 3]), shape=(1, 2))
        >>> followers(rows, np.array([1.0, 0.5])).toarray().tolist()
        [[0.0, 1.0], [1.0, 0.5]]
    """
    n_items, items, of = sequences.shape[1], sequences.indices, row_numbers(sequences)
    found = sparse.csr_array((n_items, n_items), dtype=np.float64)
    for steps, weight in enumerate(weights.tolist(), start=1):
        same = of[steps:] == of[:-steps]
        if not same.any():
            break
        pairs = items[:-steps][same], items[steps:][same]
        found = found + sparse.coo_array((np.full(len(pairs[0]), weight), pairs), shape=found.shape).tocsr()
    return found
