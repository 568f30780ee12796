"""PMF: probabilistic matrix factorization, the most probable vectors under normal priors."""

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
from longtail.types import FloatArray

__all__ = ["PMF"]


@dataclass(kw_only=True)
class PMF(LearnsItemsOnline):
    """Probabilistic matrix factorization (Salakhutdinov and Mnih 2007, equations 1 to 4).

    r_ui ~ N(mu + p_u . q_i, sigma^2), p_u ~ N(0, sigma_U^2 I), q_i ~ N(0, sigma_V^2 I). The most probable vectors
    minimize

        sum over ratings of (r_ui - mu - p_u . q_i)^2 + reg_user sum |p_u|^2 + reg_item sum |q_i|^2

    with reg_user = sigma^2 / sigma_U^2 and reg_item = sigma^2 / sigma_V^2. The paper descends on this in batches; here
    users and items are solved in turn, each exactly, which goes down to a minimum of the same sum.

    It differs from `SVD(biased=False)` in that mu is subtracted, and in that a vector is penalized once, as a prior is,
    and not once for each rating: the more ratings, the less the prior counts. There are no biases: a first factor that
    is nearly constant takes their place. `BPMF` keeps all probable vectors instead of one.

    Fold-in is exact: someone new is solved for as the users are in the last step. So is a rating learned online, users
    first: see `LearnsItemsOnline`.

    Attributes:
        factors: length of p_u and q_i.
        epochs: how often items and users are solved.
        reg_user: weight of |p_u|^2.
        reg_item: weight of |q_i|^2.
        init_std: standard deviation of the normal distribution p_u starts from.
        seed: of that start.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = lt.PMF(factors=4, reg_user=1.0, reg_item=1.0).fit(data)
        >>> model.predict([0, 0], [10, 5]).round().tolist()
        [5.0, 1.0]
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0}], n=9).of(0))
        [2, 4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "exact"
    biased = False

    factors: int = hyper(3, at_least=1, search=(2, 12), log=True)
    epochs: int = hyper(20, at_least=1, search=(5, 40))
    reg_user: float = hyper(3.0, at_least=0.0, search=(1.0, 12.0), log=True)
    reg_item: float = hyper(3.0, at_least=0.0, search=(1.0, 12.0), log=True)
    init_std: float = hyper(0.1, at_least=0.0, search=(0.03, 1.0), log=True)
    seed: int = hyper(0, at_least=0)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        by_user, by_item = train.by_user, train.by_user.T.tocsr()
        self.mean_ = mean_rating(train)
        users = generator(self.seed, "users").standard_normal((train.n_users, self.factors), dtype=np.float32)
        users *= np.float32(self.init_std)
        for _ in range(self.epochs):
            items = self._solved(by_item, users, self.reg_item)
            users = self._solved(by_user, items, self.reg_user)
        means = np.full(train.n_items, self.mean_, dtype=np.float32)
        self._learned(train, users, items, np.zeros(train.n_users, dtype=np.float32), means)

    def _solved(self, rows: sparse.csr_array, columns: FloatArray, weight: float) -> FloatArray:
        prior = weight * np.eye(columns.shape[1])
        return solve_rows(rows, np.full(len(columns), self.mean_), columns, prior=prior)

    def _solve_items(self, rows: sparse.csr_array) -> FloatArray:
        vectors = self._solved(rows, np.ascontiguousarray(self.user_vectors_[:, :-1]), self.reg_item)
        return np.pad(vectors, ((0, 0), (0, 1)), constant_values=self.mean_)

    def _ridge(self, n: int) -> float:
        return self.reg_user

    def _score_histories(self, histories: sparse.csr_array) -> LowRank:
        vectors = self._solved(histories, self.item_vectors_[:, :-1], self.reg_user)
        return self._scores(np.pad(vectors, ((0, 0), (0, 1))))
