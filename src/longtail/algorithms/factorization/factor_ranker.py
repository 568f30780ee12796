"""What models share that rank by an inner product of user and item vectors: scores, similar items."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from scipy import sparse

from longtail.algorithms.powers import SimilarItems
from longtail.algorithms.ranker import Ranker
from longtail.errors import ConfigError
from longtail.kernels.topk import LowRank
from longtail.types import FloatArray, IntArray

__all__ = ["FactorRanker"]


class FactorRanker(Ranker, SimilarItems, ABC):
    """Ranks by x_u . y_i + b_i. Users of the training data keep the vector they were trained with.

    Attributes:
        user_vectors_: (n_users, factors) float32, x_u; zero without training rows.
        item_vectors_: (n_items, factors) float32, y_i; zero without training rows.
        item_bias_: (n_items,) float32, b_i; zero in a model without biases.
    """

    @abstractmethod
    def _fold_in(self, weights: sparse.csr_array) -> FloatArray:
        """The vectors (n, factors) of people known only by their preferences, the items held fixed."""

    def _learned(self, user_vectors: FloatArray, item_vectors: FloatArray, item_bias: FloatArray) -> None:
        if not (np.isfinite(user_vectors).all() and np.isfinite(item_vectors).all()):
            raise ConfigError(f"{type(self).__name__}: learning diverged; choose more regularization or smaller steps")
        self.user_vectors_, self.item_vectors_, self.item_bias_ = user_vectors, item_vectors, item_bias

    def _score_users(self, users: IntArray) -> LowRank:
        cold = self.histories_.indptr[users] == self.histories_.indptr[users + 1]
        scores = self._ranked(LowRank(self.user_vectors_[users], self.item_vectors_, self.item_bias_), cold)
        assert isinstance(scores, LowRank)
        return scores

    def _score_preferences(self, weights: sparse.csr_array) -> LowRank:
        return LowRank(self._fold_in(weights), self.item_vectors_, self.item_bias_)

    def _item_similarities(self, items: IntArray) -> LowRank:
        """Cosine of item vectors; NaN in the row of an item without training rows."""
        Y, known = self.item_vectors_, self.popularity_ > 0
        lengths = np.sqrt(np.einsum("if,if->i", Y, Y))[:, None]
        unit = np.divide(Y, lengths, out=np.zeros_like(Y), where=lengths > 0)
        left = np.where(known[items, None], unit[items], np.float32(np.nan))
        return LowRank(left, unit, np.where(known, np.float32(0.0), np.float32(-np.inf)))
