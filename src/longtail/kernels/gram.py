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
from longtail.memory import require_memory
from longtail.types import AnyArray, FloatArray, IntArray, LongArray

__all__ = ["gram", "mirror", "sparse_gram", "sub_gram"]

ROW_TILE = 16
SQUARE = 64
USER_BLOCK = 512
FULL = 0.15
"""From this share of entries that are not zero (root mean square over the rows) BLAS is faster."""


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


def sparse_gram(rows: sparse.csr_array) -> sparse.csr_array:
    """X'X without its zeros.

    Args:
        rows: (n_users, n_items) float32 X, items sorted within a row.

    Returns:
        (n_items, n_items) float32, in full, sorted within a row.

    Raises:
        MemoryBudgetError: if it needs more memory than the budget allows.
    """
    n_items, by_item = rows.shape[1], rows.tocsc()
    counts, parts = np.zeros(n_items, dtype=np.int64), dict[int, tuple[IntArray, FloatArray]]()

    def gather(lo: int, hi: int) -> None:
        found, sums = np.empty((hi - lo, n_items), np.int32), np.empty((hi - lo, n_items), np.float32)
        columns = by_item.indptr, by_item.indices, by_item.data
        _nonzero(*columns, rows.indptr, rows.indices, rows.data, found, sums, counts, lo, hi)
        ends = counts[lo:hi].tolist()
        parts[lo] = (
            np.concatenate([row[:end] for row, end in zip(found, ends, strict=True)]),
            np.concatenate([row[:end] for row, end in zip(sums, ends, strict=True)]),
        )
        require_memory(16 * int(counts.sum()), f"the pairs of {n_items:,} items that somebody has met both of")

    run_rows(gather, n_items, tile=ROW_TILE)
    indices, values = (np.concatenate([parts[lo][side] for lo in sorted(parts)]) for side in (0, 1))
    return sparse.csr_array((values, indices, np.concatenate([[0], np.cumsum(counts)])), shape=(n_items, n_items))


@kernel
def _nonzero(
    item_indptr: IntArray,
    owners: IntArray,
    item_values: FloatArray,
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    found: IntArray,
    sums: FloatArray,
    counts: LongArray,
    lo: int,
    hi: int,
) -> None:
    """Fill `found` and `sums` with the rows lo..hi from the left, and their `counts`."""
    total = np.zeros(found.shape[1])
    for item in range(lo, hi):
        for at in range(item_indptr[item], item_indptr[item + 1]):
            user, own = owners[at], np.float64(item_values[at])
            for place in range(indptr[user], indptr[user + 1]):
                total[np.uint64(indices[place])] += own * values[place]
        count = 0
        for other in range(len(total)):
            if total[other] != 0.0:
                found[item - lo, count], sums[item - lo, count] = other, total[other]
                count += 1
            total[other] = 0.0
        counts[item] = count


@kernel
def sub_gram(indptr: AnyArray, indices: IntArray, values: FloatArray, rows: IntArray, columns: IntArray) -> FloatArray:
    """(len(rows), len(columns)) float32: some rows and columns (these sorted) of a matrix sorted within its rows."""
    part = np.zeros((len(rows), len(columns)), dtype=np.float32)
    for at in range(len(rows)):
        low, end = indptr[rows[at]], indptr[rows[at] + 1]
        for column in range(len(columns)):
            high = end
            while low < high:
                middle = (low + high) // 2
                if indices[middle] < columns[column]:
                    low = middle + 1
                else:
                    high = middle
            if low < end and indices[low] == columns[column]:
                part[at, column] = values[low]
    return part
