"""Explicit ALS: vectors and biases learned by least squares, users and items in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.factorization.factor_model import mean_rating
from longtail.algorithms.factorization.online import LearnsItemsOnline
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.least_squares import solve_rows
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.rng import generator
from longtail.types import FloatArray, RealArray

__all__ = ["ALS"]


@dataclass(kw_only=True)
class ALS(LearnsItemsOnline):
    """Alternating least squares with weighted regularization and biases (Zhou et al. 2008, section 3.1).

    r_ui = mu + b_u + b_i + p_u . q_i, learned by minimizing

        sum over ratings of (r_ui - mu - b_u - b_i - p_u . q_i)^2
            + regularization (sum over u of n_u |p_u|^2 + sum over i of n_i |q_i|^2)
            + bias_regularization (sum over u of b_u^2 + sum over i of b_i^2)

    With the items fixed this is a ridge regression for each user, whose solution is exact: with z_j = [q_j, 1] and
    e_j = r_uj - mu - b_j over the user's ratings, [p_u, b_u] = (Z'Z + R)^-1 Z'e, R the diagonal of the weights above.
    An epoch solves all items, then all users; the loss never rises. The biases are our addition: a column of ones in Z.
    They are damped as in `Bias`, by a number of ratings: a weight for each rating would shrink them all alike.

    Fold-in is exact: someone new is solved for as the users are in the last step. So is a rating learned online, users
    first: see `LearnsItemsOnline`.

    Attributes:
        factors: length of p_u and q_i.
        epochs: how often items and users are solved.
        regularization: weight of |p_u|^2 and |q_i|^2, counted once for each rating.
        bias_regularization: weight of b_u^2 and b_i^2, counted once.
        init_std: standard deviation of the normal distribution p_u starts from.
        seed: of that start.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = lt.ALS(factors=4).fit(data)
        >>> model.predict([0, 0], [10, 5]).round().tolist()
        [5.0, 1.0]
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0}], n=9).of(0))
        [2, 4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "exact"

    factors: int = hyper(32, at_least=1, search=(8, 64), log=True)
    epochs: int = hyper(15, at_least=1, search=(5, 30))
    regularization: float = hyper(0.15, at_least=0.0, search=(0.1, 0.25), log=True)
    bias_regularization: float = hyper(2.0, at_least=0.0, search=(1.0, 10.0), log=True)
    init_std: float = hyper(0.1, at_least=0.0, search=(0.01, 0.5), log=True)
    seed: int = hyper(0, at_least=0)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        by_user, by_item = train.by_user, train.by_user.T.tocsr()
        self.mean_ = mean_rating(train)
        users = generator(self.seed, "users").standard_normal((train.n_users, self.factors + 1), dtype=np.float32)
        users *= np.float32(self.init_std)
        for _ in range(self.epochs):
            items = self._solved(by_item, users)
            users = self._solved(by_user, items)
        self._learned(train, users[:, :-1], items[:, :-1], users[:, -1], items[:, -1])

    def _solved(self, rows: sparse.csr_array, columns: FloatArray) -> FloatArray:
        """[p, b] of each row, given those of the columns."""
        vectors = np.concatenate([columns[:, :-1], np.ones((len(columns), 1), dtype=np.float32)], axis=1)
        return self._solve_rows(rows, self.mean_ + columns[:, -1].astype(np.float64), vectors)

    def _solve_rows(self, rows: sparse.csr_array, offset: RealArray, vectors: FloatArray) -> FloatArray:
        return solve_rows(rows, offset, vectors, ridge=self._ridge(1) - self._ridge(0), prior=np.diag(self._ridge(0)))

    def _ridge(self, n: int) -> RealArray:
        return np.append(np.full(self.factors, n * self.regularization), self.bias_regularization)

    def _score_histories(self, histories: sparse.csr_array) -> LowRank:
        offset = self.level_ + self.item_bias_.astype(np.float64)
        vectors = self._solve_rows(histories, offset, self.item_vectors_)
        vectors[:, -1] += np.float32(self.level_)
        return self._scores(vectors)
