"""User-based nearest neighbors: people who rated alike will rate alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.neighborhood.knn import KNN, in_order, row_numbers
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.neighbors import nearest_means, nearest_means_of_pairs
from longtail.kernels.similarity import Neighbors, similar_rows
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, RealArray

__all__ = ["UserKNN"]

BLOCK_BYTES = 32 * 2**20


@dataclass(kw_only=True)
class UserKNN(KNN):
    """User-based nearest neighbors: a rating from what similar people said of the item (Herlocker et al. 1999)."""

    fold_in: ClassVar[FoldIn] = "exact"
    reason_kind: ClassVar[Literal["item", "user"]] = "user"

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self._fit_means(train, train.users, train.n_users)
        biases, means = self.user_bias_[train.users], self.peer_means_[train.users]
        said = self._centered(train.values, biases, train.items, means, self.peer_deviations_[train.users])
        compared = self._compared(train.values, biases, train.items)
        shape = (train.n_items, train.n_users)
        self.raters_ = in_order(train.items, train.users, said, shape)
        self.compared_ = in_order(train.items, train.users, compared, shape).data
        self.top_rating_ = float(train.scale[1] if train.scale else train.values.max())

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        order = np.argsort(users, kind="stable")
        people, rows = np.unique(users[order], return_inverse=True)
        said = np.empty(len(users), dtype=np.float32)
        for lo, hi in self._blocks(len(people)):
            first, last = np.searchsorted(rows, [lo, hi])
            pairs = order[first:last]
            near = self._neighbors(self.histories_[people[lo:hi]], self.user_bias_[people[lo:hi]], people[lo:hi])
            said[pairs] = nearest_means_of_pairs(
                near,
                self.raters_,
                (rows[first:last] - lo).astype(np.int32),
                items[pairs],
                self.neighbors,
                self.min_neighbors,
            )
        known = (np.diff(self.histories_.indptr)[users] > 0) & (np.diff(self.raters_.indptr)[items] > 0)
        centers = self.user_bias_[users], items, self.peer_means_[users], self.peer_deviations_[users]
        return self._possible(self._uncentered(said, *centers), known)

    def _rate_users(self, users: IntArray) -> FloatArray:
        moments = self.peer_means_[users], self.peer_deviations_[users]
        return self._rated(self.histories_[users], self.user_bias_[users], *moments, users)

    def _rate_histories(self, histories: sparse.csr_array) -> FloatArray:
        moments = self._moments(row_numbers(histories), histories.data, histories.shape[0])
        return self._rated(histories, self._solved_biases(histories), *moments)

    def _rated(
        self,
        rows: sparse.csr_array,
        bias: AnyArray,
        means: RealArray,
        deviations: RealArray,
        own: IntArray | None = None,
    ) -> FloatArray:
        items = np.arange(rows.shape[1])
        scores = np.empty(rows.shape, dtype=np.float32)
        known = np.diff(self.raters_.indptr) > 0
        for lo, hi in self._blocks(rows.shape[0]):
            near = self._neighbors(rows[lo:hi], bias[lo:hi], None if own is None else own[lo:hi])
            said = nearest_means(near, self.raters_, self.neighbors, self.min_neighbors)
            centers = bias[lo:hi, None], items, means[lo:hi, None], deviations[lo:hi, None]
            scores[lo:hi] = self._possible(self._uncentered(said, *centers), known)[0]
        scores[np.diff(rows.indptr) == 0] = self.mean_ + self.item_bias_
        return scores

    def _neighbors(self, rows: sparse.csr_array, bias: AnyArray, own: IntArray | None) -> Neighbors:
        compared = self._compared(rows.data, np.asarray(bias)[row_numbers(rows)], rows.indices)
        left = sparse.csr_array((compared, rows.indices, rows.indptr), shape=rows.shape)
        right = sparse.csr_array((self.compared_, self.raters_.indices, self.raters_.indptr), shape=self.raters_.shape)
        return similar_rows(left, right, self.measure, leave_out=own)

    def _rank_users(self, users: IntArray) -> FloatArray:
        return self._ranked(self.histories_[users], self.user_bias_[users], users)

    def _rank_histories(self, histories: sparse.csr_array) -> FloatArray:
        return self._ranked(histories, self._solved_biases(histories))

    def _ranked(self, rows: sparse.csr_array, bias: AnyArray, own: IntArray | None = None) -> FloatArray:
        scores = np.full(rows.shape, -np.inf, dtype=np.float32)
        for lo, hi in self._blocks(rows.shape[0]):
            near = self._neighbors(rows[lo:hi], bias[lo:hi], None if own is None else own[lo:hi])
            liked = _nearest(near, self.neighbors) @ self.histories_
            scores[lo + row_numbers(liked), liked.indices] = liked.data / self.top_rating_
        return scores

    def _blocks(self, n_rows: int) -> list[tuple[int, int]]:
        step = max(1, BLOCK_BYTES // (8 * self.raters_.shape[1]))
        return [(lo, min(lo + step, n_rows)) for lo in range(0, n_rows, step)]

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        near = self._neighbors(history, self._solved_biases(history), None)
        weights = np.zeros(near.size, dtype=np.float32)
        weights[near.indices[: near.ends[0]]] = near.weights[: near.ends[0]]
        said = self.raters_[[item]]
        nearest, contributions = self._weighed(weights[said.indices], said.data)
        if self.variant == "zscore":
            contributions = contributions * self._moments(row_numbers(history), history.data, 1)[1][0]
        return said.indices[nearest], contributions


def _nearest(near: Neighbors, k: int) -> sparse.csr_array:
    """The k most similar neighbors of each row, with their similarities."""
    ordered = near.nearest_first()
    lengths = np.minimum(ordered.ends - ordered.starts, k)
    pointer = np.concatenate([[0], np.cumsum(lengths)])
    places = np.repeat(ordered.starts - pointer[:-1], lengths) + np.arange(pointer[-1])
    parts = (ordered.weights[places], ordered.indices[places], pointer)
    return sparse.csr_array(parts, shape=(len(lengths), near.size))
