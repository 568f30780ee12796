"""Logistic matrix factorization: the chance that someone meets an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.factorization.factor_ranker import FactorRanker
from longtail.algorithms.factorization.pairwise_model import key_of
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.logistic import logistic_rows
from longtail.kernels.parallel import run_rows
from longtail.params import hyper
from longtail.rng import generator
from longtail.types import BoolArray, FloatArray

__all__ = ["LogisticMF"]

STRIDE = 2**24


@dataclass(kw_only=True)
class LogisticMF(FactorRanker):
    """Logistic matrix factorization for implicit feedback (Johnson 2014).

    The chance that u chooses i is sigmoid(s_ui), s_ui = x_u . y_i + b_u + b_i. With w_ui the preference, 0 for an
    unseen pair, it maximizes (section 3)

        sum over all u, i of (alpha w_ui s_ui - (1 + alpha w_ui) ln(1 + exp s_ui))
            - regularization / 2 (sum over u of (|x_u|^2 + b_u^2) + sum over i of (|y_i|^2 + b_i^2))

    An epoch is one AdaGrad step for all users, then one for all items. Of the logarithms, those with weight 1 are met
    in every pair; their sum is estimated from items drawn at random. (The paper does not regularize the biases.)
    Someone new gets a vector by as many such steps with the items held fixed. A negative preference counts as an unseen
    pair.

    Attributes:
        factors: length of x_u and y_i.
        epochs: steps for each side.
        learning_rate: of AdaGrad.
        regularization: weight of the squared parameters, counted once for each user and item.
        alpha: weight of a preference of 1.
        negatives: items drawn for each interaction, from all alike, to estimate the sum over all.
        init_std: standard deviation of the normal distribution x_u and y_i start from.
        seed: of the start and of all draws.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = LogisticMF(factors=4).fit(data)
        >>> sorted(model.recommend_for([{0: 1, 2: 1}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "solved"

    factors: int = hyper(32, at_least=1, search=(8, 128), log=True)
    epochs: int = hyper(40, at_least=1, search=(20, 80))
    learning_rate: float = hyper(0.5, at_least=0.0, search=(0.05, 1.0), log=True)
    regularization: float = hyper(15.0, at_least=0.0, search=(1.0, 50.0), log=True)
    alpha: float = hyper(5.0, at_least=0.0, search=(0.5, 50.0), log=True)
    negatives: int = hyper(10, at_least=1, search=(3, 30), log=True)
    init_std: float = hyper(0.1, at_least=0.0)
    seed: int = hyper(0, at_least=0)

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        rows = self._weighted(weights)
        columns = rows.T.tocsr()
        X = self._start("users", np.diff(rows.indptr) > 0, ones=self.factors + 1)
        Y = self._start("items", np.diff(columns.indptr) > 0, ones=self.factors)
        squares = np.zeros_like(X), np.zeros_like(Y)
        for epoch in range(self.epochs):
            self._step(rows, X, Y, squares[0], self.factors + 1, key_of(self.seed, "users", epoch))
            self._step(columns, Y, X, squares[1], self.factors, key_of(self.seed, "items", epoch))
        self._learned(X[:, : self.factors].copy(), Y[:, : self.factors].copy(), Y[:, self.factors + 1].copy())

    def _step(
        self, rows: sparse.csr_array, X: FloatArray, Y: FloatArray, squares: FloatArray, ones: int, key: np.uint64,
        stride: int = STRIDE,
    ) -> None:  # fmt: skip
        entries = rows.indptr.astype(np.int64), rows.indices, rows.data.astype(np.float32, copy=False)
        options = self.negatives, self.learning_rate, self.regularization

        def step(lo: int, hi: int) -> None:
            logistic_rows(lo, hi, *entries, X, Y, squares, ones, key, stride, *options)

        run_rows(step, len(X))

    def _start(self, stream: str, present: BoolArray, ones: int) -> FloatArray:
        """Rows (n, factors + 2) [vector, bias, 1] (or 1 before bias), zero where not present."""
        vectors = np.zeros((len(present), self.factors + 2), dtype=np.float32)
        drawn = generator(self.seed, stream).standard_normal((len(present), self.factors), dtype=np.float32)
        vectors[:, : self.factors] = drawn * np.float32(self.init_std)
        vectors[:, ones] = 1.0
        vectors[~present] = 0.0
        return vectors

    def _weighted(self, weights: sparse.csr_array) -> sparse.csr_array:
        data = np.maximum(weights.data, 0.0) * np.float32(self.alpha)
        return sparse.csr_array((data, weights.indices, weights.indptr), weights.shape)

    def _fold_in(self, weights: sparse.csr_array) -> FloatArray:
        rows = self._weighted(weights)
        X = np.zeros((rows.shape[0], self.factors + 2), dtype=np.float32)
        X[:, -1] = 1.0
        known = (self.popularity_ > 0).astype(np.float32)
        Y = np.concatenate([self.item_vectors_, known[:, None], self.item_bias_[:, None]], axis=1)
        squares = np.zeros_like(X)
        for epoch in range(self.epochs):
            self._step(rows, X, Y, squares, self.factors + 1, key_of(self.seed, "fold in", epoch), stride=0)
        return X[:, : self.factors].copy()
