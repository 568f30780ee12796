"""Negatives: items drawn to stand beside what was met, evenly or by popularity, and how likely each was."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.errors import ConfigError
from longtail.kernels.sampling import alias_table, draw, draw_unseen
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["Sampler"]


class Sampler:
    """Draws items with probability proportional to count ** exponent.

    Attributes:
        log_q: (n_items,) float32, the logarithm of each item's probability: what is taken from the score of a drawn
            item, so that a sampled softmax is about the full one (Bengio and Senecal 2008; of in-batch negatives, which
            come by popularity, Yi and others 2019).

    Examples:
        >>> sampler = Sampler(np.array([1, 3, 0]), exponent=1.0)
        >>> np.exp(sampler.log_q).round(2).tolist()
        [0.25, 0.75, 0.0]
        >>> sampler.draw(np.random.default_rng(0), (2, 4)).shape
        (2, 4)
    """

    def __init__(self, counts: AnyArray, exponent: float = 0.0) -> None:
        """Make the tables.

        Args:
            counts: (n_items,) how often each item was met; an item of count 0 is not drawn unless the exponent is 0.
            exponent: 0 draws all items alike, 1 as often as they are met.

        Raises:
            ConfigError: if no item can be drawn.
        """
        numbers = np.asarray(counts, dtype=np.float64)
        weights = np.ones(len(numbers)) if exponent == 0 else np.where(numbers > 0, numbers, 0.0) ** exponent
        if not weights.sum() > 0 or not np.isfinite(weights).all():
            raise ConfigError("there is no item to draw negatives from")
        self._keep, self._other = alias_table(weights)
        with np.errstate(divide="ignore"):
            self.log_q: FloatArray = np.log(weights / weights.sum()).astype(np.float32)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> IntArray:
        """Independent draws, int32 of this shape."""
        return draw(self._keep, self._other, rng.random(int(np.prod(shape)))).reshape(shape)

    def draw_unseen(self, rng: np.random.Generator, people: AnyArray, k: int, met: sparse.csr_array) -> IntArray:
        """For each of `people` (any shape), k items not in that person's row of `met` (indices sorted): shape (..., k).

        Somebody who has met everything that can be drawn is drawn something met after all.
        """
        flat = np.ascontiguousarray(people, dtype=np.int32).ravel()
        drawn = draw_unseen(self._keep, self._other, rng.random((len(flat), k)), flat, met.indptr, met.indices)
        return drawn.reshape(*np.shape(people), k)
