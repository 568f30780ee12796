"""What rankers share whose scores are a history times a matrix of items x items: EASE, SLIM, random walks."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.powers import Explains, LearnsOnline, SimilarItems
from longtail.algorithms.ranker import Ranker
from longtail.kernels.products import times_dense, times_sparse
from longtail.types import FloatArray, IntArray, RealArray

__all__ = ["ItemWeights"]


class ItemWeights(Ranker, SimilarItems, Explains, LearnsOnline, ABC):
    """A ranker that learns how much each item speaks for each other one: score of j = sum over i of x_i B_ij.

    x is the history of preferences, so a stranger is answered as if known, a score splits exactly into one part for
    each item of the history (the reasons), and a new rating counts at once. B itself stays as it was fitted: what
    `learn` is told changes the lists of that person, and nobody else's.

    "More like item i" are the items that it speaks for, by row i of B: what someone who met nothing else would get.

    Attributes:
        weights_: (n_items, n_items) B, float32, its diagonal zero. Dense, or a CSR array: then an item that nothing in
            the history speaks for or against is not listed.
    """

    fold_in: ClassVar[FoldIn] = "exact"

    weights_: FloatArray | sparse.csr_array

    def _inputs(self, weights: sparse.csr_array) -> sparse.csr_array:
        """x, made of preferences: these themselves, unless an algorithm states otherwise."""
        return weights

    def _score_preferences(self, weights: sparse.csr_array) -> FloatArray:
        x = self._inputs(weights)
        return times_sparse(x, self.weights_) if sparse.issparse(self.weights_) else times_dense(x, self.weights_)

    def _item_similarities(self, items: IntArray) -> FloatArray:
        rows = _dense(self.weights_[items])
        return np.where(rows > 0, rows, np.float32(-np.inf))

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        x = self._inputs(self._preferences(history))
        return x.indices, x.data * _dense(self.weights_[x.indices][:, [item]])[:, 0].astype(np.float64)

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        """Nothing: the histories hold them already, and the scores are linear in those."""


def _dense(part: FloatArray | sparse.csr_array) -> FloatArray:
    dense: FloatArray = part.toarray() if isinstance(part, sparse.csr_array) else part
    return dense
