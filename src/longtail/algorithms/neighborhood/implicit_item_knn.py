"""Item-based nearest neighbors for clicks: what was met by the same people as the things you met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.neighborhood.implicit_knn import ImplicitKNN
from longtail.algorithms.powers import SimilarItems
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.nearest import nearest_rows
from longtail.kernels.votes import votes
from longtail.kernels.weighting import Weighting, Weights
from longtail.params import hyper
from longtail.types import FloatArray, IntArray, RealArray

__all__ = ["ImplicitItemKNN"]


@dataclass(kw_only=True)
class ImplicitItemKNN(ImplicitKNN, SimilarItems):
    """Item-based top-N: score(u, i) = sum over j in u's history, i among j's k nearest, of s(j, i) w_uj / n_j.

    s compares two items by all the people who met them (columns with zeros, not common raters only), w_uj is the
    preference of u for j, n_j the sum of j's similarities (or 1 without `normalize`). Of each item only the `neighbors`
    most similar others are kept: 8 bytes each. A history is all that a list needs, so fold-in is exact. An item that
    nothing in the history is similar to is not listed.

    Online, a person's history and the popularity of the items are updated at once; the similarities stay those of
    the fit.

    Source: M. Deshpande and G. Karypis, "Item-Based Top-N Recommendation Algorithms", TOIS 22(1), 2004: section 4.2,
    equations 4 (cosine) and 5 (conditional probability), section 4.3.2 (normalization).

    Attributes:
        similarity: cosine, jaccard, conditional_probability (of i, given j) or dot.
        weighting: none, tfidf or bm25; a person counts as a word, so that those who met everything count less.
        neighbors: k, how many neighbors of an item are kept.
        min_support: with fewer people in common two items are not similar at all.
        shrinkage: how many people in common halve a similarity.
        popularity_exponent: of conditional_probability: 0 favors what is popular, 1 what is not.
        k1: of bm25, how soon more of the same says no more.
        b: of bm25, how much an item that many met is made smaller.
        normalize: give every item of the history one vote in all, however similar its neighbors are.
        preference: see `Ranker`.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = lt.ImplicitItemKNN().fit(data)
        >>> sorted(model.recommend_for([{0: 1.0}], n=9).of(0))
        [2, 4, 6, 8, 10, 12, 14, 16, 18]
        >>> model.explain_for({0: 1.0}, 2).text
        'because you liked 0'
    """

    weighting: Weighting = "tfidf"
    neighbors: int = hyper(20, at_least=1, search=(10, 500), log=True)
    shrinkage: float = hyper(5.0, at_least=0.0, search=(0.0, 100.0))
    normalize: bool = True

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        items = weights.T.tocsr()
        weighed = Weights.of(items, self.weighting, self.k1, self.b)(items)
        self.similarities_ = nearest_rows(weighed, self.measure, self.neighbors)
        sums = self.similarities_.sum(axis=1) if self.normalize else np.ones(len(train.item_counts))
        self.shares_ = np.where(sums > 0, 1.0 / np.maximum(sums, 1e-30), 0.0).astype(np.float32)

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        self._recount()

    def _score_preferences(self, weights: sparse.csr_array) -> FloatArray:
        shared = weights.data * self.shares_[weights.indices]
        return votes(sparse.csr_array((shared, weights.indices, weights.indptr), weights.shape), self.similarities_)

    def _item_similarities(self, items: IntArray) -> FloatArray:
        similar: FloatArray = self.similarities_[items].toarray()
        return np.where(similar > 0, similar, np.float32(-np.inf))

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        weights = self._preferences(history)
        similar = self.similarities_[weights.indices][:, [item]].toarray()[:, 0]
        spoke = similar > 0
        voted = weights.data * self.shares_[weights.indices] * similar
        return weights.indices[spoke], voted.astype(np.float64)[spoke]
