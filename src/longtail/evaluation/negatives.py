"""Sampled negatives: a few items a user has not met, drawn to stand beside the hidden ones.

Ranking the hidden items among such a sample instead of the whole catalogue is quick and was once usual (Koren 2008,
among 1,000; He and others 2017, among 100). It is a different measurement: the figures are far higher, and they may put
algorithms in another order than the full ranking does (Krichene and Rendle 2020, "On sampled metrics for item
recommendation"). So nothing in Longtail samples unless asked to, and whatever did says so.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import sparse

from longtail import params
from longtail.errors import DataError
from longtail.rng import generator
from longtail.types import AnyArray, IntArray

__all__ = ["Sampling", "draw"]

Sampling = Literal["uniform", "popularity"]

_CELLS = 2**21  # of the table of random numbers; part of what a seed means


def draw(met: sparse.csr_array, n: int, weights: AnyArray, *, seed: int = 0) -> IntArray:
    """For each person n items they have not met, drawn without replacement; fewer where there are no more.

    The n first of exponential arrival times with the weights as rates: a draw without replacement by the weights
    (Efraimidis and Spirakis 2006, "Weighted random sampling with a reservoir").

    Args:
        met: (n_people, n_items) rows of everything a person has met, wherever it stands: train, given and hidden.
        n: items to draw for each, at least 1.
        weights: (n_items,) how likely an item is drawn, relative to the others; one of weight 0 never is.
        seed: equal seeds draw equal items.

    Returns:
        (n_people, n) int32 item indices, sorted within a row; -1 at its end where there are fewer.

    Raises:
        ConfigError: n below 1.
        DataError: weights of another length, or below 0.

    Examples:
        >>> met = sparse.csr_array(np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]))
        >>> draw(met, 3, np.ones(4)).tolist()
        [[1, 3, -1], [0, 1, 2]]
    """
    n = params.positive("sampled", n)
    rates = np.asarray(weights, dtype=np.float64)
    n_people, n_items = met.shape
    if rates.shape != (n_items,) or not (rates >= 0).all():
        raise DataError(f"weights must be {n_items:,} numbers of at least 0, not an array of shape {rates.shape}")
    drawn = np.full((n_people, n), n_items, dtype=np.int32)
    width, step = min(n, n_items), max(1, _CELLS // max(n_items, 1))
    for number, lo in enumerate(range(0, n_people, step)):
        block = met[lo : lo + step].tocoo()
        with np.errstate(divide="ignore"):
            arrival = generator(seed, "negatives", number).standard_exponential((block.shape[0], n_items)) / rates
        arrival[block.coords[0], block.coords[1]] = np.inf
        first = np.argpartition(arrival, width - 1, axis=1)[:, :width]
        there = np.isfinite(np.take_along_axis(arrival, first, axis=1))
        drawn[lo : lo + step, :width] = np.where(there, first, n_items)
    drawn.sort(axis=1)
    drawn[drawn == n_items] = -1
    return drawn
