"""User-based nearest neighbors: people who rated alike will rate alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.histories import in_order, row_numbers
from longtail.algorithms.neighborhood.knn import KNN
from longtail.algorithms.neighborhood.people import same_people
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.neighbors import nearest_means, nearest_means_of_pairs
from longtail.kernels.similarity import Neighbors, similar_rows
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, RealArray

__all__ = ["UserKNN"]

BLOCK_BYTES = 32 * 2**20


@dataclass(kw_only=True)
class UserKNN(KNN):
    """User-based nearest neighbors: what similar people said of an item (Herlocker et al. 1999).

    A rating is a weighted mean over the `neighbors` most similar users who rated the item, as
    `longtail.algorithms.neighborhood.knn` has it. Lists rank, with N the `neighbors` most similar users whatever they
    rated, by

        sum over v in N who rated i of s(u, v) r_vi / (highest rating)

    or, with `ranking="rating"`, by the predicted rating. Similarities are computed when asked for, from ratings alone:
    nothing of the size users x users is kept, and a new person's neighbors are found as if they had been there. Someone
    with exactly the history of a training user is taken to be that user, who is not their own neighbor.

    Online, a person's history, mean and bias are updated at once, for themselves and as a neighbor, in time
    proportional to all ratings; the means and biases of items stay as fitted.

    Sources: J. Herlocker, J. Konstan, A. Borchers and J. Riedl, "An Algorithmic Framework for Performing Collaborative
    Filtering", SIGIR 1999; Y. Koren, "Factor in the Neighbors", TKDD 4(1), 2010 (the baseline variant).

    Attributes:
        variant: basic, mean, zscore or baseline: how ratings are centered.
        similarity: cosine, msd, pearson, pearson_baseline, adjusted_cosine, spearman, jaccard or
            conditional_probability, by the items both users rated.
        neighbors: k, how many neighbors count; only those with a positive similarity do.
        min_neighbors: with fewer an estimate is the mean or the baseline alone.
        min_support: with fewer items in common two users are not similar at all.
        shrinkage: how many common items halve a similarity; none is 200 for pearson_baseline and 0 for the others.
        damping: similarity that speaks for the mean or the baseline, beside that of the neighbors.
        reg_user: damping of the user biases, in ratings.
        reg_item: damping of the item biases, in ratings.
        epochs: alternating least squares steps for the biases.
        ranking: lists rank by "similarity" or by predicted "rating".

    Examples:
        >>> import longtail as lt
        >>> rows = [("ann", "Alien", 5.0), ("ann", "Heat", 1.0), ("bob", "Alien", 5.0), ("bob", "Heat", 1.0),
        ...         ("bob", "Blade", 4.0), ("eve", "Alien", 1.0), ("eve", "Heat", 5.0), ("eve", "Emma", 5.0)]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = lt.UserKNN(neighbors=1).fit(data)
        >>> model.recommend(["ann"], n=1).of("ann")
        ['Blade']
        >>> model.explain("ann", "Blade").text
        'liked by one person with your taste'
    """

    fold_in: ClassVar[FoldIn] = "exact"
    reason_kind: ClassVar[Literal["item", "user"]] = "user"

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self._fit_means(train, train.users, train.n_users)
        self.item_means_ = self._moments(train.items, train.values, train.n_items)[0]
        self._arrange(train.users, train.items, train.values)

    def _arrange(self, users: IntArray, items: IntArray, ratings: FloatArray) -> None:
        """Keep by item what its raters say of it, and what they are compared by."""
        biases, means, deviations = self.user_bias_[users], self.peer_means_[users], self.peer_deviations_[users]
        said = self._centered(ratings, biases, items, means, deviations)
        compared = self._compared(ratings, biases, items, users, self.item_means_[items])
        shape = self.histories_.shape[::-1]
        self.raters_ = in_order(items, users, said, shape)
        self.compared_ = in_order(items, users, compared, shape).data

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        people, rows = np.unique(users), self.histories_
        self.user_bias_ = self.user_bias_.copy()
        self.user_bias_[people] = self._solved_biases(rows[people])
        self.peer_means_, self.peer_deviations_ = self._moments(row_numbers(rows), rows.data, rows.shape[0])
        self._arrange(row_numbers(rows), rows.indices, rows.data)

    # -- ratings -------------------------------------------------------------------------------------------------------

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
                self.damping,
            )
        known = (np.diff(self.histories_.indptr)[users] > 0) & (np.diff(self.raters_.indptr)[items] > 0)
        centers = self.user_bias_[users], items, self.peer_means_[users], self.peer_deviations_[users]
        return self._possible(self._uncentered(said, *centers), known)

    def _rate_users(self, users: IntArray) -> FloatArray:
        moments = self.peer_means_[users], self.peer_deviations_[users]
        return self._rated(self.histories_[users], self.user_bias_[users], *moments, users)

    def _rate_histories(self, histories: sparse.csr_array) -> FloatArray:
        moments = self._moments(row_numbers(histories), histories.data, histories.shape[0])
        return self._rated(histories, self._solved_biases(histories), *moments, same_people(histories, self.histories_))

    def _rated(
        self, rows: sparse.csr_array, bias: AnyArray, means: RealArray, deviations: RealArray, own: IntArray
    ) -> FloatArray:
        items = np.arange(rows.shape[1])
        scores = np.empty(rows.shape, dtype=np.float32)
        known = np.diff(self.raters_.indptr) > 0
        for lo, hi in self._blocks(rows.shape[0]):
            near = self._neighbors(rows[lo:hi], bias[lo:hi], own[lo:hi])
            said = nearest_means(near, self.raters_, self.neighbors, self.min_neighbors, self.damping)
            centers = bias[lo:hi, None], items, means[lo:hi, None], deviations[lo:hi, None]
            scores[lo:hi] = self._possible(self._uncentered(said, *centers), known)[0]
        scores[np.diff(rows.indptr) == 0] = self.mean_ + self.item_bias_
        return scores

    # -- lists ---------------------------------------------------------------------------------------------------------

    def _rank_users(self, users: IntArray) -> FloatArray:
        return self._ranked(self.histories_[users], self.user_bias_[users], users)

    def _rank_histories(self, histories: sparse.csr_array) -> FloatArray:
        return self._ranked(histories, self._solved_biases(histories), same_people(histories, self.histories_))

    def _ranked(self, rows: sparse.csr_array, bias: AnyArray, own: IntArray) -> FloatArray:
        scores = np.full(rows.shape, -np.inf, dtype=np.float32)
        for lo, hi in self._blocks(rows.shape[0]):
            near = self._neighbors(rows[lo:hi], bias[lo:hi], own[lo:hi])
            liked = _nearest(near, self.neighbors) @ self.histories_
            scores[lo + row_numbers(liked), liked.indices] = liked.data / self.top_rating_
        return scores

    # -- neighbors -----------------------------------------------------------------------------------------------------

    def _neighbors(self, rows: sparse.csr_array, bias: AnyArray, own: IntArray) -> Neighbors:
        owners = row_numbers(rows)
        means = self.item_means_[rows.indices]
        compared = self._compared(rows.data, np.asarray(bias)[owners], rows.indices, owners, means)
        left = sparse.csr_array((compared, rows.indices, rows.indptr), shape=rows.shape)
        right = sparse.csr_array((self.compared_, self.raters_.indices, self.raters_.indptr), shape=self.raters_.shape)
        return similar_rows(left, right, self.measure, leave_out=own)

    def _blocks(self, n_rows: int) -> list[tuple[int, int]]:
        step = max(1, BLOCK_BYTES // (12 * self.raters_.shape[1]))
        return [(lo, min(lo + step, n_rows)) for lo in range(0, n_rows, step)]

    # -- reasons -------------------------------------------------------------------------------------------------------

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        near = self._neighbors(history, self._solved_biases(history), same_people(history, self.histories_))
        raters = self.raters_[[item]]
        if self.ranking == "similarity":
            return self._fans(_nearest(near, self.neighbors), raters.indices, item)
        weights = np.zeros(near.size)
        weights[near.indices[: near.ends[0]]] = near.weights[: near.ends[0]]
        nearest, contributions = self._contributions(weights[raters.indices], raters.data)
        if self.variant == "zscore":
            contributions = contributions * self._moments(row_numbers(history), history.data, 1)[1][0]
        return raters.indices[nearest], contributions

    def _fans(self, nearest: sparse.csr_array, raters: IntArray, item: int) -> tuple[IntArray, RealArray]:
        """Those of the nearest who liked the item at least as well as what else they rated, and what they add."""
        rated = np.isin(nearest.indices, raters)
        people, weights = nearest.indices[rated], nearest.data[rated]
        ratings = self.histories_[people][:, [item]].toarray()[:, 0]
        liked = ratings >= self.peer_means_[people]
        return people[liked], weights[liked] * ratings[liked] / self.top_rating_


def _nearest(near: Neighbors, k: int) -> sparse.csr_array:
    """(n_rows, size) similarities to the k most similar neighbors of each row; of equals, those of lower index."""
    lengths = near.ends - near.starts
    rows, first = np.repeat(np.arange(len(lengths)), lengths), np.cumsum(lengths) - lengths
    places = np.arange(len(rows)) + np.repeat(near.starts - first, lengths)
    order = np.lexsort((near.indices[places], -near.weights[places], rows))
    kept = order[np.arange(len(rows)) - first[rows] < k]
    parts = near.weights[places[kept]], (rows[kept], near.indices[places[kept]])
    return sparse.csr_array(parts, shape=(len(lengths), near.size))
