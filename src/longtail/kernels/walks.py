"""The steps of a random walk between users and items."""

from __future__ import annotations

import numpy as np
from scipy import sparse

__all__ = ["transitions"]


def transitions(weights: sparse.csr_array, alpha: float) -> sparse.csr_array:
    """Probabilities of a step from each row to its columns, by weight, raised to the power alpha.

    Weights that are not positive count as zero; alpha 0 makes every possible step 1.

    Examples:
        >>> transitions(sparse.csr_array(np.array([[3.0, 1.0], [0.0, 0.0]], dtype=np.float32)), 1.0).toarray().tolist()
        [[0.75, 0.25], [0.0, 0.0]]
    """
    row = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    forth = np.maximum(weights.data, 0.0).astype(np.float64)
    sums = np.bincount(row, weights=forth, minlength=weights.shape[0])[row]
    share = np.divide(forth, sums, out=np.zeros_like(forth), where=forth > 0)
    steps = np.power(share, alpha, out=np.zeros_like(share), where=share > 0).astype(np.float32)
    return sparse.csr_array((steps, weights.indices, weights.indptr), shape=weights.shape)
