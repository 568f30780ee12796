"""NMF: vectors without negative numbers, so that a rating is a sum of parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import nnls

from longtail.algorithms.factorization.factor_model import LEAST_RIDGE
from longtail.algorithms.factorization.online import LearnsUsersOnline
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.errors import DataError
from longtail.kernels.multiplicative import multiplied
from longtail.params import hyper
from longtail.rng import generator
from longtail.types import BoolArray, FloatArray, IntArray, RealArray

__all__ = ["NMF"]


@dataclass(kw_only=True)
class NMF(LearnsUsersOnline):
    """Non-negative matrix factorization of the known ratings (Luo, Zhou, Xia and Zhu 2014, section III).

    r_ui = p_u . q_i with p_u, q_i >= 0, learned by minimizing

        sum over ratings of (r_ui - p_u . q_i)^2 + regularization (|p_u|^2 + |q_i|^2)

    with multiplicative updates, all users and all items at once: see the kernel `multiplied`. No step size, and what
    is not rated takes no part; the NMF of text mining, which decomposes a whole matrix, would learn its gaps as zeros.

    Someone new is solved for: the same sum over their ratings, the items fixed, has one minimum with p >= 0, found by
    non-negative least squares (Lawson and Hanson 1974). Someone without ratings is the average person.

    Attributes:
        factors: length of p_u and q_i.
        epochs: updates of all vectors.
        regularization: weight of the squared parameters, counted once for each rating.
        seed: of the uniform distribution the vectors start from, scaled to give the mean rating.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = lt.NMF(factors=4).fit(data)
        >>> model.predict([0, 0], [10, 5]).round().tolist()
        [5.0, 1.0]
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0}], n=9).of(0))
        [2, 4, 6, 8, 10, 12, 14, 16, 18]

    Raises:
        DataError: when fitted to a negative rating.
    """

    biased = False

    factors: int = hyper(64, at_least=1, search=(16, 128), log=True)
    epochs: int = hyper(200, at_least=1, search=(60, 240))
    regularization: float = hyper(0.13, at_least=0.0, search=(0.05, 0.2), log=True)
    seed: int = hyper(0, at_least=0)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        if train.values.min() < 0:
            raise DataError(f"NMF cannot learn from a negative rating: {train.values.min():g}")
        by_user, by_item = train.by_user, train.by_user.T.tocsr()
        P, Q = self._start(train, "users", train.n_users), self._start(train, "items", train.n_items)
        for _ in range(self.epochs):
            users, items = P, Q
            P = multiplied(by_user, users, items, self.regularization)
            Q = multiplied(by_item, items, users, self.regularization)
        P[train.user_counts == 0] = P[train.user_counts > 0].mean(axis=0)
        none = np.zeros(train.n_users, dtype=np.float32), np.zeros(train.n_items, dtype=np.float32)
        self._learned(train, P, Q, *none)
        self.average_vector_ = self.user_vectors_[train.user_counts > 0].mean(axis=0)

    def _start(self, train: Interactions, stream: str, n: int) -> FloatArray:
        """Uniform numbers whose inner products are the mean rating on average."""
        top = 2.0 * np.sqrt(max(float(train.values.mean()), LEAST_RIDGE) / self.factors)
        return generator(self.seed, stream).random((n, self.factors), dtype=np.float32) * np.float32(top)

    def _possible(self, user_known: BoolArray, item_known: BoolArray) -> BoolArray:
        return np.ones_like(user_known) & item_known

    def _solve(self, items: IntArray, ratings: FloatArray) -> RealArray:
        if not len(items):
            return np.asarray(self.average_vector_, dtype=np.float64)
        Q = self.item_vectors_[items, :-1].astype(np.float64)
        ridge = np.sqrt(max(self.regularization * len(items), LEAST_RIDGE)) * np.eye(self.factors)
        p = nnls(np.vstack([Q, ridge]), np.append(ratings.astype(np.float64), np.zeros(self.factors)))[0]
        return np.asarray(np.append(p, 0.0), dtype=np.float64)

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        """Where p is positive it is the solution of a ridge regression without bounds: linear in the ratings."""
        items, active = history.indices, self._solve(history.indices, history.data)[:-1] > 0
        Q, target = self.item_vectors_[:, :-1][items][:, active], self.item_vectors_[item, :-1][active]
        matrix = Q.T.astype(np.float64) @ Q
        matrix.flat[:: len(matrix) + 1] += max(self.regularization * len(items), LEAST_RIDGE)
        return items, (Q @ np.linalg.solve(matrix, target)) * history.data
