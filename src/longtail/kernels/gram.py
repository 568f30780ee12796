"""Sums over users of the products of two items' columns: the Gram matrix X'X of a sparse X, dense or sparse.

Dense: row i is gathered from the rows of the users who have item i, one contiguous row of the result at a time, and
only right of the diagonal. Where X is so full that skipping its zeros does not pay, blocks of users go through BLAS.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.linalg import blas

from longtail.kernels.jit import kernel
from longtail.kernels.parallel import run_rows
from longtail.types import AnyArray, IntArray

__all__ = ["gram", "mirror"]

ROW_TILE = 16
SQUARE = 64
USER_BLOCK = 512
FULL = 0.2


def gram(rows: sparse.csr_array, *, double: bool = False) -> AnyArray:
    """The upper triangle of X'X.

    Args:
        rows: (n_users, n_items) X, items sorted within a row.
        double: sum in float64 and not in float32.

    Returns:
        (n_items, n_items) float32 or float64, zero below the diagonal.
    """
    n_users, n_items = rows.shape
    dtype = np.float64 if double else np.float32
    out = np.zeros((n_items, n_items), dtype=dtype)
    lengths = np.diff(rows.indptr).astype(np.float64)
    if lengths @ lengths > FULL**2 * n_users * n_items**2:
        _blocks(rows, out)
        return out
    place = sparse.csr_array((np.arange(rows.nnz), rows.indices, rows.indptr), shape=rows.shape).tocsc()
    owners, places = place.indices, place.data
    values = rows.data.astype(dtype)
    run_rows(
        lambda lo, hi: _upper(place.indptr, owners, places, rows.indptr, rows.indices, values, out, lo, hi),
        n_items,
        tile=ROW_TILE,
    )
    return out


def _blocks(rows: sparse.csr_array, out: AnyArray) -> None:
    """Add dense blocks of users to `out`, by BLAS."""
    rank_update = blas.dsyrk if out.dtype == np.float64 else blas.ssyrk
    for start in range(0, rows.shape[0], USER_BLOCK):
        block = rows[start : start + USER_BLOCK].toarray().astype(out.dtype)
        rank_update(1.0, block.T, beta=1.0, c=out.T, lower=1, overwrite_c=1)


@kernel
def _upper(
    item_indptr: IntArray,
    owners: IntArray,
    places: AnyArray,
    indptr: IntArray,
    indices: IntArray,
    values: AnyArray,
    out: AnyArray,
    lo: int,
    hi: int,
) -> None:
    """Fill the rows lo..hi of `out` from the diagonal on; `places` are where an item's entries stand in their rows."""
    for item in range(lo, hi):
        row = out[item]
        for at in range(item_indptr[item], item_indptr[item + 1]):
            own = values[places[at]]
            for other in range(places[at], indptr[owners[at] + 1]):
                row[np.uint64(indices[other])] += own * values[other]


def mirror(matrix: AnyArray) -> None:
    """Copy what stands above the diagonal below it, in place."""
    n_squares = -(-len(matrix) // SQUARE)
    run_rows(lambda lo, hi: _mirror(matrix, lo, hi), n_squares, tile=1)


@kernel
def _mirror(matrix: AnyArray, lo: int, hi: int) -> None:
    """Fill the squares below those of the rows lo..hi of squares."""
    size = len(matrix)
    for across in range(lo, hi):
        top, bottom = across * SQUARE, min((across + 1) * SQUARE, size)
        for left in range(top, size, SQUARE):
            right = min(left + SQUARE, size)
            for row in range(top, bottom):
                for column in range(max(left, row + 1), right):
                    matrix[column, row] = matrix[row, column]
