"""What every other recommender has to beat: chance, popularity, and the mean with its biases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import ndtri

from longtail.algorithms.base import FoldIn
from longtail.algorithms.powers import LearnsOnline, PredictsRatings
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.bias import als_biases, sgd_biases, solve_biases
from longtail.kernels.parallel import run_rows
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray

__all__ = ["Bias", "Popular", "Random"]

Hash = npt.NDArray[np.uint64]


@dataclass(kw_only=True)
class Random(PredictsRatings):
    """Draws every rating from the normal distribution of the training ratings: r_ui ~ N(mu, sigma^2).

    A draw is a hash of (seed, user, item), so it is the same whenever it is asked for, in any order and on any number
    of threads; for someone known only by a history, a hash of (seed, history, item). Lists rank by the draws before
    they are clipped to the rating scale: clipped draws tie at the top and would list items in catalogue order. For the
    same reason sigma is 1 where all values are alike, as those of most clicks are.

    Examples:
        >>> import longtail as lt
        >>> data = lt.Interactions.from_frame({"user": [1, 2, 2], "item": [10, 10, 20], "rating": [5.0, 4.0, 1.0]})
        >>> model = lt.make("random", seed=3).fit(data)
        >>> bool((model.predict([1, 2], [20, 20]) == model.predict([1, 2], [20, 20])).all())
        True
    """

    fold_in: ClassVar[FoldIn] = "fallback"

    seed: int = hyper(0, at_least=0)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self.mean_ = float(train.values.mean(dtype=np.float64))
        self.deviation_ = float(train.values.std(dtype=np.float64)) or 1.0

    def _score_users(self, users: IntArray) -> FloatArray:
        return self._draw_rows(self._user_keys(users))

    def _score_histories(self, histories: sparse.csr_array) -> FloatArray:
        entries = _scrambled(_scrambled(histories.indices) ^ _as_hash(histories.data.view(np.uint32)))
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(entries, dtype=np.uint64)])
        content = sums[histories.indptr[1:]] - sums[histories.indptr[:-1]]
        return self._draw_rows(_scrambled(content ^ _scrambled(np.array([self.seed]))))

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        return self._draw(self._user_keys(users), items), np.zeros(len(users), dtype=np.bool_)

    def _user_keys(self, users: IntArray) -> Hash:
        return _scrambled(_scrambled(np.array([self.seed])) + _as_hash(users))

    def _draw_rows(self, keys: Hash) -> FloatArray:
        items = np.arange(len(self.item_ids_))
        scores = np.empty((len(keys), len(items)), dtype=np.float32)

        def fill(lo: int, hi: int) -> None:
            scores[lo:hi] = self._draw(keys[lo:hi, None], items)

        run_rows(fill, len(keys), tile=4)
        return scores

    def _draw(self, keys: Hash, items: AnyArray) -> FloatArray:
        uniform = ((_scrambled(keys + _as_hash(items)) >> np.uint64(11)) + 0.5) * 2.0**-53
        return (self.mean_ + self.deviation_ * ndtri(uniform)).astype(np.float32)


@dataclass(kw_only=True)
class Popular(PredictsRatings, LearnsOnline):
    """Recommends what most people have rated; predicts an item's damped mean.

    Score of item i: the number of training interactions with it. Rating: (sum r_ui + damping mu) / (n_i + damping).
    What it learns online is what a refit would learn.

    Examples:
        >>> import longtail as lt
        >>> data = lt.Interactions.from_frame({"user": [1, 2, 2], "item": [10, 10, 20], "rating": [5.0, 4.0, 1.0]})
        >>> lt.make("popular").fit(data).recommend([1], n=1).of(1)
        [20]
    """

    fold_in: ClassVar[FoldIn] = "fallback"
    scores_are_ratings: ClassVar[bool] = False

    damping: float = hyper(5.0, at_least=0.0, search=(0.0, 50.0))

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self._count()

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        self.mean_ = float(self.histories_.data.mean(dtype=np.float64))
        self._count()

    def _count(self) -> None:
        items, n_items = self.histories_.indices, self.histories_.shape[1]
        counts = np.bincount(items, minlength=n_items)
        sums = np.bincount(items, weights=self.histories_.data, minlength=n_items)
        self.counts_ = counts.astype(np.float32)
        weight = np.maximum(counts + self.damping, np.finfo(np.float32).tiny)
        self.ratings_ = np.where(counts > 0, (sums + self.damping * self.mean_) / weight, self.mean_).astype(np.float32)

    def _score_histories(self, histories: sparse.csr_array) -> LowRank:
        return _same_for_all(histories.shape[0], self.counts_)

    def _rate_histories(self, histories: sparse.csr_array) -> LowRank:
        return _same_for_all(histories.shape[0], self.ratings_)

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        return self.ratings_[items], self.counts_[items] == 0


@dataclass(kw_only=True)
class Bias(PredictsRatings):
    """The mean, plus how generous the user and how liked the item: r_ui = mu + b_u + b_i  (Koren 2010, section 2.1).

    `method="als"` solves b_i = sum (r - mu - b_u) / (reg_item + n_i), then b_u likewise, `epochs` times; `"sgd"` goes
    through the ratings `epochs` times with `learning_rate` and `regularization`. A user or item without ratings has
    bias 0. Everyone's list has the same order: the best-rated items first.

    Fold-in: a new person's bias is solved from the history as above, the items' biases fixed. With ALS a training
    user's history gives that user's bias again.

    Source: Y. Koren, "Factor in the Neighbors: Scalable and Accurate Collaborative Filtering", TKDD 4(1), 2010.

    Examples:
        >>> import longtail as lt
        >>> data = lt.Interactions.from_frame({"user": [1, 1, 2], "item": [10, 20, 10], "rating": [5.0, 3.0, 4.0]})
        >>> model = lt.Bias(reg_user=1.0, reg_item=1.0, epochs=1).fit(data)
        >>> [round(float(rating), 4) for rating in model.predict([1, 2], [20, 20])]
        [3.5556, 3.3333]
    """

    fold_in: ClassVar[FoldIn] = "solved"

    method: Literal["als", "sgd"] = "als"
    reg_user: float = hyper(5.0, at_least=0.0, search=(0.5, 30.0), log=True)
    reg_item: float = hyper(5.0, at_least=0.0, search=(0.5, 30.0), log=True)
    epochs: int = hyper(10, at_least=1, search=(1, 40))
    learning_rate: float = hyper(0.005, at_least=0.0, search=(0.001, 0.02), log=True)
    regularization: float = hyper(0.02, at_least=0.0, search=(0.001, 0.2), log=True)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self.mean_ = float(train.values.mean(dtype=np.float64))
        if self.method == "als":
            self.user_bias_, self.item_bias_ = als_biases(
                train.by_user,
                train.by_item,
                self.mean_,
                epochs=self.epochs,
                reg_user=self.reg_user,
                reg_item=self.reg_item,
            )
        else:
            self.user_bias_, self.item_bias_ = sgd_biases(
                train.users,
                train.items,
                train.values,
                self.mean_,
                shape=(train.n_users, train.n_items),
                epochs=self.epochs,
                learning_rate=self.learning_rate,
                regularization=self.regularization,
            )

    def _score_histories(self, histories: sparse.csr_array) -> LowRank:
        return self._scores(solve_biases(histories, self.item_bias_, self.mean_, self.reg_user).astype(np.float32))

    def _score_users(self, users: IntArray) -> LowRank:
        return self._scores(self.user_bias_[users])

    def _scores(self, user_bias: FloatArray) -> LowRank:
        item_rating = np.float32(self.mean_) + self.item_bias_
        return LowRank(user_bias[:, None], np.ones((len(item_rating), 1), np.float32), item_rating)

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        estimates = np.float32(self.mean_) + self.user_bias_[users] + self.item_bias_[items]
        return estimates, np.zeros(len(users), dtype=np.bool_)


def _same_for_all(rows: int, scores: FloatArray) -> LowRank:
    return LowRank(np.zeros((rows, 1), np.float32), np.zeros((len(scores), 1), np.float32), scores)


def _as_hash(numbers: AnyArray) -> Hash:
    return numbers.astype(np.uint64)


def _scrambled(numbers: AnyArray) -> Hash:
    """SplitMix64, a one-to-one hash of 64-bit words (Steele, Lea and Flood 2014, section 5)."""
    word = _as_hash(numbers) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))
