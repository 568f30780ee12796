"""What is known of users and items from their ratings alone: how many, how high, how different."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.algorithms.histories import row_numbers
from longtail.types import AnyArray, FloatArray, RealArray

__all__ = ["AMOUNT", "LEVEL", "SPREAD", "centered_genres", "profiles", "standardized"]

AMOUNT, LEVEL, SPREAD = range(3)
"""Columns of `profiles`."""

DAMPING = 5.0


def profiles(groups: AnyArray, values: AnyArray, n_groups: int, mean: float, deviation: float) -> RealArray:
    """(n_groups, 3): log(1 + n), the mean rating less `mean`, and the standard deviation of the ratings of each group.

    Means and variances are damped, as by five more ratings at `mean` with the variance `deviation`^2.

    Args:
        groups: (n,) the user (or item) of each rating.
        values: (n,) the ratings.
        n_groups: how many there are.
        mean: of all training ratings.
        deviation: of all training ratings.

    Examples:
        >>> profiles(np.array([0, 0]), np.array([5.0, 5.0]), 2, 3.0, 1.0).round(3).tolist()
        [[1.099, 0.571, 0.845], [0.0, 0.0, 1.0]]
    """
    counts = np.bincount(groups, minlength=n_groups)
    sums = np.bincount(groups, weights=values, minlength=n_groups)
    own = sums / np.maximum(counts, 1)
    squares = np.bincount(groups, weights=(values - own[groups]) ** 2, minlength=n_groups)
    level = (sums - counts * mean) / (counts + DAMPING)
    spread = np.sqrt((squares + DAMPING * deviation**2) / (counts + DAMPING))
    return np.stack([np.log1p(counts), level, spread], axis=1)


def standardized(values: RealArray, norm: RealArray) -> FloatArray:
    """(values - norm[0]) / norm[1], column by column, float32; a divisor of zero counts as one."""
    spread = np.where(norm[1] > 0, norm[1], 1.0)
    return np.asarray((values - norm[0]) / spread, dtype=np.float32)


def centered_genres(histories: sparse.csr_array, genres: FloatArray, center: RealArray) -> FloatArray:
    """(n, n_genres): how much better than `center` (n,) people rate the items of each genre, damped.

    Args:
        histories: (n, n_items) ratings.
        genres: (n_items, n_genres) the share of each genre in an item.
        center: (n,) what each person's ratings are compared with.
    """
    over = (histories.data - center[row_numbers(histories)]).astype(np.float32)
    liked = sparse.csr_array((over, histories.indices, histories.indptr), shape=histories.shape)
    met = sparse.csr_array((np.ones_like(over), histories.indices, histories.indptr), shape=histories.shape)
    return (np.asarray(liked @ genres) / (np.asarray(met @ genres) + DAMPING)).astype(np.float32)
