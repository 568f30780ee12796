"""What algorithms share that learn preferences and rank by them, predicting no ratings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import Recommender, Scores
from longtail.algorithms.preferences import Preference, preferences, top_rating
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.topk import LowRank
from longtail.types import BoolArray, FloatArray

__all__ = ["Ranker"]


@dataclass(kw_only=True)
class Ranker(Recommender, ABC):
    """A recommender that learns from weights of preference, of ratings as of clicks, and only ranks.

    Someone without a history gets what most people have met. An item that nobody has met is never recommended.

    Attributes:
        preference: how much an interaction says: the "value" of the rating as a part of the highest, the same for all
            ("binary"), or the same for those "liked" at least as much as the person's mean, and nothing for the others.
        highest_: what makes a rating a part.
        popularity_: (n_items,) float32, training interactions as a part of those of the most popular item.
    """

    scores_are_ratings: ClassVar[bool] = False

    preference: Preference = "value"

    @abstractmethod
    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        """Learn from `weights` (n_users, n_items), the preferences of the training data."""

    @abstractmethod
    def _score_preferences(self, weights: sparse.csr_array) -> Scores:
        """Scores (n, n_items) for people known only by their preferences."""

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self.highest_ = top_rating(train.scale)
        self.popularity_ = (train.item_counts / train.item_counts.max()).astype(np.float32)
        self._fit_preferences(self._preferences(self.histories_), train, catalog)

    def _listable(self) -> BoolArray:
        """(n_items,) which items may be recommended: those that somebody has met."""
        met: BoolArray = self.popularity_ > 0
        return met

    def _preferences(self, histories: sparse.csr_array) -> sparse.csr_array:
        return preferences(histories, self.preference, self.highest_)

    def _score_histories(self, histories: sparse.csr_array) -> Scores:
        return self._ranked(self._score_preferences(self._preferences(histories)), np.diff(histories.indptr) == 0)

    def _ranked(self, scores: Scores, cold: BoolArray) -> Scores:
        """Scores with popularity for the rows that are `cold`, and -inf for items without training rows."""
        known = self._listable()
        if isinstance(scores, LowRank) and not cold.any():
            return LowRank(scores.left, scores.right, np.where(known, scores.offset, np.float32(-np.inf)))
        if isinstance(scores, LowRank):
            left = np.concatenate([np.where(cold[:, None], 0, scores.left), cold[:, None]], axis=1, dtype=np.float32)
            right = np.concatenate([scores.right, self.popularity_[:, None]], axis=1, dtype=np.float32)
            return LowRank(left, right, np.where(known, scores.offset, np.float32(-np.inf)))
        dense: FloatArray = np.where(known, scores, np.float32(-np.inf)).astype(np.float32, copy=False)
        dense[cold] = np.where(known, self.popularity_, np.float32(-np.inf))
        return dense
