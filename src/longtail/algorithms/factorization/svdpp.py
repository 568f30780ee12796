"""SVD++: SVD that also learns from which items someone rated, whatever the stars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.factorization.descent import DescentModel, initial_vectors
from longtail.algorithms.factorization.factor_model import mean_rating
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.sgd import group_by_user, svdpp_epoch
from longtail.params import hyper
from longtail.types import FloatArray, IntArray

__all__ = ["SVDpp", "implicit_parts"]


@dataclass(kw_only=True)
class SVDpp(DescentModel):
    """Matrix factorization with implicit feedback (Koren 2008, equation 15).

    r_ui = mu + b_u + b_i + q_i . (p_u + |N(u)|^-1/2 sum of y_j over N(u)), where N(u) are the items u has rated.
    Learned by stochastic gradient descent on the squared error plus `regularization` times the squares of all
    parameters that take part in a rating, y_j included, once for each rating. A rating costs O(factors), not
    O(|N(u)| factors): the kernel `svdpp_epoch` says why, and that it is the same update.

    For someone new, N(u) is the given history: s = |N|^-1/2 sum of y_j, the rest is solved (see `FactorModel`).

    Attributes:
        factors: length of p_u, q_i and y_j.
        epochs: passes over the ratings.
        learning_rate: step of the first epoch.
        learning_rate_decay: what the step is multiplied by after each epoch; 1 keeps it.
        regularization: weight of the squared parameters, counted once for each rating.
        fold_in_regularization: the same for the vector of someone new, which is solved for and not stopped early.
        init_std: standard deviation of the normal distribution p_u, q_i and y_j start from.
        seed: of that start.
        implicit_vectors_: (n_items, factors + 1) float32, y_j and a last column of zeros.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = SVDpp(factors=4).fit(data)
        >>> model.predict([0, 0], [10, 5]).round().tolist()
        [5.0, 1.0]
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0}], n=9).of(0))
        [2, 4, 6, 8, 10, 12, 14, 16, 18]
    """

    factors: int = hyper(100, at_least=1, search=(32, 128), log=True)
    epochs: int = hyper(40, at_least=1, search=(20, 60))
    learning_rate: float = hyper(0.02, at_least=0.0, search=(0.005, 0.05), log=True)
    learning_rate_decay: float = hyper(0.95, at_least=0.0, at_most=1.0, search=(0.93, 1.0))
    regularization: float = hyper(0.05, at_least=0.0, search=(0.02, 0.2), log=True)
    fold_in_regularization: float = hyper(0.1, at_least=0.0)
    init_std: float = hyper(0.005, at_least=0.0, search=(0.002, 0.05), log=True)
    seed: int = hyper(0, at_least=0)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        users, items = train.user_counts > 0, train.item_counts > 0
        P = initial_vectors(self.seed, "users", self.factors, self.init_std, users)
        Q = initial_vectors(self.seed, "items", self.factors, self.init_std, items)
        Y = initial_vectors(self.seed, "implicit", self.factors, self.init_std, items)
        user_bias = np.zeros(train.n_users, dtype=np.float32)
        item_bias = np.zeros(train.n_items, dtype=np.float32)
        mean = mean_rating(train)
        visits = group_by_user(train.users, train.items, train.values, train.n_users)
        for epoch in range(self.epochs):
            rate = self.learning_rate * self.learning_rate_decay**epoch
            svdpp_epoch(*visits, P, Q, Y, user_bias, item_bias, mean, rate, self.regularization)
        self.implicit_vectors_ = np.pad(Y[:, : self.factors], ((0, 0), (0, 1)))
        self._learned(train, P + implicit_parts(train.by_user, Y), Q, user_bias, item_bias)

    def _implied(self, items: IntArray) -> FloatArray:
        implied: FloatArray = self.implicit_vectors_[items] / np.sqrt(np.float32(max(len(items), 1)))
        return implied


def implicit_parts(by_user: sparse.csr_array, Y: FloatArray) -> FloatArray:
    """(n_users, padded): |N(u)|^-1/2 sum of y_j over N(u)."""
    counts = np.diff(by_user.indptr)
    weights = np.repeat((1.0 / np.sqrt(np.maximum(counts, 1))).astype(np.float32), counts)
    shares = sparse.csr_array((weights, by_user.indices, by_user.indptr), shape=by_user.shape)
    return np.asarray(shares @ Y)
