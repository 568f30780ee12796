"""PCA: the directions in which ratings differ most from their means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from longtail.algorithms.base import FoldIn
from longtail.algorithms.factorization.factor_model import mean_rating
from longtail.algorithms.factorization.online import LearnsUsersOnline
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.bias import als_biases, solve_biases
from longtail.kernels.parallel import single_blas
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.rng import generator
from longtail.types import AnyArray, FloatArray, IntArray, RealArray

__all__ = ["PCA"]

LEAST = 1e-5
"""A deviation from the means that is rounding and not taste."""


@dataclass(kw_only=True)
class PCA(LearnsUsersOnline):
    """Principal components of the centered ratings, what is not rated taken for average (Sarwar et al. 2000).

    With D the matrix of r_ui - mu - b_u - b_i where u rated i and 0 elsewhere, and V the `factors` right singular
    vectors of D with the largest singular values (of all matrices of that rank, D V V' is the nearest to D),

        r_ui = mu + b_u + b_i + (d_u V) . v_i

    `center` says which means are taken out: those of items (PCA as statistics has it), of users, or both. A gap filled
    with 0 draws the estimates towards the means: PCA is a start, and `SVD`, which knows gaps from ratings, goes on.

    The vectors are p_u = d_u V / s and q_i = s v_i with s the singular values, so that in the cosine of two items the
    strong components count more. Someone new is centered and projected as the users were, so fold-in is exact.

    Attributes:
        factors: components kept; at most as many as there are users or items.
        center: "item", "user" or "both".
        damping: how many ratings of the mean a user or item mean is drawn to it by.
        seed: of the start of the iteration that finds the components.
        components_: (factors, n_items) float32, V'.
        singular_values_: (factors,) float32, largest first.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = lt.PCA(factors=1).fit(data)
        >>> model.predict([0, 0], [10, 5]).round().tolist()
        [5.0, 1.0]
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0}], n=9).of(0))
        [2, 4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "exact"

    factors: int = hyper(8, at_least=1, search=(2, 32), log=True)
    center: Literal["item", "user", "both"] = "both"
    damping: float = hyper(5.0, at_least=0.0, search=(0.5, 30.0), log=True)
    seed: int = hyper(0, at_least=0)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self.mean_ = mean_rating(train)
        self.item_bias_ = self._item_bias(train)
        deviations, user_bias = self._centered(train.by_user)
        found, self.singular_values_ = _components(deviations, self.factors, self.seed)
        self.components_ = np.zeros((self.factors, train.n_items), dtype=np.float32)
        self.components_[: len(found)] = found
        Q = np.ascontiguousarray(self.components_.T * self.singular_values_)
        self._learned(train, self._projected(deviations), Q, user_bias, self.item_bias_)

    def _item_bias(self, train: Interactions) -> FloatArray:
        if self.center == "user":
            return np.zeros(train.n_items, dtype=np.float32)
        if self.center == "both":
            c = self.damping
            return als_biases(train.by_user, train.by_item, self.mean_, reg_user=c, reg_item=c)[1]
        none = np.zeros(train.n_users)
        return solve_biases(train.by_user.T.tocsr(), none, self.mean_, self.damping).astype(np.float32)

    def _centered(self, histories: sparse.csr_array) -> tuple[sparse.csr_array, FloatArray]:
        """D, and b_u (n,); nothing is taken for a user's where only items are centered."""
        counts = np.diff(histories.indptr)
        bias = np.zeros(len(counts))
        if self.center != "item":
            bias = solve_biases(histories, self.item_bias_, self.mean_, self.damping)
        apart = histories.data - self.mean_ - np.repeat(bias, counts) - self.item_bias_[histories.indices]
        parts = apart.astype(np.float32), histories.indices, histories.indptr
        return sparse.csr_array(parts, shape=histories.shape), bias.astype(np.float32)

    def _score_histories(self, histories: sparse.csr_array) -> LowRank:
        deviations, bias = self._centered(histories)
        vectors = self._projected(deviations)
        return self._scores(np.concatenate([vectors, bias[:, None] + np.float32(self.level_)], axis=1))

    def _projected(self, deviations: sparse.csr_array) -> FloatArray:
        """(n, factors): coordinates along the components, in units of the singular values."""
        vectors: FloatArray = deviations @ np.ascontiguousarray(self.components_.T)
        vectors /= np.maximum(self.singular_values_, np.finfo(np.float32).tiny)
        return vectors

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        """What each rating adds to the projection, and to the bias of the user, which is a sum over ratings too."""
        items, V = history.indices, self.components_.T.astype(np.float64)
        apart = history.data - self.mean_ - self.item_bias_[items].astype(np.float64)
        shares = np.zeros(len(items)) if self.center == "item" else apart / (self.damping + len(items))
        return items, shares + (apart - shares.sum()) * (V[items] @ V[item])


def _components(matrix: sparse.csr_array, factors: int, seed: int) -> tuple[AnyArray, FloatArray]:
    """The right singular vectors (rows) with the largest singular values, and these; signs are such that sums are > 0.

    Small matrices are decomposed densely, since the iteration finds fewer than all components only.
    """
    wanted = min(factors, *matrix.shape)
    if not (np.abs(matrix.data) > LEAST).any():
        return np.empty((0, matrix.shape[1])), np.zeros(factors, dtype=np.float32)
    with single_blas():
        if wanted < min(matrix.shape):
            start = generator(seed, "start").standard_normal(min(matrix.shape))
            _, values, rows = svds(matrix.astype(np.float64), k=wanted, v0=start)
        else:
            _, values, rows = np.linalg.svd(matrix.toarray().astype(np.float64), full_matrices=False)
    order = np.argsort(-values, kind="stable")[:wanted]
    rows = rows[order] * np.where(rows[order].sum(axis=1) < 0, -1.0, 1.0)[:, None]
    return rows, np.pad(values[order], (0, factors - wanted)).astype(np.float32)
