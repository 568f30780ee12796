"""What a factorization machine answers once its parameters are drawn or solved for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.factorization.fm_fold_in import influences, solve_person
from longtail.algorithms.powers import Explains, PredictsRatings, SimilarItems
from longtail.kernels.parallel import run_rows, single_blas
from longtail.kernels.topk import LowRank
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, LongArray, RealArray

__all__ = ["FactorizationMachine"]

PAIRS_TILE = 1024
PEOPLE_TILE = 16


class FactorizationMachine(PredictsRatings, SimilarItems, Explains, ABC):
    """Ratings as the mean over draws s of y = c_i + a_u + U_u . J_i, which is one inner product of long vectors.

    J_i is the sum of v_j x_j over the features of the item, c_i what these add by themselves, and w_0; U_u and a_u are
    the same of the user. A period t of the user's adds c_t + J_t . (U_u + J_i).

    In the arrays below, a *row* is (draws, factors + 1) float32: of each draw, what something adds by itself and then
    its sum of v_j x_j.

    Attributes:
        item_vectors_: (n_items, draws x (factors + 1) + 1) float32, the row of the item, flat, and a 1.
        user_vectors_: (n_users, draws x (factors + 1) + 1) float32, 1 and U_u of each draw, over the number of draws;
            then the mean of a_u.
        implicit_rows_: (n_items) rows of the parameters of the feature "has rated this"; none without such features.
        context_rows_: (n_periods) rows; none without a context.
        periods_: (n_periods,) int64, the user and period of each, ascending.
        precision_: (draws,) of the noise.
        prior_means_: (draws, factors + 1) of the weight and factors of a user's id.
        prior_precisions_: (draws, factors + 1), likewise; a part for each rating unless they were drawn.
        user_known_: (n_users,) bool, whether there are ratings or attributes.
        item_known_: (n_items,) bool, likewise; other items are never recommended.
    """

    fold_in: ClassVar[FoldIn] = "solved"

    item_vectors_: FloatArray
    user_vectors_: FloatArray
    implicit_rows_: FloatArray
    context_rows_: FloatArray
    periods_: LongArray
    precision_: FloatArray
    prior_means_: FloatArray
    prior_precisions_: FloatArray
    prior_per_rating_: bool
    user_known_: BoolArray
    item_known_: BoolArray

    # -- scores ------------------------------------------------------------------------------------------------------

    def _score_users(self, users: IntArray) -> LowRank:
        return self._scores(self.user_vectors_[users])

    def _score_histories(self, histories: sparse.csr_array) -> LowRank:
        return self._scores(self._solved(histories))

    def _scores(self, vectors: FloatArray) -> LowRank:
        return LowRank(vectors, self.item_vectors_, np.where(self.item_known_, np.float32(0.0), np.float32(-np.inf)))

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        return self._estimates(users, items, None)

    def _predict_at(self, users: IntArray, items: IntArray, times: LongArray) -> tuple[FloatArray, BoolArray]:
        return self._estimates(users, items, times)

    def _estimates(self, users: IntArray, items: IntArray, times: LongArray | None) -> tuple[FloatArray, BoolArray]:
        estimates = np.empty(len(users), dtype=np.float32)
        periods = self._periods_of(users, times)

        def multiply(lo: int, hi: int) -> None:
            left, right = self.user_vectors_[users[lo:hi]], self.item_vectors_[items[lo:hi]]
            np.einsum("nf,nf->n", left, right, out=estimates[lo:hi])
            if periods is not None:
                estimates[lo:hi] += self._of_period(periods[lo:hi], left, right)

        run_rows(multiply, len(users), tile=PAIRS_TILE)
        impossible: BoolArray = ~(self.user_known_[users] | self.item_known_[items])
        estimates[impossible] = self.mean_
        return estimates, impossible

    # -- time --------------------------------------------------------------------------------------------------------

    @abstractmethod
    def _period(self, users: IntArray, times: LongArray | None) -> LongArray:
        """A number for every pair of a user and a period of time; asked only where there is a context."""

    def _periods_of(self, users: IntArray, times: LongArray | None) -> LongArray | None:
        """Index into `context_rows_` of each, -1 for a period without training rows."""
        if times is None or not len(self.context_rows_):
            return None
        wanted = self._period(users, times)
        place = np.minimum(np.searchsorted(self.periods_, wanted), len(self.periods_) - 1)
        return np.where(self.periods_[place] == wanted, place, -1)

    def _of_period(self, periods: LongArray, left: FloatArray, right: FloatArray) -> FloatArray:
        """(n,): what the periods add to the inner product of these user and item vectors."""
        draws, width = self.prior_means_.shape
        both = (left * np.float32(draws) + right)[:, :-1].reshape(-1, draws, width)
        both[:, :, 0] = 1.0
        added = np.einsum("nsf,nsf->n", self.context_rows_[periods], both) / np.float32(draws)
        return np.where(periods >= 0, added, np.float32(0.0)).astype(np.float32)

    # -- people ------------------------------------------------------------------------------------------------------

    def _solved(
        self, histories: sparse.csr_array, known: FloatArray | None = None, periods: LongArray | None = None
    ) -> FloatArray:
        """(n, draws x (factors + 1) + 1): vectors of people by their histories.

        Args:
            histories: (n, n_items).
            known: rows of what is known of them; by default what their histories imply.
            periods: index into `context_rows_` of each entry of the histories.
        """
        vectors = np.empty((histories.shape[0], self.item_vectors_.shape[1]), dtype=np.float32)

        def solve(lo: int, hi: int) -> None:
            for row in range(lo, hi):
                place = slice(histories.indptr[row], histories.indptr[row + 1])
                items, ratings = histories.indices[place], histories.data[place]
                own = self._implied(items) if known is None else known[row].astype(np.float64)
                vectors[row] = self._vector(items, ratings, own, None if periods is None else periods[place])

        with single_blas():
            run_rows(solve, len(vectors), tile=PEOPLE_TILE)
        return vectors

    def _implied(self, items: IntArray) -> RealArray:
        """The row (draws, factors + 1) of someone of whom only the rated items are known."""
        draws, width = self.prior_means_.shape
        if not len(items) or not len(self.implicit_rows_):
            return np.zeros((draws, width))
        parts = self.implicit_rows_[items] / np.sqrt(len(items))
        row: RealArray = parts.sum(axis=0, dtype=np.float64)
        row[:, 0] += 0.5 * (np.square(row[:, 1:]).sum(axis=1) - np.square(parts[:, :, 1:]).sum(axis=(0, 2)))
        return row

    def _vector(self, items: IntArray, ratings: FloatArray, known: RealArray, periods: LongArray | None) -> RealArray:
        draws, width = self.prior_means_.shape
        others = self.item_vectors_[items, :-1].reshape(-1, draws, width).astype(np.float64)
        if periods is not None:
            context = self.context_rows_[periods]
            others[:, :, 0] += np.einsum("nsf,nsf->ns", context[:, :, 1:], others[:, :, 1:])
            others += context
        others = others.transpose(1, 0, 2)
        residuals = ratings - others[:, :, 0] - known[:, :1]
        given = self.precision_, self.prior_means_, self._prior(len(items))
        sums, alone = solve_person(residuals, others[:, :, 1:], known[:, 1:], *given)
        return as_vector(np.concatenate([np.ones((draws, 1)), sums], axis=1), alone + known[:, 0])

    def _prior(self, n: int) -> FloatArray:
        """(draws, factors + 1): precisions of the prior of the id of someone with n ratings."""
        return self.prior_precisions_ * np.float32(n if self.prior_per_rating_ else 1)

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        """What each rating adds to the score, in the mean over the draws.

        Given a draw, the score is linear in the ratings. What the prior adds, and that an item was rated at all
        (`implicit`), is left out.
        """
        items: IntArray = history.indices
        if not len(items):
            return items, np.zeros(0)
        draws, width = self.prior_means_.shape
        rows = self.item_vectors_[:, :-1].reshape(-1, draws, width)
        others, known = rows[items].transpose(1, 0, 2).astype(np.float64), self._implied(items)
        sums = rows[item, :, 1:].astype(np.float64)
        moved = influences(others[:, :, 1:], known[:, 1:], self.precision_, self._prior(len(items)), sums)
        errors = history.data - others[:, :, 0] - known[:, :1]
        errors -= np.einsum("snf,sf->sn", others[:, :, 1:], known[:, 1:])
        weights: RealArray = (moved * errors).mean(axis=0)
        return items, weights

    # -- similar items -----------------------------------------------------------------------------------------------

    def _item_similarities(self, items: IntArray) -> LowRank:
        """Cosine of the sums J_i of all draws, one behind the other; NaN in the row of an item nothing is known of."""
        draws, width = self.prior_means_.shape
        sums = self.item_vectors_[:, :-1].reshape(-1, draws, width)[:, :, 1:].reshape(len(self.item_vectors_), -1)
        lengths = np.sqrt(np.einsum("if,if->i", sums, sums))[:, None]
        unit = np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 0)
        left = np.where(self.item_known_[items, None], unit[items], np.float32(np.nan))
        return LowRank(left, unit, np.where(self.item_known_, np.float32(0.0), np.float32(-np.inf)))


def as_vector(row: AnyArray, alone: AnyArray) -> RealArray:
    """Rows (..., draws, factors + 1) that begin with 1, and what is added by itself (..., draws), as vectors."""
    draws, width = row.shape[-2:]
    flat = row.reshape(*row.shape[:-2], draws * width) / draws
    return np.concatenate([flat, alone.mean(axis=-1, keepdims=True)], axis=-1)
