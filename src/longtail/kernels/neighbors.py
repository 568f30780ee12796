"""Weighted means over the most similar neighbors: the step all k-nearest-neighbor predictions share.

Every y has a *list*: the values it has from those who may be neighbors. An estimate for x and y is the mean of y's list
over the k entries whose owners are most similar to x, weighted by similarity and damped:
sum weight value / (damping + sum weight). Where similarities tie at the k-th place, the entries that stand first in the
list are taken.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.kernels.jit import kernel, strict_kernel
from longtail.kernels.parallel import run_rows
from longtail.kernels.similarity import Neighbors
from longtail.types import FloatArray, IntArray, LongArray, RealArray

__all__ = ["nearest_means", "nearest_means_of_pairs"]

ROW_TILE = 64
GUESSES = 10
"""Quick tries at a cut, before the exact search; see `_cut`."""


def nearest_means(
    neighbors: Neighbors,
    lists: sparse.csr_array,
    k: int,
    min_neighbors: int,
    damping: float,
    *,
    by_list: bool = False,
) -> FloatArray:
    """Weighted means of every row of `neighbors` with every list.

    Args:
        neighbors: the similarities of n rows x.
        lists: (m, size) one row a list y; the order within a row breaks ties.
        k: how many neighbors count.
        min_neighbors: where fewer count there is no mean; at least 1, and never met above k.
        damping: similarity that speaks for 0, beside that of the neighbors; draws means over few neighbors to 0.
        by_list: return the result transposed.

    Returns:
        (n, m) float32, or (m, n) if `by_list`; NaN where fewer than `min_neighbors` entries count.
    """
    n, m = len(neighbors.starts), lists.shape[0]
    out = np.empty((m, n) if by_list else (n, m), dtype=np.float32)
    row_step, list_step = (1, n) if by_list else (m, 1)
    places = sparse.csr_array((np.arange(lists.nnz, dtype=np.int32), lists.indices, lists.indptr), shape=lists.shape)
    owners = places.tocsc()
    listed = owners.indptr, owners.indices, lists.data[owners.data], owners.data, lists.indptr, lists.data

    def average(lo: int, hi: int) -> None:
        part = neighbors.take(lo, hi).nearest_first()
        similar = part.starts, part.ends, part.indices, part.weights
        _all_means(*similar, *listed, k, min_neighbors, float(damping), lo, row_step, list_step, out.reshape(-1))

    run_rows(average, n, tile=ROW_TILE)
    return out


def nearest_means_of_pairs(
    neighbors: Neighbors,
    lists: sparse.csr_array,
    rows: IntArray,
    targets: IntArray,
    k: int,
    min_neighbors: int,
    damping: float,
) -> FloatArray:
    """Weighted means of single pairs: row `rows[p]` of `neighbors`, not decreasing, with list `targets[p]`.

    Other arguments as for `nearest_means`.

    Returns:
        (n_pairs,) float32, NaN where fewer than `min_neighbors` entries count.
    """
    n, out = len(neighbors.starts), np.empty(len(rows), dtype=np.float32)
    edges = np.searchsorted(rows, np.arange(n + 1)).astype(np.int64)
    similar = neighbors.starts, neighbors.ends, neighbors.indices, neighbors.weights, neighbors.size
    listed = lists.indptr, lists.indices, lists.data
    wanted = edges, targets.astype(np.int32)
    rule = k, min_neighbors, float(damping)
    run_rows(lambda lo, hi: _pair_means(*similar, *listed, *wanted, *rule, out, lo, hi), n)
    return out


@strict_kernel
def _all_means(
    starts: LongArray,
    ends: LongArray,
    indices: IntArray,
    weights: RealArray,
    owner_indptr: IntArray,
    owner_lists: IntArray,
    owner_values: FloatArray,
    owner_places: IntArray,
    list_indptr: IntArray,
    list_values: FloatArray,
    k: int,
    min_neighbors: int,
    damping: float,
    first_row: int,
    row_step: int,
    list_step: int,
    out: FloatArray,
) -> None:
    """For each row, deal its neighbors out, nearest first, to the lists they are in, until a list has k."""
    m, n_places = len(list_indptr) - 1, len(list_values)
    counts, totals, masses = np.zeros(m, dtype=np.int64), np.zeros(m), np.zeros(m)
    waiting, touched = np.zeros(m, dtype=np.int64), np.empty(m + 1, dtype=np.int64)
    ranks = np.empty(n_places)  # of tied entries: the higher, the earlier they stand in their list
    for row in range(len(starts)):
        near = starts[row]
        while near < ends[row]:
            strength, stop = weights[near], near + 1
            while stop < ends[row] and weights[stop] == strength:
                stop += 1
            if stop == near + 1:
                for at in range(owner_indptr[indices[near]], owner_indptr[indices[near] + 1]):
                    y = np.uint64(owner_lists[at])
                    open_ = counts[y] < k
                    counts[y] += open_
                    totals[y] += open_ * strength * owner_values[at]
                    masses[y] += open_ * strength
                near = stop
                continue
            n_touched = 0
            for owner in indices[near:stop]:
                for at in range(owner_indptr[owner], owner_indptr[owner + 1]):
                    y = np.uint64(owner_lists[at])
                    if counts[y] < k:
                        ranks[list_indptr[y] + waiting[y]] = n_places - owner_places[at]
                        touched[n_touched] = y
                        n_touched += waiting[y] == 0
                        waiting[y] += 1
            for y in touched[:n_touched]:
                tied = ranks[list_indptr[y] : list_indptr[y] + waiting[y]]
                taken = min(k - counts[y], waiting[y])
                last = _cut(tied, taken)[0] if taken < waiting[y] else 0.0
                for rank in tied:
                    if rank > last:
                        totals[y] += strength * list_values[n_places - int(rank)]
                masses[y] += strength * taken
                counts[y] += taken
                waiting[y] = 0
            near = stop
        for y in range(m):
            mean = totals[y] / (damping + masses[y]) if counts[y] >= min_neighbors else np.nan
            out[(first_row + row) * row_step + y * list_step] = mean
            counts[y], totals[y], masses[y] = 0, 0.0, 0.0


@strict_kernel
def _pair_means(
    starts: LongArray,
    ends: LongArray,
    indices: IntArray,
    weights: RealArray,
    size: int,
    list_indptr: IntArray,
    list_indices: IntArray,
    list_values: FloatArray,
    edges: LongArray,
    targets: IntArray,
    k: int,
    min_neighbors: int,
    damping: float,
    out: FloatArray,
    lo: int,
    hi: int,
) -> None:
    """For the rows lo..hi, the means of the pairs edges[row]..edges[row + 1]."""
    similar = np.zeros(size)
    weight, value = np.empty(size + 1), np.empty(size + 1, dtype=np.float32)
    for row in range(lo, hi):
        if edges[row] == edges[row + 1]:
            continue
        for near in range(starts[row], ends[row]):
            similar[indices[near]] = weights[near]
        for pair in range(edges[row], edges[row + 1]):
            count = 0
            for at in range(list_indptr[targets[pair]], list_indptr[targets[pair] + 1]):
                strength = similar[np.uint64(list_indices[at])]
                weight[count], value[count] = strength, list_values[at]
                count += strength > 0.0
            enough = min(count, k) >= min_neighbors
            out[pair] = _nearest_mean(weight[:count], value[:count], k, damping) if enough else np.nan
        for near in range(starts[row], ends[row]):
            similar[indices[near]] = 0.0


@kernel
def _nearest_mean(weight: RealArray, value: FloatArray, k: int, damping: float) -> float:
    """The mean of the values with the k largest weights; ties at the k-th go to those that stand first."""
    threshold, ties = _cut(weight, k) if len(weight) > k else (0.0, 0)
    total, mass = 0.0, 0.0
    for at in range(len(weight)):
        share = weight[at] if weight[at] > threshold else 0.0
        total += share * value[at]
        mass += share
    for at in range(len(weight)):
        if ties == 0:
            break
        if weight[at] == threshold:
            ties -= 1
            total += weight[at] * value[at]
            mass += weight[at]
    return total / (damping + mass)


@kernel
def _cut(numbers: RealArray, k: int) -> tuple[float, int]:
    """A threshold and a count: the k largest of more than k positive numbers are those above it, and so many at it.

    A few guesses between the smallest and the largest, by turns in proportion to the counts and half-way, mostly find
    a number with k above it; none has where equal numbers stand at the cut.
    """
    low, high = numbers[0], numbers[0]
    for number in numbers:
        low, high = min(low, number), max(high, number)
    above, reached = 0, len(numbers)
    for guess in range(GUESSES):
        share = 0.5 if guess & 1 else (k - above) / (reached - above + 1)
        middle = high - share * (high - low)
        count = 0
        for number in numbers:
            count += number > middle
        if count == k:
            return middle, 0
        if count > k:
            low, reached = middle, count
        else:
            high, above = middle, count
    return _tied_cut(numbers, k, low, high, above)


@kernel
def _tied_cut(numbers: RealArray, k: int, low: float, high: float, above: int) -> tuple[float, int]:
    """The rest of `_cut`, where the k-th largest lies between low and high and `above` numbers lie above high.

    A step halves the interval and moves one end of it to the number next to the middle, until one number is left.
    """
    while low < high:
        middle = 0.5 * (low + high)
        if middle == high:  # rounded up between two adjacent numbers
            middle = low
        count, next_above, next_below = 0, high, low
        for number in numbers:
            over = number > middle
            count += over
            next_above = min(next_above, number if over else high)
            next_below = max(next_below, low if over else number)
        if count == k:
            return middle, 0
        if count > k:
            low = next_above
        else:
            high, above = next_below, count
    return high, k - above
