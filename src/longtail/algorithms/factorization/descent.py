"""What the models learned by stochastic gradient descent share: their start, their end, and folding in afterwards."""

from __future__ import annotations

from abc import ABC

import numpy as np

from longtail.algorithms.factorization.factor_model import FactorModel
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError
from longtail.kernels.sgd import padded
from longtail.rng import generator
from longtail.types import BoolArray, FloatArray

__all__ = ["DescentModel", "initial_vectors"]


class DescentModel(FactorModel, ABC):
    """A factor model learned by stochastic gradient descent.

    Training stops before it converges, which regularizes too, so the lambda that someone new is solved for with
    (`fold_in_regularization`) is usually larger than `regularization`.
    """

    learning_rate: float
    fold_in_regularization: float

    def _learned(
        self,
        train: Interactions,
        user_vectors: FloatArray,
        item_vectors: FloatArray,
        user_bias: FloatArray,
        item_bias: FloatArray,
    ) -> None:
        if not (np.isfinite(user_vectors).all() and np.isfinite(item_vectors).all()):
            name = type(self).__name__
            raise ConfigError(f"{name}: learning diverged with learning_rate {self.learning_rate}; choose a lower one")
        super()._learned(train, user_vectors, item_vectors, user_bias, item_bias)

    def _ridge(self, n: int) -> float:
        return self.fold_in_regularization * n


def initial_vectors(seed: int, stream: str, factors: int, std: float, present: BoolArray) -> FloatArray:
    """Normal random rows (n, padded) float32 of standard deviation `std`, zero where not present and in the padding."""
    vectors = np.zeros((len(present), padded(factors)), dtype=np.float32)
    drawn = generator(seed, stream).standard_normal((int(present.sum()), factors), dtype=np.float32)
    vectors[present, :factors] = drawn * np.float32(std)
    return vectors
