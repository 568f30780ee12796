"""User-based nearest neighbors for clicks: what people met who met the same things as you."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.base import Scores
from longtail.algorithms.neighborhood.implicit_knn import ImplicitKNN
from longtail.algorithms.neighborhood.people import same_people
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.nearest import nearest_rows
from longtail.kernels.votes import votes
from longtail.kernels.weighting import Weights
from longtail.types import FloatArray, IntArray, RealArray

__all__ = ["ImplicitUserKNN"]


@dataclass(kw_only=True)
class ImplicitUserKNN(ImplicitKNN):
    """User-based top-N: score(u, i) = sum over the k users v most similar to u who met i of s(u, v) w_vi.

    s compares two people by all the items they met, w_vi is the preference of v for i. Nothing is kept but the
    interactions, twice: neighbors are found when asked for, and a new person's as if they had been there, so fold-in is
    exact. Someone with exactly the history of a training user is taken to be that user, who is not their own neighbor.

    What is learned online is what a refit would learn: the interactions are arranged anew, in time proportional to
    their number.

    Source: B. Sarwar, G. Karypis, J. Konstan and J. Riedl, "Analysis of Recommendation Algorithms for E-Commerce",
    EC 2000, section 3.

    Attributes:
        similarity: cosine, jaccard, conditional_probability (of v's things, given u's) or dot.
        weighting: none, tfidf or bm25; an item counts as a word, so that what everybody met counts less.
        neighbors: k, how many people count.
        min_support: with fewer items in common two people are not similar at all.
        shrinkage: how many items in common halve a similarity.
        popularity_exponent: of conditional_probability: how much less people count who met much.
        k1: of bm25, how soon more of the same says no more.
        b: of bm25, how much a long history is made shorter.
        preference: see `Ranker`.

    Examples:
        >>> import longtail as lt
        >>> rows = [("ann", "Alien"), ("bob", "Alien"), ("bob", "Blade"), ("eve", "Emma"), ("dan", "Heat")]
        >>> users, items = zip(*rows, strict=True)
        >>> model = lt.ImplicitUserKNN().fit(lt.Interactions.from_frame({"user": users, "item": items}))
        >>> model.recommend(["ann"]).of("ann")
        ['Blade']
        >>> model.explain("ann", "Blade").text
        'liked by one person with your taste'
    """

    reason_kind: ClassVar[Literal["item", "user"]] = "user"

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        self._arrange(weights)

    def _arrange(self, weights: sparse.csr_array) -> None:
        learned = Weights.of(weights, self.weighting, self.k1, self.b)
        self.rarity_, self.average_ = learned.rarity, learned.average
        self.weights_, self.by_item_ = weights, learned(weights).T.tocsr()

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        self._recount()
        self._arrange(self._preferences(self.histories_))

    def _score_users(self, users: IntArray) -> Scores:
        weights = self.weights_[users]
        return self._ranked(self._score_people(weights, users), np.diff(self.histories_.indptr)[users] == 0)

    def _score_histories(self, histories: sparse.csr_array) -> Scores:
        scores = self._score_people(self._preferences(histories), same_people(histories, self.histories_))
        return self._ranked(scores, np.diff(histories.indptr) == 0)

    def _score_preferences(self, weights: sparse.csr_array) -> FloatArray:
        return self._score_people(weights, np.full(weights.shape[0], -1, dtype=np.int32))

    def _score_people(self, weights: sparse.csr_array, own: IntArray) -> FloatArray:
        return votes(self._nearest(weights, own), self.weights_)

    def _nearest(self, weights: sparse.csr_array, own: IntArray) -> sparse.csr_array:
        weigh = Weights(self.weighting, self.rarity_, self.average_, self.k1, self.b)
        return nearest_rows(weigh(weights), self.measure, self.neighbors, by_column=self.by_item_, leave_out=own)

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        near = self._nearest(self._preferences(history), same_people(history, self.histories_))
        met = self.weights_[near.indices][:, [item]].toarray()[:, 0]
        return near.indices[met != 0], (near.data * met).astype(np.float64)[met != 0]
