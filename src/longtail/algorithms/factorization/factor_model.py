"""What factor models share once their vectors are learned: scoring, fold-in, similar items and explanations."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.powers import Explains, PredictsRatings, SimilarItems
from longtail.data.interactions import Interactions
from longtail.kernels.parallel import run_rows, single_blas
from longtail.kernels.topk import LowRank
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, RealArray

__all__ = ["FactorModel", "mean_rating"]

PAIRS_TILE = 4096
PEOPLE_TILE = 16
LEAST_RIDGE = 1e-6


class FactorModel(PredictsRatings, SimilarItems, Explains, ABC):
    """Ratings as an inner product: r_ui = x_u . z_i + b_i, with x_u = [p_u, mu + b_u] and z_i = [q_i, 1].

    Known users keep the vectors they were trained with. Someone new, with the ratings r_j of the items j in N, gets
    x = s + [0, mu] + w, where s is what the model infers from N alone (`_implied`; nothing for SVD) and w solves the
    problem the training descends on, the items held fixed (a ridge regression; Zhou et al. 2008, section 3.1):

        (Z'Z + lambda |N| I) w = Z'e,   Z = rows z_j,   e_j = r_j - mu - b_j - z_j . s

    where lambda |N| is what `_ridge` says.

    That solution is linear in the ratings, so a score splits exactly into mu + b_i and one part for each rated item
    (Hu, Koren and Volinsky 2008, section 5): those parts are the reasons.

    Attributes:
        user_vectors_: (n_users, factors + 1) float32, x_u; p_u is zero and b_u is 0 without training rows.
        item_vectors_: (n_items, factors + 1) float32, z_i; the last column is 0 in a model without biases.
        item_bias_: (n_items,) float32, b_i.
        item_known_: (n_items,) bool, False where the training data have no row: such an item is never recommended.
        mean_: mu, the mean of the training ratings.
        level_: what a prediction starts from: mu, or 0 in a model without biases.
    """

    fold_in: ClassVar[FoldIn] = "solved"

    factors: int
    biased: bool = True

    def _learned(
        self,
        train: Interactions,
        user_vectors: FloatArray,
        item_vectors: FloatArray,
        user_bias: FloatArray,
        item_bias: FloatArray,
    ) -> None:
        """Keep what was learned; the vectors come with their padding and without their last column."""
        self.mean_ = mean_rating(train)
        self.level_ = self.mean_ if self.biased else 0.0
        start = user_bias[:, None] + np.float32(self.level_)
        ones = np.full((train.n_items, 1), self.biased, dtype=np.float32)
        self.user_vectors_ = np.concatenate([user_vectors[:, : self.factors], start], axis=1)
        self.item_vectors_ = np.concatenate([item_vectors[:, : self.factors], ones], axis=1)
        self.item_bias_ = item_bias
        self.item_known_ = train.item_counts > 0

    def _ridge(self, n: int) -> AnyArray | float:
        """What is added to the diagonal of Z'Z, (factors + 1,) or one for all, for someone new with n ratings."""
        return 0.0

    def _implied(self, items: IntArray) -> FloatArray:
        """(n, factors + 1): what each item of a history adds to the person's vector, whatever its rating."""
        return np.zeros((len(items), self.item_vectors_.shape[1]), dtype=np.float32)

    # -- scores ------------------------------------------------------------------------------------------------------

    def _score_users(self, users: IntArray) -> LowRank:
        return self._scores(self.user_vectors_[users])

    def _score_histories(self, histories: sparse.csr_array) -> LowRank:
        vectors = np.empty((histories.shape[0], self.item_vectors_.shape[1]), dtype=np.float32)

        def solve(lo: int, hi: int) -> None:
            for row in range(lo, hi):
                place = slice(histories.indptr[row], histories.indptr[row + 1])
                vectors[row] = self._solve(histories.indices[place], histories.data[place])

        with single_blas():
            run_rows(solve, len(vectors), tile=PEOPLE_TILE)
        return self._scores(vectors)

    def _rate_histories(self, histories: sparse.csr_array) -> FloatArray:
        scores = self._score_histories(histories)
        ratings = LowRank(scores.left, scores.right, self.item_bias_).dense()
        known = np.diff(histories.indptr) > 0
        ratings[~self._possible(known[:, None], self.item_known_)] = self.mean_
        return ratings

    def _possible(self, user_known: BoolArray, item_known: BoolArray) -> BoolArray:
        """Whether there is something to go by: with biases one of the two is enough, an inner product needs both."""
        return user_known | item_known if self.biased else user_known & item_known

    def _scores(self, vectors: FloatArray) -> LowRank:
        return LowRank(vectors, self.item_vectors_, np.where(self.item_known_, self.item_bias_, np.float32(-np.inf)))

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        estimates = np.empty(len(users), dtype=np.float32)

        def multiply(lo: int, hi: int) -> None:
            left, right = self.user_vectors_[users[lo:hi]], self.item_vectors_[items[lo:hi]]
            np.einsum("nf,nf->n", left, right, out=estimates[lo:hi])

        run_rows(multiply, len(users), tile=PAIRS_TILE)
        estimates += self.item_bias_[items]
        impossible = ~self._possible(np.diff(self.histories_.indptr)[users] > 0, self.item_known_[items])
        estimates[impossible] = self.mean_
        return estimates, impossible

    # -- fold-in -----------------------------------------------------------------------------------------------------

    def _solve(self, items: IntArray, ratings: FloatArray) -> RealArray:
        """The vector x (factors + 1,) of a person with these ratings."""
        Z = self.item_vectors_[items].astype(np.float64)
        implied = self._implied(items).sum(axis=0, dtype=np.float64)
        residuals = ratings - self.level_ - self.item_bias_[items] - Z @ implied
        x: RealArray = implied + np.linalg.solve(self._normal_matrix(Z), Z.T @ residuals)
        x[-1] += self.level_
        return x

    def _normal_matrix(self, Z: RealArray) -> RealArray:
        matrix: RealArray = Z.T @ Z
        matrix.flat[:: len(matrix) + 1] += np.maximum(self._ridge(len(Z)), LEAST_RIDGE)
        return matrix

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        items: IntArray = history.indices
        Z, target = self.item_vectors_[items].astype(np.float64), self.item_vectors_[item].astype(np.float64)
        influence = Z @ np.linalg.solve(self._normal_matrix(Z), target)
        weights = influence * (history.data - self.level_ - self.item_bias_[items])
        weights += self._implied(items) @ (target - influence @ Z)
        return items, weights

    # -- similar items -----------------------------------------------------------------------------------------------

    def _item_similarities(self, items: IntArray) -> LowRank:
        """Cosine of item vectors; NaN in the row of an item without training rows."""
        Q = self.item_vectors_[:, :-1]
        lengths = np.sqrt(np.einsum("if,if->i", Q, Q))[:, None]
        unit = np.divide(Q, lengths, out=np.zeros_like(Q), where=lengths > 0)
        known = self.item_known_
        left = np.where(known[items, None], unit[items], np.float32(np.nan))
        return LowRank(left, unit, np.where(known, np.float32(0.0), np.float32(-np.inf)))


def mean_rating(train: Interactions) -> float:
    """mu, summed in double precision."""
    return float(train.values.mean(dtype=np.float64))
