"""What the user-based and the item-based nearest-neighbor methods share: their parameters and their arithmetic.

Both estimate a rating from the k most similar neighbors N as a weighted mean of what the neighbors say, centered in
one of four ways. With x the user (user-based) or the item (item-based), s(x, x') the similarity to a neighbor x' in N
and d the damping:

```
basic      mu     +         sum s(x, x') (r(x') - mu)               / (d + sum s(x, x'))
mean       mu_x   +         sum s(x, x') (r(x') - mu_x')            / (d + sum s(x, x'))
zscore     mu_x   + sigma_x sum s(x, x') (r(x') - mu_x') / sigma_x' / (d + sum s(x, x'))
baseline   b_ui   +         sum s(x, x') (r(x') - b(x'))            / (d + sum s(x, x'))       b_ui = mu + b_u + b_i
```

mu_x and sigma_x are the mean and the standard deviation of x's ratings, b(x') the baseline of the rating r(x'). Damping
draws an estimate over few or hardly similar neighbors to what is known without them; with d = 0 these are the formulas
of the textbooks (Herlocker et al. 1999; Koren 2010, equation 3).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.base import Scores
from longtail.algorithms.powers import Explains, LearnsOnline, PredictsRatings
from longtail.data.interactions import Interactions
from longtail.kernels.bias import als_biases, solve_biases
from longtail.kernels.measures import Measure, mean_ranks
from longtail.params import hyper
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, RealArray

__all__ = ["KNN"]

Similarity = Literal[
    "cosine",
    "msd",
    "pearson",
    "pearson_baseline",
    "adjusted_cosine",
    "spearman",
    "jaccard",
    "conditional_probability",
]


@dataclass(kw_only=True)
class KNN(PredictsRatings, Explains, LearnsOnline, ABC):
    """Base of the nearest-neighbor methods.

    Attributes:
        variant: how ratings are centered, see the module.
        similarity: how two users (or items) are compared, see `longtail.kernels.measures.Measure`.
        neighbors: k, how many neighbors count; only those with a positive similarity do.
        min_neighbors: with fewer there is nothing to say beyond the mean or the baseline.
        min_support: with fewer ratings in common two users (or items) are not similar at all.
        shrinkage: how many common ratings halve a similarity; none is that of the measure.
        damping: similarity that speaks for the mean or the baseline, beside that of the neighbors.
        reg_user: damping of the user biases b_u, in ratings.
        reg_item: damping of the item biases b_i, in ratings.
        epochs: alternating least squares steps for the biases.
        ranking: lists rank by "similarity" to what the person likes (see the class), or by predicted "rating".
    """

    variant: Literal["basic", "mean", "zscore", "baseline"] = "baseline"
    similarity: Similarity = "pearson_baseline"
    neighbors: int = hyper(50, at_least=1, search=(10, 200), log=True)
    min_neighbors: int = hyper(1, at_least=1)
    min_support: int = hyper(1, at_least=1)
    shrinkage: float | None = hyper(None, at_least=0.0, search=(10.0, 1000.0), log=True)
    damping: float = hyper(0.1, at_least=0.0, search=(0.01, 3.0), log=True)
    reg_user: float = hyper(5.0, at_least=0.0, search=(0.5, 30.0), log=True)
    reg_item: float = hyper(5.0, at_least=0.0, search=(0.5, 30.0), log=True)
    epochs: int = hyper(10, at_least=1)
    ranking: Literal["similarity", "rating"] = "similarity"

    @property
    def scores_are_ratings(self) -> bool:  # type: ignore[override]
        """Whether the scores that rank are predicted ratings."""
        return self.ranking == "rating"

    @property
    def measure(self) -> Measure:
        """How two users (or items) are compared."""
        return Measure(self.similarity, self.min_support, self.shrinkage)

    # -- lists ---------------------------------------------------------------------------------------------------------

    @abstractmethod
    def _rank_users(self, users: IntArray) -> FloatArray:
        """Scores of training users when `ranking="similarity"`."""

    @abstractmethod
    def _rank_histories(self, histories: sparse.csr_array) -> FloatArray:
        """Scores of histories when `ranking="similarity"`."""

    def _score_users(self, users: IntArray) -> Scores:
        return self._rate_users(users) if self.scores_are_ratings else self._rank_users(users)

    def _score_histories(self, histories: sparse.csr_array) -> Scores:
        return self._rate_histories(histories) if self.scores_are_ratings else self._rank_histories(histories)

    # -- centering -----------------------------------------------------------------------------------------------------

    def _fit_means(self, train: Interactions, peers: IntArray, n_peers: int) -> None:
        """Learn the means, deviations and biases; `peers` is the user (or item) each training rating belongs to."""
        self.deviation_ = float(train.values.std(dtype=np.float64)) or 1.0
        self.peer_means_, self.peer_deviations_ = self._moments(peers, train.values, n_peers)
        self.user_bias_, self.item_bias_ = als_biases(
            train.by_user,
            train.by_item,
            self.mean_,
            epochs=self.epochs,
            reg_user=self.reg_user,
            reg_item=self.reg_item,
        )
        self.top_rating_ = float(np.abs(train.scale or train.values).max()) or 1.0

    def _moments(self, groups: AnyArray, values: FloatArray, n_groups: int) -> tuple[RealArray, RealArray]:
        """Mean and standard deviation of each group; those of all training ratings for an empty (constant) one.

        The deviation is 1 where all training ratings are the same.
        """
        counts = np.bincount(groups, minlength=n_groups)
        filled = np.maximum(counts, 1)
        means = np.bincount(groups, weights=values, minlength=n_groups) / filled
        squares = np.bincount(groups, weights=(values - means[groups]) ** 2, minlength=n_groups) / filled
        means[counts == 0] = self.mean_
        return means, np.where(squares > 0, np.sqrt(squares), self.deviation_)

    def _solved_biases(self, histories: sparse.csr_array) -> RealArray:
        return solve_biases(histories, self.item_bias_, self.mean_, self.reg_user)

    def _residuals(self, values: FloatArray, user_bias: AnyArray, items: IntArray) -> RealArray:
        """What the biases leave of ratings: r - mu - b_u - b_i."""
        baseline: RealArray = self.mean_ + np.asarray(user_bias, np.float64) + self.item_bias_[items]
        return values - baseline

    def _compared(
        self, values: FloatArray, user_bias: AnyArray, items: IntArray, peers: AnyArray, other_means: RealArray
    ) -> FloatArray:
        """What the similarity is computed on.

        Args:
            values: (n,) ratings.
            user_bias: (n,) the bias of the user of each.
            items: (n,) its item.
            peers: (n,) its user where users are compared, its item where items are.
            other_means: (n,) the mean rating of its item where users are compared, of its user where items are.
        """
        if self.similarity == "pearson_baseline":
            return self._residuals(values, user_bias, items).astype(np.float32)
        if self.similarity == "adjusted_cosine":
            return (values - other_means).astype(np.float32)
        return mean_ranks(peers, values) if self.similarity == "spearman" else values

    def _centered(
        self, values: FloatArray, user_bias: AnyArray, items: IntArray, means: RealArray, deviations: RealArray
    ) -> FloatArray:
        """What the neighbors say: ratings less the mean or baseline that the variant has."""
        if self.variant == "baseline":
            return self._residuals(values, user_bias, items).astype(np.float32)
        if self.variant == "basic":
            return values - np.float32(self.mean_)
        spread = deviations if self.variant == "zscore" else 1.0
        return ((values - means) / spread).astype(np.float32)

    def _uncentered(
        self, said: FloatArray, user_bias: AnyArray, items: AnyArray, means: AnyArray, deviations: AnyArray
    ) -> RealArray:
        """The estimates, given what the neighbors say; NaN where a basic estimate has no neighbors."""
        if self.variant == "basic":
            return np.float32(self.mean_) + said.astype(np.float64)
        moved = np.nan_to_num(said, nan=0.0)
        if self.variant == "baseline":
            return self.mean_ + user_bias + self.item_bias_[items].astype(np.float64) + moved
        return means + (deviations * moved if self.variant == "zscore" else moved)

    def _possible(self, estimates: RealArray, known: BoolArray) -> tuple[FloatArray, BoolArray]:
        """Estimates with the training mean where nothing is known of the user or item, and where that is."""
        impossible = np.isnan(estimates)
        if self.variant != "baseline":
            impossible = impossible | ~known
        return np.where(impossible, self.mean_, estimates).astype(np.float32), impossible

    def _contributions(self, weights: RealArray, said: FloatArray) -> tuple[IntArray, RealArray]:
        """The neighbors that count, by position, and what each adds to the (centered) estimate."""
        nearest = np.argsort(-weights, kind="stable")[: self.neighbors].astype(np.int32)
        nearest = nearest[weights[nearest] > 0]
        if len(nearest) < self.min_neighbors:
            return np.empty(0, np.int32), np.empty(0)
        share: RealArray = weights[nearest] / (self.damping + weights[nearest].sum())
        return nearest, share * said[nearest]
