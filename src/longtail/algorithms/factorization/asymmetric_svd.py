"""Asymmetric SVD: a user is what they rated; nothing is learned of users themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.factorization.descent import DescentModel, initial_vectors
from longtail.algorithms.factorization.factor_model import mean_rating
from longtail.algorithms.factorization.online import LearnsUsersOnline
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.bias import als_biases, solve_biases
from longtail.kernels.sgd import asymmetric_epoch, group_by_user
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.types import FloatArray, IntArray, RealArray

__all__ = ["AsymmetricSVD"]


@dataclass(kw_only=True)
class AsymmetricSVD(DescentModel, LearnsUsersOnline):
    """Asymmetric SVD: users are represented by the items they rated (Koren 2008, equation 13).

    r_ui = mu + b_u + b_i + q_i . |R(u)|^-1/2 sum over j in R(u) of ((r_uj - b_uj) x_j + y_j)

    with R(u) the items u has rated (and N(u) of the paper the same), x_j what it says of someone to rate j above what
    was to be expected, y_j what it says to rate j at all. The baseline b_uj = mu + b_u + b_j inside the sum is fixed
    beforehand by damped least squares, as in `Bias`; so is the b_u outside, while the b_i outside learns. The rest is
    learned by stochastic gradient descent; the kernel `asymmetric_epoch` says why a rating costs O(factors) only.

    Nothing but the ratings of a user is needed to answer them, so fold-in is exact, and a new rating counts at once.

    Attributes:
        factors: length of q_i, x_j and y_j.
        epochs: passes over the ratings.
        learning_rate: step of the first epoch.
        learning_rate_decay: what the step is multiplied by after each epoch; 1 keeps it.
        regularization: weight of the squared parameters, counted once for each rating.
        reg_user: damping of the user biases, in ratings.
        reg_item: damping of the item biases inside the sum, in ratings.
        init_std: standard deviation of the normal distribution q_i, x_j and y_j start from.
        seed: of that start.
        expected_bias_: (n_items,) float32, b_j inside the sum; `item_bias_` is that outside.
        rating_vectors_: (n_items, factors) float32, x_j.
        implicit_vectors_: (n_items, factors) float32, y_j.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = lt.AsymmetricSVD(factors=4).fit(data)
        >>> model.predict([0, 0], [10, 5]).round().tolist()
        [5.0, 1.0]
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0}], n=9).of(0))
        [2, 4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "exact"

    factors: int = hyper(100, at_least=1, search=(32, 128), log=True)
    epochs: int = hyper(50, at_least=1, search=(25, 60))
    learning_rate: float = hyper(0.0125, at_least=0.0, search=(0.007, 0.03), log=True)
    learning_rate_decay: float = hyper(0.95, at_least=0.0, at_most=1.0, search=(0.93, 0.97))
    regularization: float = hyper(0.012, at_least=0.0, search=(0.003, 0.02), log=True)
    reg_user: float = hyper(8.0, at_least=0.0, search=(2.0, 15.0), log=True)
    reg_item: float = hyper(8.0, at_least=0.0, search=(2.0, 15.0), log=True)
    init_std: float = hyper(0.03, at_least=0.0, search=(0.005, 0.05), log=True)
    seed: int = hyper(0, at_least=0)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        known = train.item_counts > 0
        Q = initial_vectors(self.seed, "items", self.factors, self.init_std, known)
        X = initial_vectors(self.seed, "ratings", self.factors, self.init_std, known)
        Y = initial_vectors(self.seed, "implicit", self.factors, self.init_std, known)
        self.mean_ = mean_rating(train)
        user_bias, self.expected_bias_ = als_biases(
            train.by_user, train.by_item, self.mean_, reg_user=self.reg_user, reg_item=self.reg_item
        )
        item_bias = self.expected_bias_.copy()
        visits = group_by_user(train.users, train.items, train.values, train.n_users)
        sequence, start, items, values = visits
        expected = self.mean_ + np.repeat(user_bias[sequence], np.diff(start)) + self.expected_bias_[items]
        residuals = (values - expected).astype(np.float32)
        for epoch in range(self.epochs):
            rate = self.learning_rate * self.learning_rate_decay**epoch
            step = self.mean_, rate, self.regularization
            asymmetric_epoch(*visits, residuals, Q, X, Y, user_bias, item_bias, *step)
        self.rating_vectors_, self.implicit_vectors_ = X[:, : self.factors].copy(), Y[:, : self.factors].copy()
        users, user_bias = self._described(train.by_user)
        self._learned(train, users, Q, user_bias, item_bias)

    def _described(self, histories: sparse.csr_array) -> tuple[FloatArray, FloatArray]:
        """The vector (n, factors) and the bias (n,) of the people of these histories."""
        bias = solve_biases(histories, self.expected_bias_, self.mean_, self.reg_user)
        counts = np.diff(histories.indptr)
        root = np.repeat(np.sqrt(counts), counts)
        residuals = histories.data - self.mean_ - np.repeat(bias, counts) - self.expected_bias_[histories.indices]
        vectors = _shares(histories, residuals / root) @ self.rating_vectors_
        vectors += _shares(histories, 1.0 / root) @ self.implicit_vectors_
        return vectors, bias.astype(np.float32)

    def _score_histories(self, histories: sparse.csr_array) -> LowRank:
        vectors, bias = self._described(histories)
        return self._scores(np.concatenate([vectors, bias[:, None] + np.float32(self.level_)], axis=1))

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        """The parts of the sum, and of the bias of the user, which is a sum over their ratings too."""
        items, n = history.indices, history.nnz
        target = self.item_vectors_[item, :-1].astype(np.float64)
        shares = (history.data - self.mean_ - self.expected_bias_[items].astype(np.float64)) / (self.reg_user + n)
        residuals = (self.reg_user + n) * shares - shares.sum()
        says = residuals * (self.rating_vectors_[items] @ target) + self.implicit_vectors_[items] @ target
        return items, shares + says / np.sqrt(n)


def _shares(histories: sparse.csr_array, weights: RealArray) -> sparse.csr_array:
    parts = weights.astype(np.float32), histories.indices, histories.indptr
    return sparse.csr_array(parts, shape=histories.shape)
