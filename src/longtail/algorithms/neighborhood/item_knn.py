"""Item-based nearest neighbors: a person will like what is like the things they liked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.histories import best_rated, in_order, row_numbers
from longtail.algorithms.neighborhood.knn import KNN
from longtail.algorithms.powers import SimilarItems
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.nearest import nearest_rows
from longtail.kernels.neighbors import nearest_means, nearest_means_of_pairs
from longtail.kernels.similarity import Neighbors, similarity_matrix
from longtail.params import hyper
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, RealArray

__all__ = ["ItemKNN"]


@dataclass(kw_only=True)
class ItemKNN(KNN, SimilarItems):
    """Item-based nearest neighbors: what a person said of similar items (Sarwar et al. 2001).

    A rating is a weighted mean over the `neighbors` items most similar to the one in question that the person rated, as
    `longtail.algorithms.neighborhood.knn` has it. Lists rank, with L the `neighbors` items the person rated highest, by

        sum over j in L of s(j, i) r_uj / (highest rating)

    or, with `ranking="rating"`, by the predicted rating. With a measure that is not symmetric, a list asks how much j
    speaks for i, as s(j, i) says, and a rating what i is like, as s(i, j) says; with `kept`, they ask the few most
    similar of j and of i. The positive similarities of all items are kept (12 bytes each); a history is all that a list
    or a rating needs, so fold-in is exact.

    Online, a person's history and bias are updated at once; what is known of items (their similarities, means and
    biases) stays as fitted.

    Sources: B. Sarwar, G. Karypis, J. Konstan and J. Riedl, "Item-Based Collaborative Filtering Recommendation
    Algorithms", WWW 2001; Y. Koren, "Factor in the Neighbors", TKDD 4(1), 2010 (the baseline variant).

    Attributes:
        variant: basic, mean, zscore or baseline: how ratings are centered.
        similarity: cosine, msd, pearson, pearson_baseline, adjusted_cosine, spearman, jaccard or
            conditional_probability, by the users who rated both items.
        neighbors: k, how many neighbors count; only those with a positive similarity do.
        min_neighbors: with fewer an estimate is the mean or the baseline alone.
        min_support: with fewer users in common two items are not similar at all.
        shrinkage: how many common users halve a similarity; none is 200 for pearson_baseline and 0 for the others.
        kept: of each item keep only that many most similar ones (8 bytes each); none keeps all.
        damping: similarity that speaks for the mean or the baseline, beside that of the neighbors.
        reg_user: damping of the user biases, in ratings.
        reg_item: damping of the item biases, in ratings.
        epochs: alternating least squares steps for the biases.
        ranking: lists rank by "similarity" or by predicted "rating".

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = lt.ItemKNN().fit(data)
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0}], n=9).of(0))
        [2, 4, 6, 8, 10, 12, 14, 16, 18]
        >>> model.explain_for({0: 5.0, 1: 1.0}, 2).text
        'because you liked 0'
        >>> all(item % 2 == 0 for item in model.similar_items([0], n=9).of(0))
        True

    Raises:
        MemoryBudgetError: (from `fit`) if the similarities would pass the memory budget; `kept` makes them fewer.
    """

    fold_in: ClassVar[FoldIn] = "exact"

    kept: int | None = hyper(None, at_least=1)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self._fit_means(train, train.items, train.n_items)
        biases = self.user_bias_[train.users]
        user_means = self._moments(train.users, train.values, train.n_users)[0][train.users]
        compared = self._compared(train.values, biases, train.items, train.items, user_means)
        by_user = in_order(train.users, train.items, compared, (train.n_users, train.n_items))
        self.similarities_ = self._similarities(by_user)
        said = self._said(train.items, train.values, biases)
        self.ratings_ = in_order(train.users, train.items, said, by_user.shape)
        self.rated_ = train.item_counts > 0

    def _similarities(self, by_user: sparse.csr_array) -> sparse.csr_array:
        by_item = by_user.T.tocsr()
        if self.kept is None:
            return similarity_matrix(by_item, by_user, self.measure)
        return nearest_rows(by_item, self.measure, self.kept).astype(np.float64)

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        people = np.unique(users)
        self.user_bias_ = self.user_bias_.copy()
        self.user_bias_[people] = self._solved_biases(self.histories_[people])
        rows = self.histories_
        said = self._said(rows.indices, rows.data, self.user_bias_[row_numbers(rows)])
        self.ratings_ = sparse.csr_array((said, rows.indices, rows.indptr), shape=rows.shape)

    # -- ratings -------------------------------------------------------------------------------------------------------

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
            self.damping,
        )
        known = (np.diff(self.ratings_.indptr)[users] > 0) & self.rated_[items]
        centers = self.user_bias_[users], items, self.peer_means_[items], self.peer_deviations_[items]
        return self._possible(self._uncentered(said, *centers), known)

    def _rate_users(self, users: IntArray) -> FloatArray:
        return self._rated(self.ratings_[users], self.user_bias_[users])

    def _rate_histories(self, histories: sparse.csr_array) -> FloatArray:
        bias = self._solved_biases(histories)
        said = self._said(histories.indices, histories.data, bias[row_numbers(histories)])
        return self._rated(sparse.csr_array((said, histories.indices, histories.indptr), shape=histories.shape), bias)

    def _rated(self, rows: sparse.csr_array, bias: AnyArray) -> FloatArray:
        rule = self.neighbors, self.min_neighbors, self.damping
        said = nearest_means(Neighbors.of(self.similarities_), rows, *rule, by_list=True)
        centers = bias[:, None], np.arange(rows.shape[1]), self.peer_means_, self.peer_deviations_
        scores = self._possible(self._uncentered(said, *centers), self.rated_)[0]
        scores[np.diff(rows.indptr) == 0] = self.mean_ + self.item_bias_
        return scores

    def _said(self, items: IntArray, ratings: FloatArray, bias: AnyArray) -> FloatArray:
        """What each rating says of items like the rated one; `bias` is the bias of its user."""
        return self._centered(ratings, bias, items, self.peer_means_[items], self.peer_deviations_[items])

    # -- lists ---------------------------------------------------------------------------------------------------------

    def _rank_users(self, users: IntArray) -> FloatArray:
        return self._rank_histories(self.histories_[users])

    def _rank_histories(self, histories: sparse.csr_array) -> FloatArray:
        found = (best_rated(histories, self.neighbors, self.top_rating_) @ self.similarities_).tocoo()
        scores = np.full(histories.shape, -np.inf, dtype=np.float32)
        scores[found.coords] = found.data
        return scores

    def _item_similarities(self, items: IntArray) -> FloatArray:
        dense: FloatArray = self.similarities_[items].toarray()
        return np.where(dense > 0, dense, np.float32(-np.inf))

    # -- reasons -------------------------------------------------------------------------------------------------------

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        if self.ranking == "similarity":
            best = best_rated(history, self.neighbors, self.top_rating_)
            return best.indices, best.data * self.similarities_[best.indices][:, [item]].toarray()[:, 0]
        similar = self.similarities_[[item]].toarray()[0]
        said = self._said(history.indices, history.data, self._solved_biases(history)[0])
        nearest, contributions = self._contributions(similar[history.indices], said)
        if self.variant == "zscore":
            contributions = contributions * self.peer_deviations_[item]
        return history.indices[nearest], contributions
