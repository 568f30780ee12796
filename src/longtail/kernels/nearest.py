"""The k most similar rows of each sparse row: of users, of items, or of what is known of items.

What is kept is k neighbors a row, never all pairs. Measures over whole rows (clicks, features) need one product for
each common entry, summed in single precision; those over common columns (ratings) need more sums, see `similarity`.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail import params
from longtail.kernels.jit import kernel, strict_kernel
from longtail.kernels.measures import JACCARD, SCALED, Measure
from longtail.kernels.parallel import run_rows
from longtail.kernels.similarity import similar_rows
from longtail.memory import require_memory
from longtail.types import FloatArray, IntArray, LongArray, RealArray

__all__ = ["nearest_rows"]

BLOCK_BYTES = 2**24
LANES = 64
"""Sums looked at together, for whether there is one among them that is good enough."""


def nearest_rows(
    rows: sparse.csr_array,
    measure: Measure,
    k: int,
    *,
    by_column: sparse.csr_array | None = None,
    leave_out: IntArray | None = None,
) -> sparse.csr_array:
    """The k most similar rows of each row.

    Args:
        rows: (n, n_columns) float32, the rows to find neighbors of: ratings, clicks, genres, weights of words.
        measure: how two rows are compared.
        k: neighbors a row, at least 1.
        by_column: (n_columns, n_all) the rows to find them among, transposed; by default `rows` themselves, none of
            which is a neighbor of its own.
        leave_out: (n,) with `by_column`, the index of a row that is not to be a neighbor, -1 for none.

    Returns:
        (n, n_all) CSR float32, indices sorted within a row: the at most k largest positive similarities; of equal ones
        at the end those of lower index.

    Raises:
        ConfigError: for k below 1.
        MemoryBudgetError: if 12 bytes for each of n x k neighbors are too many.

    Examples:
        >>> genres = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=np.float32))
        >>> nearest_rows(genres, Measure("jaccard"), k=2).toarray().tolist()
        [[0.0, 0.5, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    k, n = params.positive("k", k), rows.shape[0]
    own = np.full(n, -1, dtype=np.int32) if leave_out is None else leave_out.astype(np.int32)
    if by_column is None:
        by_column, own = rows.T.tocsr(), np.arange(n, dtype=np.int32)
    k = min(k, by_column.shape[1])
    require_memory(12 * n * k, f"keeping {k:,} neighbors of each of {n:,} rows")
    found, weights, counts = np.empty((n, k), np.int32), np.empty((n, k), np.float32), np.zeros(n, np.int64)
    if measure.kind in (SCALED, JACCARD):
        _by_products(rows, by_column, measure, own, found, weights, counts)
    else:
        _by_moments(rows, by_column, measure, own, found, weights, counts)
    filled = np.arange(k) < counts[:, None]
    indptr = np.concatenate([[0], np.cumsum(counts)])
    indptr = indptr.astype(np.int32) if indptr[-1] <= np.iinfo(np.int32).max else indptr
    return sparse.csr_array((weights[filled], found[filled], indptr), shape=(n, by_column.shape[1]))


def _by_products(
    rows: sparse.csr_array,
    by_column: sparse.csr_array,
    measure: Measure,
    own: IntArray,
    found: IntArray,
    weights: FloatArray,
    counts: LongArray,
) -> None:
    left = rows.indptr, rows.indices, measure.values(rows).astype(np.float32, copy=False)
    right = by_column.indptr, by_column.indices, measure.values(by_column).astype(np.float32, copy=False)
    scales = measure.left(rows).astype(np.float32), measure.right(by_column).astype(np.float32)
    out = found, weights, counts
    if measure.kind == SCALED and measure.support == 1 and measure.damping == 0.0:
        run_rows(lambda lo, hi: _nearest_scaled(*left, *right, own, *scales, *out, lo, hi), len(own))
        return
    rule = measure.kind == JACCARD, np.float32(measure.support), np.float32(measure.damping), np.float32(measure.free)
    run_rows(lambda lo, hi: _nearest_counted(*left, *right, own, *scales, *rule, *out, lo, hi), len(own))


def _by_moments(
    rows: sparse.csr_array,
    by_column: sparse.csr_array,
    measure: Measure,
    own: IntArray,
    found: IntArray,
    weights: FloatArray,
    counts: LongArray,
) -> None:
    step = max(1, BLOCK_BYTES // (12 * by_column.shape[1]))
    for lo in range(0, len(own), step):
        hi = min(lo + step, len(own))
        near = similar_rows(rows[lo:hi], by_column, measure, leave_out=own[lo:hi])
        _choose(near.starts, near.ends, near.indices, near.weights, found[lo:hi], weights[lo:hi], counts[lo:hi])


@kernel
def _nearest_scaled(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    column_indptr: IntArray,
    column_indices: IntArray,
    column_values: FloatArray,
    own: IntArray,
    left: FloatArray,
    right: FloatArray,
    found: IntArray,
    weights: FloatArray,
    counts: LongArray,
    lo: int,
    hi: int,
) -> None:
    """For the rows lo..hi the k largest of left (sum of products) right."""
    size, k = len(right), found.shape[1]
    sums = np.zeros(size, dtype=np.float32)
    for row in range(lo, hi):
        for place in range(indptr[row], indptr[row + 1]):
            column, a = indices[place], values[place]
            for at in range(column_indptr[column], column_indptr[column + 1]):
                sums[np.uint64(column_indices[at])] += a * column_values[at]
        if own[row] >= 0:
            sums[own[row]] = 0.0
        near, strength, count, bar = found[row], weights[row], 0, np.float32(0.0)
        for start in range(0, size, LANES):
            some, scale, better = sums[start : start + LANES], right[start : start + LANES], np.int32(0)
            for lane in range(len(some)):
                better += np.int32(some[lane] * scale[lane] > bar)
            if better == 0:
                continue
            for lane in range(len(some)):
                weight = some[lane] * scale[lane]
                if weight > bar:
                    count = _push(near, strength, count, start + lane, weight)
                    bar = strength[0] if count == k else np.float32(0.0)
        sums[:] = 0.0
        _sort(near, strength, count, left[row])
        counts[row] = count


@strict_kernel
def _nearest_counted(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    column_indptr: IntArray,
    column_indices: IntArray,
    column_values: FloatArray,
    own: IntArray,
    left: FloatArray,
    right: FloatArray,
    jaccard: bool,
    support: np.float32,
    damping: np.float32,
    free: np.float32,
    found: IntArray,
    weights: FloatArray,
    counts: LongArray,
    lo: int,
    hi: int,
) -> None:
    """As `_nearest_scaled`, where it matters how many columns are common."""
    size, k = len(right), found.shape[1]
    sums, common = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    scores = np.empty(LANES, dtype=np.float32)
    for row in range(lo, hi):
        for place in range(indptr[row], indptr[row + 1]):
            column, a = indices[place], values[place]
            for at in range(column_indptr[column], column_indptr[column + 1]):
                common[np.uint64(column_indices[at])] += np.float32(1.0)
                if not jaccard:
                    sums[np.uint64(column_indices[at])] += a * column_values[at]
        if own[row] >= 0:
            common[own[row]] = 0.0
        near, strength, count, bar = found[row], weights[row], 0, np.float32(0.0)
        for start in range(0, size, LANES):
            end, better = start + LANES, np.int32(0)
            shared, total, scale = common[start:end], sums[start:end], right[start:end]
            for lane in range(len(shared)):
                n = shared[lane]
                score = n / max(left[row] + scale[lane] - n, np.float32(1.0)) if jaccard else total[lane] * scale[lane]
                counted = max(n - free, np.float32(0.0))
                score = score * counted / (counted + damping) if damping > 0.0 else score
                scores[lane] = score if n >= support else np.float32(0.0)
                better += np.int32(scores[lane] > bar)
            if better == 0:
                continue
            for lane in range(len(shared)):
                if scores[lane] > bar:
                    count = _push(near, strength, count, start + lane, scores[lane])
                    bar = strength[0] if count == k else np.float32(0.0)
        sums[:] = 0.0
        common[:] = 0.0
        _sort(near, strength, count, np.float32(1.0) if jaccard else left[row])
        counts[row] = count


@strict_kernel
def _choose(
    starts: LongArray,
    ends: LongArray,
    indices: IntArray,
    strengths: RealArray,
    found: IntArray,
    weights: FloatArray,
    counts: LongArray,
) -> None:
    """The k largest of the strengths of each row, by index."""
    k = found.shape[1]
    heap = np.empty(k)
    for row in range(len(starts)):
        count, bar = 0, 0.0
        for at in range(starts[row], ends[row]):
            if strengths[at] > bar:
                count = _push(found[row], heap, count, indices[at], strengths[at])
                bar = heap[0] if count == k else 0.0
        for at in range(count):
            weights[row, at] = heap[at]
        _sort(found[row], weights[row], count, np.float32(1.0))
        counts[row] = count


@kernel
def _push(found: IntArray, weights: FloatArray, count: int, index: int, weight: float) -> int:
    """Take a neighbor into a heap whose root is the weakest, of equals that of highest index; it falls out if full."""
    k = len(found)
    if count < k:
        at = count
        while at > 0:
            above = (at - 1) // 2
            if weights[above] < weight or (weights[above] == weight and found[above] > index):
                break
            found[at], weights[at] = found[above], weights[above]
            at = above
        found[at], weights[at] = index, weight
        return count + 1
    at, below = 0, 1
    while below < k:
        other = below + 1
        if other < k and (
            weights[other] < weights[below] or (weights[other] == weights[below] and found[other] > found[below])
        ):
            below = other
        if weights[below] > weight or (weights[below] == weight and found[below] < index):
            break
        found[at], weights[at] = found[below], weights[below]
        at, below = below, 2 * below + 1
    found[at], weights[at] = index, weight
    return count


@kernel
def _sort(found: IntArray, weights: FloatArray, count: int, scale: np.float32) -> None:
    """Put the neighbors in order of their index (Shell 1959), and their weights on scale.

    Written out: to compile NumPy's sort and its assignment of slices takes several seconds.
    """
    gap = count // 2
    while gap > 0:
        for at in range(gap, count):
            index, weight, place = found[at], weights[at], at
            while place >= gap and found[place - gap] > index:
                found[place], weights[place] = found[place - gap], weights[place - gap]
                place -= gap
            found[place], weights[place] = index, weight
        gap //= 2
    for at in range(count):
        weights[at] *= scale
