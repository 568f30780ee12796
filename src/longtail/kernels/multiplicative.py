"""Multiplicative updates: vectors that stay non-negative because they are only ever multiplied."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.kernels.jit import kernel
from longtail.kernels.parallel import run_rows
from longtail.types import FloatArray, IntArray

__all__ = ["multiplied"]

LEAST = 1e-9
"""What is added to a denominator, so that nothing is divided by zero."""


def multiplied(rows: sparse.csr_array, P: FloatArray, Q: FloatArray, regularization: float) -> FloatArray:
    """One update of the row vectors, the column vectors fixed (Luo et al. 2014, equation 11).

        p_f <- p_f (sum of r q_f) / (sum of (p . q) q_f + n regularization p_f),  sums over the n entries r of a row

    Args:
        rows: (n_rows, n_columns) non-negative entries.
        P: (n_rows, factors) non-negative row vectors.
        Q: (n_columns, factors) non-negative column vectors.
        regularization: weight of |p|^2, counted once for each entry.

    Returns:
        (n_rows, factors) float32, new; the row of a row without entries is as it was.
    """
    found = P.copy()
    parts = rows.indptr, rows.indices, rows.data, P, Q, np.float32(regularization), found
    run_rows(lambda lo, hi: _multiply(*parts, lo, hi), len(P))
    return found


@kernel
def _multiply(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    P: FloatArray,
    Q: FloatArray,
    regularization: np.float32,
    found: FloatArray,
    lo: int,
    hi: int,
) -> None:
    """The rows lo..hi of `multiplied`."""
    factors = P.shape[1]
    above, below = np.empty(factors, dtype=np.float32), np.empty(factors, dtype=np.float32)
    for row in range(lo, hi):
        start, end, p = indptr[row], indptr[row + 1], P[row]
        if start == end:
            continue
        above[:] = np.float32(0.0)
        for f in range(factors):
            below[f] = np.float32(end - start) * regularization * p[f] + np.float32(LEAST)
        for place in range(start, end):
            q, value = Q[indices[place]], values[place]
            estimate = np.float32(0.0)
            for f in range(factors):
                estimate += p[f] * q[f]
            for f in range(factors):
                above[f] += value * q[f]
                below[f] += estimate * q[f]
        for f in range(factors):
            found[row, f] = p[f] * above[f] / below[f]
