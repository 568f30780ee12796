"""Products of sparse matrices: rows of scores in full, and the largest entries of what is too large to hold."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.kernels.jit import kernel, strict_kernel
from longtail.kernels.largest import keep_largest
from longtail.kernels.parallel import run_rows
from longtail.memory import require_memory
from longtail.types import FloatArray, IntArray, LongArray, RealArray

__all__ = ["times_dense", "times_sparse", "top_products"]

WIDTH = 256
ROW_TILE = 32
REUSE = 4
"""How often a row of the matrix must be read, on average, for the copies of stripes to pay."""
TOP_TILE = 16


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
        run_rows(lambda lo, hi: _add_rows(*left, matrix, out, 0, lo, hi), len(out), tile=ROW_TILE)
        return out

    def stripes(lo: int, hi: int) -> None:
        for start in range(lo * WIDTH, min(hi * WIDTH, out.shape[1]), WIDTH):
            stripe = np.ascontiguousarray(matrix[:, start : start + WIDTH])
            _add_rows(*left, stripe, out, start, 0, len(out))

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
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    stripe: FloatArray,
    out: FloatArray,
    start: int,
    lo: int,
    hi: int,
) -> None:
    """Add the rows lo..hi times the columns from `start` of a matrix to those of `out`."""
    width = stripe.shape[1]
    for row in range(lo, hi):
        into = out[row, start : start + width]
        for at in range(indptr[row], indptr[row + 1]):
            value, added = values[at], stripe[np.uint64(indices[at])]
            for column in range(width):
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


def top_products(first: sparse.csr_array, second: sparse.csr_array, scale: RealArray, k: int) -> sparse.csr_array:
    """The largest entries above zero of each row of `first @ second`, its columns scaled; not those on the diagonal.

    Memory: 16 bytes for each entry that may be kept, besides one dense row a thread.

    Args:
        first: (n_items, n_users) float32.
        second: (n_users, n_items) float32.
        scale: (n_items,) float64, what a column is multiplied by.
        k: entries to keep in a row; of equals, those of lower index.

    Returns:
        (n_items, n_items) float32, sorted within a row.

    Raises:
        MemoryBudgetError: if they need more memory than the budget allows.
    """
    n_items = first.shape[0]
    width = min(k, max(1, n_items - 1))
    require_memory(16 * n_items * width, f"keeping {width:,} entries of each of {n_items:,} rows")
    found, strength = np.empty((n_items, width), np.int32), np.empty((n_items, width), np.float32)
    counts = np.zeros(n_items, dtype=np.int64)
    left = first.indptr, first.indices, first.data
    right = second.indptr, second.indices, second.data
    run_rows(
        lambda lo, hi: _top_products(*left, *right, scale, found, strength, counts, lo, hi), n_items, tile=TOP_TILE
    )
    kept = np.arange(width) < counts[:, None]
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csr_array((strength[kept], found[kept], indptr), shape=(n_items, n_items))


@kernel
def _top_products(
    first_indptr: IntArray,
    first_users: IntArray,
    first_values: FloatArray,
    second_indptr: IntArray,
    second_items: IntArray,
    second_values: FloatArray,
    scale: RealArray,
    found: IntArray,
    strength: FloatArray,
    counts: LongArray,
    lo: int,
    hi: int,
) -> None:
    """Fill the rows lo..hi of `found` and `strength` from the left, and their `counts`."""
    size, width = len(scale), found.shape[1]
    sums, reached, values = np.zeros(size), np.empty(size, np.int64), np.empty(size, np.float32)
    for item in range(lo, hi):
        for at in range(first_indptr[item], first_indptr[item + 1]):
            user, step = first_users[at], np.float64(first_values[at])
            for place in range(second_indptr[user], second_indptr[user + 1]):
                sums[np.uint64(second_items[place])] += step * second_values[place]
        count = 0
        for end in range(size):
            value = np.float32(sums[end] * scale[end])
            if value > 0 and end != item:
                reached[count], values[count] = end, value
                count += 1
            sums[end] = 0.0
        counts[item] = keep_largest(reached[:count], values[:count], found[item], strength[item], width)
