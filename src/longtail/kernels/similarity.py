"""Similarities of sparse rows by the columns they have in common, as sparse rows of the positive ones.

Rows are users compared over items, items compared over users, or items compared over their features. Sums over the
common columns are accumulated in one dense workspace a row, so time is the number of common entries and memory does
not grow with the square of anything but what is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from longtail.kernels.jit import strict_kernel
from longtail.kernels.measures import PEARSON, Measure, Similarity, similarity
from longtail.kernels.parallel import run_rows
from longtail.memory import require_memory
from longtail.types import AnyArray, FloatArray, IntArray, LongArray, RealArray

__all__ = ["Measure", "Neighbors", "Similarity", "similar_rows", "similarity_matrix"]

BLOCK_BYTES = 2**20
ROW_TILE = 64


@dataclass(frozen=True)
class Neighbors:
    """The positive similarities of some rows: row r's neighbors stand at starts[r]..ends[r], by index.

    Attributes:
        starts: (n_rows,) int64.
        ends: (n_rows,) int64.
        indices: int32 index of each neighbor.
        weights: float64 similarity to it, above 0.
        size: how many rows there are to be neighbors with.
    """

    starts: LongArray
    ends: LongArray
    indices: IntArray
    weights: RealArray
    size: int

    @classmethod
    def of(cls, matrix: sparse.csr_array) -> Neighbors:
        """The rows of a stored similarity matrix."""
        indptr = matrix.indptr.astype(np.int64)
        return cls(indptr[:-1].copy(), indptr[1:].copy(), matrix.indices, matrix.data, int(matrix.shape[1]))

    def take(self, lo: int, hi: int) -> Neighbors:
        """The rows lo..hi."""
        return replace(self, starts=self.starts[lo:hi], ends=self.ends[lo:hi])

    def nearest_first(self) -> Neighbors:
        """A packed copy, each row from the most to the least similar."""
        lengths = self.ends - self.starts
        ends = np.cumsum(lengths)
        starts = ends - lengths
        indices, weights = np.empty(lengths.sum(), np.int32), np.empty(lengths.sum())
        for row, (lo, hi) in enumerate(zip(self.starts.tolist(), self.ends.tolist(), strict=True)):
            order = np.argsort(-self.weights[lo:hi])
            indices[starts[row] : ends[row]] = self.indices[lo:hi][order]
            weights[starts[row] : ends[row]] = self.weights[lo:hi][order]
        return Neighbors(starts, ends, indices, weights, self.size)


def similar_rows(
    rows: sparse.csr_array, by_column: sparse.csr_array, measure: Measure, *, leave_out: IntArray | None = None
) -> Neighbors:
    """Neighbors of some rows among all the rows of a rating matrix.

    Memory: 12 bytes for each of the `rows` times all the rows; hand over few at a time.

    Args:
        rows: (n, n_columns) the rows to compare.
        by_column: (n_columns, n_all) the ratings of all rows, transposed.
        measure: how two rows are compared.
        leave_out: (n,) the index of a row that is not to be its neighbor (itself), -1 for none.
    """
    n_rows, size = rows.shape[0], by_column.shape[1]
    found = np.empty((n_rows, size), dtype=np.int32)
    weights = np.empty((n_rows, size), dtype=np.float64)
    counts = np.zeros(n_rows, dtype=np.int64)
    own = np.full(n_rows, -1, dtype=np.int32) if leave_out is None else leave_out.astype(np.int32)
    left = rows.indptr, rows.indices, measure.values(rows)
    right = by_column.indptr, by_column.indices, measure.values(by_column)
    scales = measure.left(rows), measure.right(by_column)
    run_rows(
        lambda lo, hi: _compare(*left, *right, own, *measure.rule, *scales, found, weights, counts, lo, hi), n_rows
    )
    starts = np.arange(n_rows, dtype=np.int64) * size
    return Neighbors(starts, starts + counts, found.reshape(-1), weights.reshape(-1), size)


def similarity_matrix(rows: sparse.csr_array, by_column: sparse.csr_array, measure: Measure) -> sparse.csr_array:
    """(n, n) CSR of the positive similarities of all rows with one another; the diagonal is left out.

    Each pair is compared once, a row with those behind it, unless the measure is not symmetric.

    Raises:
        MemoryBudgetError: if they need more memory than the budget allows; `nearest_rows` keeps fewer.
    """
    if not measure.symmetric:
        return _every_row(rows, by_column, measure)
    size, columns = rows.shape[0], by_column.sorted_indices()
    place = sparse.csr_array((np.arange(columns.nnz), columns.indices, columns.indptr), shape=columns.shape).tocsc()
    values = measure.values(columns)
    left = place.indptr, place.indices, values[place.data], place.data.astype(np.int32)
    right = columns.indptr, columns.indices, values
    rule = *measure.rule, measure.left(rows), measure.right(columns)
    counts, parts = np.zeros(size, dtype=np.int64), dict[int, tuple[IntArray, RealArray]]()

    def compare(lo: int, hi: int) -> None:
        found, weights = np.empty((hi - lo, size), np.int32), np.empty((hi - lo, size), np.float64)
        _compare_later(*left, *right, *rule, found, weights, counts, lo, hi)
        parts[lo] = _packed(found, weights, counts[lo:hi])
        require_memory(36 * int(counts.sum()), f"storing the similarities of {size:,} rows")

    run_rows(compare, size, tile=_tile(size))
    return _mirrored(dict(sorted(parts.items())), counts)


def _every_row(rows: sparse.csr_array, by_column: sparse.csr_array, measure: Measure) -> sparse.csr_array:
    """The similarities of all rows by a measure that is not symmetric."""
    size = rows.shape[0]
    counts, parts = np.zeros(size, dtype=np.int64), list[tuple[IntArray, RealArray]]()
    for lo in range(0, size, ROW_TILE):
        hi = min(lo + ROW_TILE, size)
        near = similar_rows(rows[lo:hi], by_column, measure, leave_out=np.arange(lo, hi, dtype=np.int32))
        counts[lo:hi] = near.ends - near.starts
        shape = hi - lo, size
        parts.append(_packed(near.indices.reshape(shape), near.weights.reshape(shape), counts[lo:hi]))
        require_memory(24 * int(counts.sum()), f"storing the similarities of {size:,} rows")
    indices, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sparse.csr_array((values, indices, _narrowed(np.append(0, np.cumsum(counts)))), shape=(size, size))


def _tile(size: int) -> int:
    return max(1, min(ROW_TILE, BLOCK_BYTES // (12 * size)))


def _packed(found: IntArray, weights: RealArray, counts: LongArray) -> tuple[IntArray, RealArray]:
    """Copies of the filled beginnings of the rows."""
    ends = counts.tolist()
    return (
        np.concatenate([row[:end] for row, end in zip(found, ends, strict=True)]),
        np.concatenate([row[:end] for row, end in zip(weights, ends, strict=True)]),
    )


def _mirrored(parts: dict[int, tuple[IntArray, RealArray]], counts: LongArray) -> sparse.csr_array:
    """The symmetric matrix of which `parts` hold what stands right of the diagonal, by their first row."""
    size, lengths = len(counts), counts.copy()
    for upper, _ in parts.values():
        lengths += np.bincount(upper, minlength=size)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    indices, values, free = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float64), indptr[:-1].copy()
    for first, (upper, weights) in parts.items():
        _mirror(upper, weights, counts, first, free, indices, values)
    return sparse.csr_array((values, indices, _narrowed(indptr)), shape=(size, size))


def _narrowed(indptr: LongArray) -> AnyArray:
    return indptr.astype(np.int32) if indptr[-1] <= np.iinfo(np.int32).max else indptr


@strict_kernel
def _compare(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    column_indptr: IntArray,
    column_indices: IntArray,
    column_values: FloatArray,
    own: IntArray,
    kind: int,
    min_support: int,
    damping: float,
    free: float,
    left: RealArray,
    right: RealArray,
    found: IntArray,
    weights: RealArray,
    counts: LongArray,
    lo: int,
    hi: int,
) -> None:
    """Fill the rows lo..hi of `found` and `weights` from the left, and their `counts`."""
    sums = np.zeros((found.shape[1], 6))  # n, sum ab, sum aa, sum bb, sum a, sum b
    for row in range(lo, hi):
        for place in range(indptr[row], indptr[row + 1]):
            start, end = column_indptr[indices[place]], column_indptr[indices[place] + 1]
            _add(sums, np.float64(values[place]), column_indices, column_values, start, end, kind)
        rule = kind, min_support, damping, free, left[row], right
        counts[row] = _keep(sums, 0, own[row], *rule, found[row], weights[row])


@strict_kernel
def _compare_later(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    places: IntArray,
    column_indptr: IntArray,
    column_indices: IntArray,
    column_values: FloatArray,
    kind: int,
    min_support: int,
    damping: float,
    free: float,
    left: RealArray,
    right: RealArray,
    found: IntArray,
    weights: RealArray,
    counts: LongArray,
    lo: int,
    hi: int,
) -> None:
    """As `_compare`, but only with the rows behind each row; `places` are those of its entries in their columns."""
    size = found.shape[1]
    sums = np.zeros((size, 6))
    for row in range(lo, hi):
        for place in range(indptr[row], indptr[row + 1]):
            column, a = indices[place], np.float64(values[place])
            _add(sums, a, column_indices, column_values, places[place] + 1, column_indptr[column + 1], kind)
        rule = kind, min_support, damping, free, left[row], right
        counts[row] = _keep(sums, row + 1, -1, *rule, found[row - lo], weights[row - lo])


@strict_kernel
def _add(
    sums: RealArray,
    a: float,
    column_indices: IntArray,
    column_values: FloatArray,
    start: int,
    end: int,
    kind: int,
) -> None:
    """Add what a column, in which the row has the value a, says of the rows that stand there from start to end."""
    for at in range(start, end):
        other, b = np.uint64(column_indices[at]), np.float64(column_values[at])
        sums[other, 0] += 1.0
        sums[other, 1] += a * b
        if kind <= PEARSON:
            sums[other, 2] += a * a
            sums[other, 3] += b * b
        if kind == PEARSON:
            sums[other, 4] += a
            sums[other, 5] += b


@strict_kernel
def _keep(
    sums: RealArray,
    start: int,
    own: int,
    kind: int,
    min_support: int,
    damping: float,
    free: float,
    left: float,
    right: RealArray,
    found: IntArray,
    weights: RealArray,
) -> int:
    """Write down the positive similarities to the rows from start, clear their sums, and say how many there are."""
    count = 0
    for other in range(np.uint64(start), np.uint64(len(sums))):
        if sums[other, 0] == 0.0:
            continue
        if sums[other, 0] >= min_support and other != own:
            weight = similarity(sums[other], kind, damping, free, left, right[other])
            found[count], weights[count] = other, weight
            count += weight > 0.0
        sums[other] = 0.0
    return count


@strict_kernel
def _mirror(
    upper: IntArray,
    weights: RealArray,
    counts: LongArray,
    first: int,
    free: LongArray,
    indices: IntArray,
    values: RealArray,
) -> None:
    """Enter a part, whose rows begin with the first, into the whole: smaller indices come first in a row.

    `free` are the next free places of all rows.
    """
    row, at = first, 0
    while at < len(upper):
        for place in range(at, at + counts[row]):
            other, weight = upper[place], weights[place]
            indices[free[row]], values[free[row]] = other, weight
            free[row] += 1
            indices[free[other]], values[free[other]] = row, weight
            free[other] += 1
        at += counts[row]
        row += 1
