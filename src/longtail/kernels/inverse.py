"""The inverse of a symmetric positive definite matrix in the place of the matrix, and what EASE makes of it."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from longtail.kernels.jit import kernel
from longtail.kernels.parallel import run_rows
from longtail.types import AnyArray, FloatArray

__all__ = ["inverse", "without_diagonal"]

SQUARE = 64
LARGEST = 16_384
"""Rows of the largest matrix left to LAPACK: OpenBLAS 0.3.30 crashes on 27,000."""
BLOCK = 2_048


def inverse(matrix: AnyArray) -> AnyArray | None:
    """The upper triangle of the inverse, in the place of the matrix (which is lost); None where it has no inverse.

    By Cholesky's decomposition, with as many threads as BLAS takes; large matrices block by block (see `_swept`).

    Args:
        matrix: (n, n) float32 or float64, C order; only the upper triangle is read.
    """
    return _by_cholesky(matrix) if len(matrix) <= LARGEST else _swept(matrix)


def _by_cholesky(matrix: AnyArray) -> AnyArray | None:
    double = matrix.dtype == np.float64
    factor, inverted = (lapack.dpotrf, lapack.dpotri) if double else (lapack.spotrf, lapack.spotri)
    lower, failed = factor(matrix.T, lower=1, clean=0, overwrite_a=1)  # the upper triangle, seen in Fortran's order
    if failed:
        return None
    result, failed = inverted(lower, lower=1, overwrite_c=1)
    return None if failed else result.T


def _swept(M: AnyArray) -> AnyArray | None:
    """As `inverse`, by sweeping block after block (Goodnight 1979, A tutorial on the SWEEP operator, section 4).

    To sweep the pivots K of a symmetric matrix is M_KK <- -M_KK^-1, M_iK <- M_iK M_KK^-1 and, for all others,
    M_ij <- M_ij - M_iK M_KK^-1 M_Kj. After all of them, M is minus the inverse. n^3 multiplications, as Cholesky's
    way, all in products of matrices, and a workspace of `BLOCK` rows.
    """
    n = len(M)
    for lo in range(0, n, BLOCK):
        hi = min(lo + BLOCK, n)
        pivots = _by_cholesky(M[lo:hi, lo:hi].copy())
        if pivots is None:
            return None
        pivots = np.triu(pivots) + np.triu(pivots, 1).T
        columns = np.concatenate([M[:lo, lo:hi], np.zeros_like(pivots), M[lo:hi, hi:].T])
        swept = columns @ pivots
        for top in range(0, n, BLOCK):
            if top != lo:
                M[top : top + BLOCK, top:] -= swept[top : top + BLOCK] @ columns[top:].T
        M[:lo, lo:hi], M[lo:hi, hi:], M[lo:hi, lo:hi] = swept[:lo], swept[hi:].T, -pivots
    return np.negative(M, out=M)


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
