"""The inverse of a symmetric positive definite matrix in the place of the matrix, and what EASE makes of it."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from longtail.kernels.jit import kernel
from longtail.kernels.parallel import run_rows
from longtail.types import AnyArray, FloatArray

__all__ = ["inverse", "without_diagonal"]

SQUARE = 64


def inverse(matrix: AnyArray) -> AnyArray | None:
    """The upper triangle of the inverse, in the place of the matrix (which is lost); None where it has no inverse.

    By Cholesky's decomposition, with as many threads as BLAS takes.

    Args:
        matrix: (n, n) float32 or float64, C order; only the upper triangle is read.
    """
    double = matrix.dtype == np.float64
    factor, inverted = (lapack.dpotrf, lapack.dpotri) if double else (lapack.spotrf, lapack.spotri)
    lower, failed = factor(matrix.T, lower=1, clean=0, overwrite_a=1)  # the upper triangle, seen in Fortran's order
    if failed:
        return None
    result, failed = inverted(lower, lower=1, overwrite_c=1)
    return None if failed else result.T


def without_diagonal(P: AnyArray) -> FloatArray:
    """The matrix -P_ij / P_jj with a zero diagonal, float32, in the place of P where that is float32.

    Args:
        P: (n, n) symmetric, C order; only the upper triangle is read.
    """
    out = np.empty(P.shape, dtype=np.float32) if P.dtype != np.float32 else P
    scale = -1.0 / np.diagonal(P)
    run_rows(lambda lo, hi: _without_diagonal(P, scale, out, lo, hi), -(-len(P) // SQUARE), tile=1)
    return out


@kernel
def _without_diagonal(P: AnyArray, scale: AnyArray, out: FloatArray, lo: int, hi: int) -> None:
    """Fill the rows lo..hi of squares right of the diagonal, and the squares opposite."""
    size = len(P)
    for across in range(lo, hi):
        top, bottom = across * SQUARE, min((across + 1) * SQUARE, size)
        for left in range(top, size, SQUARE):
            right = min(left + SQUARE, size)
            for row in range(top, bottom):
                for column in range(max(left, row + 1), right):
                    out[column, row] = P[row, column] * scale[row]
                for column in range(max(left, row + 1), right):
                    out[row, column] = P[row, column] * scale[column]
        for row in range(top, bottom):
            out[row, row] = 0.0
