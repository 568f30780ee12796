"""What every other recommender has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.powers import PredictsRatings
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.types import BoolArray, FloatArray, IntArray

__all__ = ["Popular"]


@dataclass(kw_only=True)
class Popular(PredictsRatings):
    """Recommends what most people have rated; predicts an item's damped mean.

    Score of item i: the number of training interactions with it. Rating: (sum r_ui + damping mu) / (n_i + damping).

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
        counts = train.item_counts
        sums = np.bincount(train.items, weights=train.values, minlength=train.n_items)
        self.counts_ = counts.astype(np.float32)
        weight = np.maximum(counts + self.damping, np.finfo(np.float32).tiny)
        self.ratings_ = np.where(counts > 0, (sums + self.damping * self.mean_) / weight, self.mean_).astype(np.float32)

    def _score_histories(self, histories: sparse.csr_array) -> LowRank:
        return _same_for_all(histories.shape[0], self.counts_)

    def _rate_histories(self, histories: sparse.csr_array) -> LowRank:
        return _same_for_all(histories.shape[0], self.ratings_)

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        return self.ratings_[items], self.counts_[items] == 0


def _same_for_all(rows: int, scores: FloatArray) -> LowRank:
    return LowRank(np.zeros((rows, 1), np.float32), np.zeros((len(scores), 1), np.float32), scores)
