"""Least squares for implicit feedback over all rows of a side, on all threads; `als_rows` says what a row solves."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import sparse

from longtail.kernels.als_rows import conjugate_gradient_rows, exact_rows, subspace_rows
from longtail.kernels.parallel import run_rows, single_blas
from longtail.types import FloatArray

__all__ = ["Solver", "solve_rows", "turned"]

Solver = Literal["cg", "cholesky", "subspace"]

ROWS_TILE = 128
BLAS_TILE = 4096
LEAST_RIDGE = 1e-6


def turned(X: FloatArray, Y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """X Q and Y Q for the rotation Q that makes Y'Y diagonal, and its diagonal (factors,), rising.

    Examples:
        >>> X, Y = np.eye(2, dtype=np.float32), np.array([[1, 1], [1, 1]], dtype=np.float32)
        >>> _, Z, diagonal = turned(X, Y)
        >>> diagonal.round(4).tolist(), (Z**2 / 2).round(4).tolist()
        ([0.0, 4.0], [[0.0, 1.0], [0.0, 1.0]])
    """
    parts = {}

    def gram(lo: int, hi: int) -> None:
        parts[lo] = Y[lo:hi].T @ Y[lo:hi]

    with single_blas():
        run_rows(gram, len(Y), tile=BLAS_TILE)
        total = np.sum([parts[lo] for lo in sorted(parts)], axis=0, dtype=np.float64)
        values, vectors = np.linalg.eigh(total)
        Q = vectors.astype(np.float32)
        return _times(X, Q), _times(Y, Q), np.maximum(values, 0.0).astype(np.float32)


def _times(X: FloatArray, Q: FloatArray) -> FloatArray:
    out = np.empty_like(X)

    def multiply(lo: int, hi: int) -> None:
        np.matmul(X[lo:hi], Q, out=out[lo:hi])

    run_rows(multiply, len(X), tile=BLAS_TILE)
    return out


def solve_rows(
    weights: sparse.csr_array,
    X: FloatArray,
    Y: FloatArray,
    diagonal: FloatArray,
    ridge: FloatArray,
    unseen: float,
    solver: Solver = "cholesky",
    amount: int = 0,
) -> None:
    """Solve (or improve) every row of X in place.

    Args:
        weights: (n_rows, n_items) what an entry weighs above `unseen`; negative for an item that is not preferred.
        X: (n_rows, factors) float32; what "cg" and "subspace" start from.
        Y: (n_items, factors) float32, turned so that Y'Y is diagonal.
        diagonal: (factors,) of Y'Y, from `turned`.
        ridge: (n_rows,) regularization of each row.
        unseen: weight of a pair without an entry.
        solver: conjugate gradients, an exact solution, or blocks of factors in turn.
        amount: steps of "cg", or the width of a block of "subspace".
    """
    low, shared = np.float32(unseen), diagonal * np.float32(unseen)
    least = np.maximum(ridge, max(LEAST_RIDGE * float(shared.max()), 1e-12)).astype(np.float32)
    system = weights.indptr.astype(np.int64), weights.indices, weights.data.astype(np.float32, copy=False)

    def solve(lo: int, hi: int) -> None:
        if solver == "cg":
            conjugate_gradient_rows(lo, hi, *system, X, Y, shared, least, low, amount)
        elif solver == "subspace":
            subspace_rows(lo, hi, *system, X, Y, shared, least, low, min(amount, X.shape[1]))
        else:
            exact_rows(lo, hi, *system, X, Y, shared, least, low)

    with single_blas():
        run_rows(solve, len(X), tile=ROWS_TILE)
