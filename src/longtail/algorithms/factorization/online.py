"""Learning online: the vectors a new rating touches are solved anew, the others stay."""

from __future__ import annotations

from abc import ABC

import numpy as np
from scipy import sparse

from longtail.algorithms.factorization.factor_model import LEAST_RIDGE, FactorModel
from longtail.algorithms.powers import LearnsOnline
from longtail.kernels.least_squares import solve_rows
from longtail.types import FloatArray, IntArray

__all__ = ["LearnsItemsOnline", "LearnsUsersOnline"]


class LearnsUsersOnline(FactorModel, LearnsOnline, ABC):
    """A factor model that folds a user in anew with each rating, all their ratings counting, the items fixed.

    A refit would move the items and the mean too, and give an item its first vector.
    """

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        touched = np.unique(users)
        self.user_vectors_ = self.user_vectors_.copy()
        self.user_vectors_[touched] = self._score_histories(self.histories_[touched]).left


class LearnsItemsOnline(LearnsUsersOnline, ABC):
    """A factor model that solves the users, then the items, a rating touches (after Rendle and Schmidt-Thieme 2008).

    The items are solved as the users are: a ridge regression on all their ratings, the users fixed. An item nobody had
    rated gets its first vector so. A refit would move all the other vectors and the mean too.
    """

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        super()._learn(users, items, values)
        touched = np.unique(items)
        solved = self._solve_items(self.histories_.T.tocsr()[touched])
        self.item_vectors_, self.item_bias_ = self.item_vectors_.copy(), self.item_bias_.copy()
        self.item_vectors_[touched, :-1] = solved[:, :-1]
        self.item_bias_[touched] = solved[:, -1]
        self.item_known_ = np.bincount(self.histories_.indices, minlength=len(self.item_bias_)) > 0

    def _solve_items(self, rows: sparse.csr_array) -> FloatArray:
        """[q_i, b_i] of items, (n, factors + 1), given the rows (n, n_users) of their ratings."""
        vectors, offset = self.user_vectors_.copy(), self.user_vectors_[:, -1].astype(np.float64)
        vectors[:, -1] = self.biased
        once = np.broadcast_to(self._ridge(0), vectors.shape[1])
        each = np.broadcast_to(self._ridge(1), vectors.shape[1]) - once
        return solve_rows(rows, offset, vectors, ridge=each, prior=np.diag(np.maximum(once, LEAST_RIDGE)))
