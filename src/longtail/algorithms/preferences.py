"""How much an interaction speaks for an item: what algorithms for implicit feedback learn from, also with ratings."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import sparse

from longtail.types import FloatArray

__all__ = ["Preference", "preferences", "top_rating"]

Preference = Literal["value", "binary", "liked"]


def preferences(rows: sparse.csr_array, kind: Preference, highest: float = 1.0) -> sparse.csr_array:
    """Histories as weights of preference: (n, n_items) float32, a new array.

    - "value": the rating as a part of the highest one possible (of clicks and plays: their number);
    - "binary": 1, whatever the rating;
    - "liked": 1 where the rating is at least the mean of its row, the others left out.

    Args:
        rows: (n, n_items) ratings or counts.
        kind: one of the three.
        highest: what "value" divides by, from `top_rating`.

    Examples:
        >>> rows = sparse.csr_array(np.array([[5.0, 1.0, 0.0]], dtype=np.float32))
        >>> [preferences(rows, kind, highest=5.0).toarray()[0].tolist() for kind in ("binary", "liked")]
        [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
        >>> preferences(rows, "value", highest=5.0).toarray()[0].round(1).tolist()
        [1.0, 0.20000000298023224, 0.0]
    """
    if kind == "value":
        weights = rows.data.astype(np.float32) / np.float32(highest)
    else:
        weights = np.ones(rows.nnz, dtype=np.float32)
    weighted = sparse.csr_array((weights, rows.indices.copy(), rows.indptr.copy()), shape=rows.shape)
    if kind == "liked":
        weighted.data = _liked(rows)
        weighted.eliminate_zeros()
    return weighted


def top_rating(scale: tuple[float, float] | None) -> float:
    """The highest rating possible by its size, 1 for data without ratings (or with none but zeros).

    Examples:
        >>> top_rating((0.5, 5.0)), top_rating(None)
        (5.0, 1.0)
    """
    return float(max(abs(scale[0]), abs(scale[1]))) or 1.0 if scale is not None else 1.0


def _liked(rows: sparse.csr_array) -> FloatArray:
    counts = np.diff(rows.indptr)
    row = np.repeat(np.arange(rows.shape[0]), counts)
    means = np.bincount(row, weights=rows.data, minlength=rows.shape[0]) / np.maximum(counts, 1)
    return (rows.data >= means[row] - 1e-6).astype(np.float32)
