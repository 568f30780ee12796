"""Implicit ALS: vectors for users and items from clicks, plays and purchases, by alternating least squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.factorization.factor_ranker import FactorRanker
from longtail.algorithms.powers import Explains, LearnsOnline
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.als import Solver, solve_rows, turned
from longtail.params import hyper
from longtail.rng import generator
from longtail.types import FloatArray, IntArray, RealArray

__all__ = ["ImplicitALS"]


@dataclass(kw_only=True)
class ImplicitALS(FactorRanker, Explains, LearnsOnline):
    """Weighted matrix factorization of all pairs, seen and unseen (Hu, Koren and Volinsky 2008).

    Minimizes, with x_u . y_i as the score of a pair,

        sum over all u, i of c_ui (p_ui - x_u . y_i)^2 + sum over u of lambda_u |x_u|^2 + sum over i of lambda_i |y_i|^2

    p_ui is 1 where the user has met the item, else 0; c_ui = unseen_weight + alpha w_ui, where w_ui is the preference
    and 0 for an unseen pair (one of 0 or less counts as p_ui = 0, with its size as w_ui). Someone with n_u of all m
    items has lambda_u = regularization (n_u + unseen_weight m)^frequency_scaling, and items likewise: 0 is the paper
    above, 1 that of Rendle et al. 2022 ("Revisiting the performance of iALS on item recommendation benchmarks").

    With the items held fixed each x_u solves a linear system of its own, and the other way round. Both are turned first
    so that the part all rows share, Y'Y, is diagonal; scores and lengths do not change. Then `solver` is

    - "cg": a few steps of conjugate gradients from the last solution (Takacs, Pilaszy and Tikk 2011);
    - "cholesky": the exact solution;
    - "subspace": blocks of factors in turn, each solved exactly (iALS++, Rendle et al. 2021).

    At the end x_u is solved exactly once more, so a stranger with the same history gets the same scores.
    `learn` solves anew for the items that were rated and then for the users; all others keep their vectors.

    Attributes:
        factors: length of x_u and y_i.
        epochs: times that both sides are solved.
        alpha: weight of a preference of 1, above that of an unseen pair.
        regularization: lambda, before it is scaled.
        frequency_scaling: how much more those with many interactions are regularized.
        unseen_weight: weight of a pair that has not met.
        solver: see above.
        cg_steps: steps of "cg" for each row and epoch.
        block: factors that "subspace" solves at a time.
        init_std: standard deviation of the normal distribution y_i starts from, times the root of `factors`.
        seed: of that start.
        spectrum_: (factors,) float32, the diagonal of Y'Y.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = ImplicitALS(factors=4).fit(data)
        >>> sorted(model.recommend_for([{0: 1, 2: 1}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "exact"

    factors: int = hyper(64, at_least=1, search=(16, 256), log=True)
    epochs: int = hyper(10, at_least=1, search=(5, 30))
    alpha: float = hyper(7.0, at_least=0.0, search=(1.0, 100.0), log=True)
    regularization: float = hyper(0.03, at_least=0.0, search=(0.001, 0.3), log=True)
    frequency_scaling: float = hyper(1.0, at_least=0.0, at_most=2.0)
    unseen_weight: float = hyper(1.0, at_least=0.0)
    solver: Solver = "cg"
    cg_steps: int = hyper(3, at_least=1)
    block: int = hyper(32, at_least=1)
    init_std: float = hyper(0.1, at_least=0.0)
    seed: int = hyper(0, at_least=0)

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        rows = self._weighted(weights)
        columns = rows.T.tocsr()
        X, Y = np.zeros((train.n_users, self.factors), dtype=np.float32), self._start(train)
        amount = self.cg_steps if self.solver == "cg" else self.block
        for _ in range(self.epochs):
            X, Y, diagonal = turned(X, Y)
            solve_rows(rows, X, Y, diagonal, self._ridge(rows), self.unseen_weight, self.solver, amount)
            Y, X, diagonal = turned(Y, X)
            solve_rows(columns, Y, X, diagonal, self._ridge(columns), self.unseen_weight, self.solver, amount)
        X, Y, self.spectrum_ = turned(X, Y)
        solve_rows(rows, X, Y, self.spectrum_, self._ridge(rows), self.unseen_weight)
        self._learned(X, Y, np.zeros(train.n_items, dtype=np.float32))

    def _start(self, train: Interactions) -> FloatArray:
        Y: FloatArray = generator(self.seed, "items").standard_normal((train.n_items, self.factors), dtype=np.float32)
        Y *= np.float32(self.init_std / np.sqrt(self.factors))
        Y[train.item_counts == 0] = 0.0
        return Y

    def _weighted(self, weights: sparse.csr_array) -> sparse.csr_array:
        """What an interaction weighs above an unseen pair."""
        return sparse.csr_array((weights.data * np.float32(self.alpha), weights.indices, weights.indptr), weights.shape)

    def _ridge(self, rows: sparse.csr_array) -> FloatArray:
        counts = np.diff(rows.indptr) + self.unseen_weight * rows.shape[1]
        ridge: FloatArray = (self.regularization * counts**self.frequency_scaling).astype(np.float32)
        return ridge

    def _fold_in(self, weights: sparse.csr_array) -> FloatArray:
        rows = self._weighted(weights)
        X = np.zeros((rows.shape[0], self.factors), dtype=np.float32)
        solve_rows(rows, X, self.item_vectors_, self.spectrum_, self._ridge(rows), self.unseen_weight)
        return X

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        counts = np.bincount(self.histories_.indices, minlength=len(self.item_ids_))
        self.popularity_ = (counts / counts.max()).astype(np.float32)
        users, items = np.unique(users), np.unique(items)
        rows = self._weighted(self._preferences(self.histories_))
        columns = rows[:, items].T.tocsr()
        Y, X, diagonal = turned(self.item_vectors_, self.user_vectors_)
        solved = Y[items]
        solve_rows(columns, solved, X, diagonal, self._ridge(columns), self.unseen_weight)
        Y[items] = solved
        X, Y, self.spectrum_ = turned(X, Y)
        self.item_vectors_ = Y
        X[users] = self._fold_in(self._preferences(self.histories_[users]))
        self.user_vectors_ = X

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        """A score is a sum over the history of y_i' W y_j c_uj, W the inverse of the user's system (section 5)."""
        rows = self._weighted(self._preferences(history))
        g, seen = np.abs(rows.data.astype(np.float64)), self.item_vectors_[rows.indices].astype(np.float64)
        system = (seen.T * g) @ seen
        system.flat[:: self.factors + 1] += self.unseen_weight * self.spectrum_ + self._ridge(rows)[0] + 1e-12
        influence = seen @ np.linalg.solve(system, self.item_vectors_[item].astype(np.float64))
        weights = np.where(rows.data > 0, self.unseen_weight + g, 0.0) * influence
        other = rows.indices != item
        return rows.indices[other], weights[other]
