"""Content-based nearest neighbors: what a person said of items that are like this one by what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.content.content_model import ContentModel
from longtail.algorithms.content.features import Combine, Feature, Rule, known_items, similarities
from longtail.algorithms.content.weights import FLOOR, learned_weights
from longtail.algorithms.histories import best_rated, in_order, row_numbers
from longtail.algorithms.powers import PredictsRatings
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.bias import als_biases, solve_biases
from longtail.kernels.neighbors import nearest_means, nearest_means_of_pairs
from longtail.kernels.similarity import Neighbors
from longtail.params import hyper
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, RealArray

__all__ = ["ContentKNN"]

BLOCK_BYTES = 16 * 2**20
"""Similarities held at a time: those of a block of items to every item that somebody asked for has rated."""
CHUNK = 2**15
"""Similarities computed at once for single pairs, which are asked for a few people at a time."""


@dataclass(kw_only=True)
class ContentKNN(ContentModel, PredictsRatings):
    """Content-based nearest neighbors: a weighted mean of the person's own ratings of the most similar items.

    With N the `neighbors` items most similar to i that u has rated, s the similarity by content (see
    `longtail.algorithms.content.features`) and d the `damping`:

        basic      mu   + sum over j in N of s(i, j) (r_uj - mu)   / (d + sum s(i, j))
        mean       mu_u + sum over j in N of s(i, j) (r_uj - mu_u) / (d + sum s(i, j))
        baseline   b_ui + sum over j in N of s(i, j) (r_uj - b_uj) / (d + sum s(i, j))       b_ui = mu + b_u + b_i

    Lists rank, with L the `neighbors` items the person rated highest, by

        sum over j in L of s(i, j) r_uj / (highest rating)

    or, with `ranking="rating"`, by the predicted rating. Nobody else's ratings are needed for an item, so one that
    nobody has met yet is recommended like any other. Of items equally similar, those rated first count (in a history
    that it never saw, those that come first in the catalogue).

    Sources: M. Pazzani and D. Billsus, "Content-Based Recommendation Systems", The Adaptive Web 2007, section 10.4
    (nearest neighbors); the variants are those of `longtail.algorithms.neighborhood.knn`.

    Attributes:
        features: names joined by +, each with a weight behind * if it is not 1.
        combine: "product" or "mean" of the similarities by single features.
        decay: years within which the similarity of years falls to 1/e.
        weights: the weights of the features are those "given", or "learned" from the training ratings.
        variant: what ratings are centered on.
        neighbors: k, how many items count; only those with a positive similarity do.
        min_neighbors: with fewer an estimate is the mean or the baseline alone.
        damping: similarity that speaks for the mean or the baseline, beside that of the neighbors.
        reg_user: damping of the user biases, in ratings.
        reg_item: damping of the item biases, in ratings.
        epochs: alternating least squares steps for the biases.
        ranking: lists rank by "similarity" to what the person likes, or by predicted "rating".
        seed: which training ratings weights are learned from.
        feature_names_: names of the features.
        feature_weights_: (n_features,) float64, the weight in use of each.
        decays_: (n_features,) float64, of numbers the difference that is a similarity of 1/e.
        typical_: (n_features,) float64, mean similarity of two items by each.
        feature_N_: values of the N-th feature, see `longtail.algorithms.content.features.Feature`.

    Examples:
        >>> import longtail as lt
        >>> import polars as pl
        >>> films = pl.DataFrame({"item": [1, 2, 3], "year": [1979, 1986, 1942], "genres": [["SF"], ["SF"], ["War"]]})
        >>> data = lt.Interactions.from_frame({"user": [7, 7], "item": [1, 3], "rating": [5.0, 2.0]}, scale=(1, 5))
        >>> data = data.with_catalog(lt.Catalog(films)).with_items()
        >>> model = lt.ContentKNN(variant="basic", damping=0.0).fit(data)
        >>> model.predict([7], [2]).tolist()  # nobody has rated 2, and 1 is like it
        [5.0]
        >>> model.recommend([7], n=1).of(7), model.explain(7, 2).text
        ([2], 'because you liked 1')

    Learning online takes in the person's ratings, as they would count in a refit, but leaves the biases of the items
    and the weights as they are.
    """

    fold_in: ClassVar[FoldIn] = "exact"

    combine: Combine = "product"
    weights: Literal["given", "learned"] = "given"
    variant: Literal["basic", "mean", "baseline"] = "baseline"
    neighbors: int = hyper(40, at_least=1, search=(15, 200), log=True)
    min_neighbors: int = hyper(1, at_least=1)
    damping: float = hyper(3.0, at_least=0.0, search=(0.1, 10.0), log=True)
    reg_user: float = hyper(5.0, at_least=0.0, search=(0.5, 30.0), log=True)
    reg_item: float = hyper(5.0, at_least=0.0, search=(0.5, 30.0), log=True)
    epochs: int = hyper(10, at_least=1)
    ranking: Literal["similarity", "rating"] = "similarity"
    seed: int = hyper(0, at_least=0)

    @property
    def scores_are_ratings(self) -> bool:  # type: ignore[override]
        """Whether the scores that rank are predicted ratings."""
        return self.ranking == "rating"

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        features, weights, _ = self._read(train, catalog)
        self.feature_names_ = [feature.name for feature in features]
        self.feature_weights_ = np.array(weights)
        self.decays_ = np.array([feature.decay for feature in features])
        self.typical_ = np.array([feature.typical for feature in features])
        for number, feature in enumerate(features):
            setattr(self, f"feature_{number}_", feature.values)
        self.item_bias_ = als_biases(
            train.by_user,
            train.by_item,
            self.mean_,
            epochs=self.epochs,
            reg_user=self.reg_user,
            reg_item=self.reg_item,
        )[1]
        self.top_rating_ = float(np.abs(train.scale or train.values).max()) or 1.0
        self.popularity_ = (train.item_counts / train.item_counts.max()).astype(np.float32)
        self.ratings_ = in_order(train.users, train.items, train.values, (train.n_users, train.n_items))
        if self.weights == "learned":
            said, _ = self._centered(self.ratings_)
            rule = self.neighbors, self.damping, self.seed
            self.feature_weights_ = learned_weights(features, said, self._rule, *rule)

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        before = self.ratings_.tocoo()
        rows, columns = np.concatenate([before.coords[0], users]), np.concatenate([before.coords[1], items])
        keys = rows.astype(np.int64) * self.ratings_.shape[1] + columns
        last = len(keys) - 1 - np.unique(keys[::-1], return_index=True)[1]
        last.sort()
        rated = np.concatenate([before.data, values])
        self.ratings_ = in_order(rows[last], columns[last], rated[last], self.ratings_.shape)
        counts = np.bincount(self.histories_.indices, minlength=len(self.item_ids_))
        self.popularity_ = (counts / counts.max()).astype(np.float32)

    # -- content -------------------------------------------------------------------------------------------------------

    @property
    def _rule(self) -> Rule:
        return Rule(self.combine, self.feature_weights_, FLOOR if self.weights == "learned" else 0.0)

    def _features(self) -> list[Feature]:
        facts = zip(self.feature_names_, self.decays_.tolist(), self.typical_.tolist(), strict=True)
        return [
            Feature(name, getattr(self, f"feature_{number}_"), decay, typical)
            for number, (name, decay, typical) in enumerate(facts)
        ]

    def _alike(self, rows: IntArray, columns: IntArray) -> RealArray:
        return similarities(self._features(), rows, columns, self._rule)

    def _item_similarities(self, items: IntArray) -> FloatArray:
        similar = self._alike(items, np.arange(len(self.item_ids_), dtype=np.int32)).astype(np.float32)
        return np.where(similar > 0, similar, np.float32(-np.inf))

    # -- ratings -------------------------------------------------------------------------------------------------------

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        people, person = np.unique(users, return_inverse=True)
        said, centers = self._centered(self.ratings_[people])
        means = np.empty(len(users), dtype=np.float32)
        order = np.lexsort((items, person))
        starts = np.searchsorted(person[order], np.arange(len(people) + 1))
        features = self._features()
        for lo, hi in _chunks(np.diff(starts), np.diff(said.indptr)):
            pairs = order[starts[lo] : starts[hi]]
            means[pairs] = self._means_of_pairs(features, said[lo:hi], person[pairs] - lo, items[pairs])
        known = np.diff(said.indptr)[person] > 0
        return self._possible(self._uncentered(means, centers[person], items), known)

    def _means_of_pairs(
        self, features: list[Feature], said: sparse.csr_array, person: AnyArray, items: IntArray
    ) -> FloatArray:
        """What the neighbors say of each pair of a row of `said` and an item."""
        means = np.empty(len(items), dtype=np.float32)
        order = np.argsort(items, kind="stable")
        asked, first = np.unique(items[order], return_index=True)
        edges = np.append(first, len(items))
        for lo, hi, near, lists in self._blocks(features, asked, said):
            pairs = order[edges[lo] : edges[hi]]
            rows = np.repeat(np.arange(hi - lo, dtype=np.int32), np.diff(edges[lo : hi + 1]))
            wanted = rows, person[pairs].astype(np.int32)
            means[pairs] = nearest_means_of_pairs(
                near, lists, *wanted, self.neighbors, self.min_neighbors, self.damping
            )
        return means

    def _rate_users(self, users: IntArray) -> FloatArray:
        return self._rate_histories(self.ratings_[users])

    def _rate_histories(self, histories: sparse.csr_array) -> FloatArray:
        said, centers = self._centered(histories)
        items = np.arange(histories.shape[1], dtype=np.int32)
        means = np.empty(histories.shape, dtype=np.float32)
        rule = self.neighbors, self.min_neighbors, self.damping
        for lo, hi, near, lists in self._blocks(self._features(), items, said):
            means[:, lo:hi] = nearest_means(near, lists, *rule, by_list=True)
        known = np.diff(said.indptr)[:, None] > 0
        return self._possible(self._uncentered(means, centers[:, None], items), known)[0]

    def _blocks(
        self, features: list[Feature], items: IntArray, said: sparse.csr_array
    ) -> Iterator[tuple[int, int, Neighbors, sparse.csr_array]]:
        """Blocks lo..hi of `items`, their neighbors among the items of `said`, and `said` over these alone."""
        columns, compact = np.unique(said.indices, return_inverse=True)
        lists = sparse.csr_array(
            (said.data, compact.astype(np.int32), said.indptr), shape=(said.shape[0], len(columns))
        )
        rule = self._rule
        step = max(1, BLOCK_BYTES // (8 * max(1, len(columns))))
        for lo in range(0, len(items), step):
            similar = similarities(features, items[lo : lo + step], columns, rule)
            yield lo, lo + len(similar), _positive(similar), lists

    def _centered(self, rows: sparse.csr_array) -> tuple[sparse.csr_array, RealArray]:
        """What is left of ratings when the center of each person (and with it the item's bias) is taken off."""
        counts = np.diff(rows.indptr)
        person = row_numbers(rows)
        centers = np.full(len(counts), self.mean_)
        left = rows.data.astype(np.float64)
        if self.variant == "mean":
            sums = np.bincount(person, left, len(counts))
            centers = np.where(counts > 0, sums / np.maximum(counts, 1), self.mean_)
        if self.variant == "baseline":
            centers = self.mean_ + solve_biases(rows, self.item_bias_, self.mean_, self.reg_user)
            left = left - self.item_bias_[rows.indices]
        left = (left - centers[person]).astype(np.float32)
        return sparse.csr_array((left, rows.indices, rows.indptr), shape=rows.shape), centers

    def _uncentered(self, means: FloatArray, centers: RealArray, items: IntArray) -> RealArray:
        if self.variant == "basic":
            return centers + means
        estimates = centers + np.nan_to_num(means.astype(np.float64))
        return estimates + self.item_bias_[items] if self.variant == "baseline" else estimates

    def _possible(self, estimates: RealArray, known: BoolArray) -> tuple[FloatArray, BoolArray]:
        """Estimates, with the training mean where there is nothing to go by, and where that is."""
        impossible = np.isnan(estimates)
        if self.variant == "mean":
            impossible = impossible | ~known
        return np.where(impossible, self.mean_, estimates).astype(np.float32), impossible

    # -- lists ---------------------------------------------------------------------------------------------------------

    def _score_users(self, users: IntArray) -> FloatArray:
        return self._score_histories(self.ratings_[users] if self.scores_are_ratings else self.histories_[users])

    def _score_histories(self, histories: sparse.csr_array) -> FloatArray:
        if self.scores_are_ratings:
            scores = self._rate_histories(histories)
        else:
            scores = self._likeness(histories)
            scores[np.diff(histories.indptr) == 0] = self.popularity_
        scores[:, ~(known_items(self._features()) | (self.popularity_ > 0))] = -np.inf
        return scores

    def _likeness(self, histories: sparse.csr_array) -> FloatArray:
        """How similar every item is to the best-rated ones of each history; -inf where not at all."""
        best = best_rated(histories, self.neighbors, self.top_rating_)
        items = np.arange(histories.shape[1], dtype=np.int32)
        scores = np.empty(histories.shape, dtype=np.float32)
        for lo, hi, near, parts in self._blocks(self._features(), items, best):
            shape = hi - lo, near.size
            table = sparse.csr_array((near.weights, near.indices, np.append(near.starts, near.ends[-1])), shape=shape)
            scores[:, lo:hi] = (parts @ table.T).toarray()
        return np.where(scores > 0, scores, np.float32(-np.inf))

    # -- reasons -------------------------------------------------------------------------------------------------------

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        rated = (
            best_rated(history, self.neighbors, self.top_rating_)
            if self.ranking == "similarity"
            else self._centered(history)[0]
        )
        similar = self._alike(np.array([item], dtype=np.int32), rated.indices)[0]
        if self.ranking == "similarity":
            return rated.indices, rated.data * similar
        nearest = np.argsort(-similar, kind="stable")[: self.neighbors]
        nearest = nearest[similar[nearest] > 0]
        if len(nearest) < self.min_neighbors:
            nearest = nearest[:0]
        share = similar[nearest] / (self.damping + similar[nearest].sum())
        return rated.indices[nearest], share * rated.data[nearest]


def _chunks(asked: AnyArray, rated: AnyArray) -> Iterator[tuple[int, int]]:
    """Consecutive people lo..hi, as many as keep (items asked about) x (items rated) small, and at least one."""
    lo, pairs, ratings = 0, 0, 0
    for person, (wanted, known) in enumerate(zip(asked.tolist(), rated.tolist(), strict=True)):
        if person > lo and (pairs + wanted) * (ratings + known) > CHUNK:
            yield lo, person
            lo, pairs, ratings = person, 0, 0
        pairs, ratings = pairs + wanted, ratings + known
    if len(asked):
        yield lo, len(asked)


def _positive(similar: RealArray) -> Neighbors:
    """The positive similarities of a table."""
    positive = similar > 0
    ends = np.cumsum(positive.sum(axis=1), dtype=np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    return Neighbors(starts, ends, np.nonzero(positive)[1].astype(np.int32), similar[positive], similar.shape[1])
