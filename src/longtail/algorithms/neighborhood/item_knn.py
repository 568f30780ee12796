"""Item-based nearest neighbors: a person rates an item as they rated the items most like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.neighborhood.knn import KNN, in_order, row_numbers
from longtail.algorithms.powers import SimilarItems
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.neighbors import nearest_means, nearest_means_of_pairs
from longtail.kernels.similarity import Neighbors, similarity_matrix
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, RealArray

__all__ = ["ItemKNN"]


@dataclass(kw_only=True)
class ItemKNN(KNN, SimilarItems):
    """Item-based nearest neighbors: a rating from what the person said of similar items (Sarwar et al. 2001)."""

    fold_in: ClassVar[FoldIn] = "exact"

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self._fit_means(train, train.items, train.n_items)
        biases = self.user_bias_[train.users]
        moments = self.peer_means_[train.items], self.peer_deviations_[train.items]
        said = self._centered(train.values, biases, train.items, *moments)
        compared = self._compared(train.values, biases, train.items)
        by_user = in_order(train.users, train.items, compared, (train.n_users, train.n_items))
        self.similarities_ = similarity_matrix(by_user.T.tocsr(), by_user, self.measure)
        self.ratings_ = in_order(train.users, train.items, said, by_user.shape)
        self.rated_ = train.item_counts > 0
        self.top_rating_ = float(train.scale[1] if train.scale else train.values.max())

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        order = np.argsort(items, kind="stable")
        said = np.empty(len(users), dtype=np.float32)
        said[order] = nearest_means_of_pairs(
            Neighbors.of(self.similarities_),
            self.ratings_,
            items[order],
            users[order],
            self.neighbors,
            self.min_neighbors,
        )
        known = (np.diff(self.ratings_.indptr)[users] > 0) & self.rated_[items]
        centers = self.user_bias_[users], items, self.peer_means_[items], self.peer_deviations_[items]
        return self._possible(self._uncentered(said, *centers), known)

    def _rate_users(self, users: IntArray) -> FloatArray:
        return self._rated(self.ratings_[users], self.user_bias_[users])

    def _rate_histories(self, histories: sparse.csr_array) -> FloatArray:
        bias, items = self._solved_biases(histories), histories.indices
        moments = self.peer_means_[items], self.peer_deviations_[items]
        said = self._centered(histories.data, bias[row_numbers(histories)], items, *moments)
        return self._rated(sparse.csr_array((said, items, histories.indptr), shape=histories.shape), bias)

    def _rated(self, rows: sparse.csr_array, bias: AnyArray) -> FloatArray:
        items = np.arange(rows.shape[1])
        said = nearest_means(Neighbors.of(self.similarities_), rows, self.neighbors, self.min_neighbors, by_list=True)
        centers = bias[:, None], items, self.peer_means_, self.peer_deviations_
        scores = self._possible(self._uncentered(said, *centers), self.rated_)[0]
        scores[np.diff(rows.indptr) == 0] = self.mean_ + self.item_bias_
        return scores

    def _rank_users(self, users: IntArray) -> FloatArray:
        return self._rank_histories(self.histories_[users])

    def _rank_histories(self, histories: sparse.csr_array) -> FloatArray:
        """Similarity to the best-rated items of each history, weighted by rating / highest rating."""
        rows = row_numbers(histories)
        order = np.lexsort((histories.indices, -histories.data, rows))
        place = np.arange(len(order)) - histories.indptr[rows[order]]
        best = order[place < self.neighbors]
        top = float(self.scale_[1]) if self.scale_ else float(self.histories_.data.max())
        liked = sparse.csr_array((histories.data[best] / top, (rows[best], histories.indices[best])), histories.shape)
        found = (liked @ self.similarities_).tocoo()
        scores = np.full(histories.shape, -np.inf, dtype=np.float32)
        scores[found.coords] = found.data
        return scores

    def _item_similarities(self, items: IntArray) -> FloatArray:
        dense: FloatArray = self.similarities_[items].toarray()
        return np.where(dense > 0, dense, np.float32(-np.inf))

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        weights = self.similarities_[[item]].toarray()[0][history.indices]
        items = history.indices
        moments = self.peer_means_[items], self.peer_deviations_[items]
        said = self._centered(history.data, self._solved_biases(history)[0], items, *moments)
        nearest, contributions = self._weighed(weights, said)
        if self.variant == "zscore":
            contributions = contributions * self.peer_deviations_[item]
        return items[nearest], contributions
