"""Weighted means over the most similar neighbors: the step all k-nearest-neighbor predictions share.

An estimate for x and y is the mean of the values that x's neighbors gave y (or that y's own list gives x's neighbors),
over the k of them most similar to x, weighted by similarity. Where similarities tie at the k-th place, the value that
stands first in the list of y is taken.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.kernels.jit import strict_kernel
from longtail.kernels.parallel import run_rows
from longtail.kernels.similarity import Neighbors
from longtail.types import FloatArray, IntArray, LongArray

__all__ = ["nearest_means", "nearest_means_of_pairs"]


def nearest_means(
    neighbors: Neighbors, lists: sparse.csr_array, k: int, min_neighbors: int, *, by_list: bool = False
) -> FloatArray:
    """Weighted means for every row of `neighbors` with every row of `lists`.

    Args:
        neighbors: the similarities of n rows x.
        lists: (m, size) the values each y has from the candidates to be neighbors; the order within a row breaks ties.
        k: how many neighbors count.
        min_neighbors: with fewer there is no mean.
        by_list: return the result transposed.

    Returns:
        (n, m) float32, or (m, n) if `by_list`; NaN where fewer than `min_neighbors` similar neighbors have a value.
    """
    n, m = len(neighbors.starts), lists.shape[0]
    out = np.empty(n * m, dtype=np.float32)
    targets = np.arange(m, dtype=np.int32)
    rows = np.arange(n, dtype=np.int64)
    first, last = np.zeros(n, dtype=np.int64), np.full(n, m, dtype=np.int64)
    base, stride = (rows, n) if by_list else (rows * m, 1)
    _run(neighbors, lists, k, min_neighbors, (first, last, targets, base, stride, out))
    return out.reshape((m, n) if by_list else (n, m))


def nearest_means_of_pairs(
    neighbors: Neighbors, lists: sparse.csr_array, rows: IntArray, targets: IntArray, k: int, min_neighbors: int
) -> FloatArray:
    """Weighted means of single pairs: row `rows[p]` of `neighbors`, not decreasing, with row `targets[p]` of `lists`.

    Returns:
        (n_pairs,) float32, NaN where fewer than `min_neighbors` similar neighbors have a value.
    """
    out = np.empty(len(rows), dtype=np.float32)
    edges = np.searchsorted(rows, np.arange(len(neighbors.starts) + 1)).astype(np.int64)
    first, last = edges[:-1].copy(), edges[1:].copy()
    _run(neighbors, lists, k, min_neighbors, (first, last, targets.astype(np.int32), first, 1, out))
    return out


Task = tuple[LongArray, LongArray, IntArray, LongArray, int, FloatArray]


def _run(neighbors: Neighbors, lists: sparse.csr_array, k: int, min_neighbors: int, task: Task) -> None:
    similar = neighbors.starts, neighbors.ends, neighbors.indices, neighbors.weights, neighbors.size
    listed = lists.indptr, lists.indices, lists.data
    longest = int(np.diff(lists.indptr).max(initial=0))
    run_rows(lambda lo, hi: _means(*similar, *listed, longest, k, min_neighbors, *task, lo, hi), len(neighbors.starts))


@strict_kernel
def _nearest_mean(weight: FloatArray, value: FloatArray, scratch: FloatArray, k: int) -> float:
    """The mean of the values with the k largest weights; ties at the k-th place go to the first."""
    n = len(weight)
    threshold, ties = np.float32(0), n
    if n > k:
        scratch[:n] = weight
        threshold = _kth_largest(scratch[:n], k)
        ties = k
        for place in range(n):
            ties -= weight[place] > threshold
    total, mass = 0.0, 0.0
    for place in range(n):
        if weight[place] < threshold:
            continue
        if weight[place] == threshold:
            if ties == 0:
                continue
            ties -= 1
        total += weight[place] * value[place]
        mass += weight[place]
    return total / mass


@strict_kernel
def _kth_largest(numbers: FloatArray, k: int) -> np.float32:
    """The k-th largest number, by quickselect (Hoare 1961); reorders `numbers`."""
    lo, hi, at = 0, len(numbers) - 1, k - 1
    while lo < hi:
        pivot = numbers[(lo + hi) // 2]
        i, j = lo, hi
        while i <= j:
            while numbers[i] > pivot:
                i += 1
            while numbers[j] < pivot:
                j -= 1
            if i <= j:
                numbers[i], numbers[j] = numbers[j], numbers[i]
                i += 1
                j -= 1
        if at <= j:
            hi = j
        elif at >= i:
            lo = i
        else:
            break
    return numbers[at]


@strict_kernel
def _means(
    starts: LongArray,
    ends: LongArray,
    indices: IntArray,
    weights: FloatArray,
    size: int,
    list_indptr: IntArray,
    list_indices: IntArray,
    list_values: FloatArray,
    longest: int,
    k: int,
    min_neighbors: int,
    first: LongArray,
    last: LongArray,
    targets: IntArray,
    base: LongArray,
    stride: int,
    out: FloatArray,
    lo: int,
    hi: int,
) -> None:
    """For the rows lo..hi, the means with targets[first..last], written from `base` in steps of `stride`."""
    similar = np.zeros(size, dtype=np.float32)
    weight, value = np.empty(longest + 1, dtype=np.float32), np.empty(longest + 1, dtype=np.float32)
    scratch = np.empty(longest + 1, dtype=np.float32)
    for row in range(lo, hi):
        for place in range(starts[row], ends[row]):
            similar[indices[place]] = weights[place]
        for at in range(first[row], last[row]):
            target = targets[at]
            count = 0
            for place in range(list_indptr[target], list_indptr[target + 1]):
                weight[count] = similar[list_indices[place]]
                value[count] = list_values[place]
                count += weight[count] > 0
            mean = _nearest_mean(weight[:count], value[:count], scratch, k) if count >= min_neighbors else np.nan
            out[base[row] + (at - first[row]) * stride] = mean
        for place in range(starts[row], ends[row]):
            similar[indices[place]] = 0
