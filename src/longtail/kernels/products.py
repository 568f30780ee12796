"""Sparse rows times a matrix of items x items, as dense rows of scores."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.kernels.jit import kernel, strict_kernel
from longtail.kernels.parallel import run_rows
from longtail.types import FloatArray, IntArray

__all__ = ["times_dense", "times_sparse"]

WIDTH = 128
ROW_TILE = 32
REUSE = 4


def times_dense(rows: sparse.csr_array, matrix: FloatArray) -> FloatArray:
    """Sparse rows times a dense matrix.

    With many rows the matrix is taken in stripes of columns, each copied together so that it stays in the cache while
    all rows go over it.

    Args:
        rows: (n, n_items) float32.
        matrix: (n_items, n_columns) float32.

    Returns:
        (n, n_columns) float32.
    """
    out = np.zeros((rows.shape[0], matrix.shape[1]), dtype=np.float32)
    left = rows.indptr, rows.indices, rows.data
    if rows.nnz < REUSE * len(matrix):
        run_rows(lambda lo, hi: _add_rows(*left, matrix, out, lo, hi), len(out), tile=ROW_TILE)
        return out

    def stripes(lo: int, hi: int) -> None:
        for start in range(lo * WIDTH, min(hi * WIDTH, out.shape[1]), WIDTH):
            stripe = np.ascontiguousarray(matrix[:, start : start + WIDTH])
            _add_rows(*left, stripe, out[:, start : start + WIDTH], 0, len(out))

    run_rows(stripes, -(-out.shape[1] // WIDTH), tile=1)
    return out


def times_sparse(rows: sparse.csr_array, matrix: sparse.csr_array) -> FloatArray:
    """Sparse rows times a sparse matrix.

    Args:
        rows: (n, n_items) float32.
        matrix: (n_items, n_columns) float32.

    Returns:
        (n, n_columns) float32, -inf where no stored entry of the matrix meets a value other than zero.
    """
    out = np.full((rows.shape[0], matrix.shape[1]), -np.inf, dtype=np.float32)
    left = rows.indptr, rows.indices, rows.data
    right = matrix.indptr, matrix.indices, matrix.data
    run_rows(lambda lo, hi: _add_entries(*left, *right, out, lo, hi), len(out), tile=ROW_TILE)
    return out


@kernel
def _add_rows(
    indptr: IntArray, indices: IntArray, values: FloatArray, matrix: FloatArray, out: FloatArray, lo: int, hi: int
) -> None:
    for row in range(lo, hi):
        into = out[row]
        for at in range(indptr[row], indptr[row + 1]):
            value, added = values[at], matrix[np.uint64(indices[at])]
            for column in range(len(into)):
                into[column] += value * added[column]


@strict_kernel
def _add_entries(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    matrix_indptr: IntArray,
    matrix_indices: IntArray,
    matrix_values: FloatArray,
    out: FloatArray,
    lo: int,
    hi: int,
) -> None:
    for row in range(lo, hi):
        into = out[row]
        for at in range(indptr[row], indptr[row + 1]):
            value, item = values[at], indices[at]
            if value == 0.0:
                continue
            for place in range(matrix_indptr[item], matrix_indptr[item + 1]):
                column, added = np.uint64(matrix_indices[place]), value * matrix_values[place]
                into[column] = added if into[column] == -np.inf else into[column] + added
