"""Sums over pairs of items: what two rating columns have in common, and what the items of a list have.

No matrix of items x items is ever held.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.kernels.jit import kernel, strict_kernel
from longtail.kernels.parallel import run_rows
from longtail.types import AnyArray, FloatArray, IntArray, LongArray, RealArray

__all__ = ["common_rater_sums", "distinct_pairs", "list_pair_sums"]

PAIRS_AT_ONCE = 1 << 22


def common_rater_sums(columns: sparse.csc_array, a: AnyArray, b: AnyArray) -> RealArray:
    """Sums over the users who rated both items of a pair.

    The longer column of a pair is spread out over the users and the shorter one read against it; pairs are taken in
    the order of their longer column, so that it is spread out once.

    Args:
        columns: (n_users, n_items) float32 CSC of ratings x.
        a: (n_pairs,) item indices.
        b: (n_pairs,) item indices.

    Returns:
        (n_pairs, 3) float64: sum x_a x_b, sqrt(sum x_a^2 sum x_b^2), and the number of common users.
    """
    lengths = np.diff(columns.indptr)
    swap = lengths[a] < lengths[b]
    longer, shorter = np.where(swap, b, a).astype(np.int64), np.where(swap, a, b).astype(np.int64)
    order = np.argsort(longer)
    indptr, users = columns.indptr.astype(np.int64), columns.indices.astype(np.int32)
    ratings = columns.data.astype(np.float32)
    sums = np.zeros((len(order), 3))
    n_users = columns.shape[0]

    def work(lo: int, hi: int) -> None:
        _common_rater_sums(indptr, users, ratings, n_users, longer, shorter, order[lo:hi], sums)

    run_rows(work, len(order))
    return sums


@kernel
def _common_rater_sums(
    indptr: LongArray,
    users: IntArray,
    ratings: FloatArray,
    n_users: int,
    longer: LongArray,
    shorter: LongArray,
    pairs: LongArray,
    sums: RealArray,
) -> None:
    present = np.zeros(n_users, dtype=np.bool_)
    rating = np.zeros(n_users, dtype=np.float32)
    held = -1
    for pair in pairs:
        if longer[pair] != held:
            if held >= 0:
                present[users[indptr[held] : indptr[held + 1]]] = False
            held = longer[pair]
            for place in range(indptr[held], indptr[held + 1]):
                present[users[place]] = True
                rating[users[place]] = ratings[place]
        start, stop = indptr[shorter[pair]], indptr[shorter[pair] + 1]
        raters, given = users[start:stop], ratings[start:stop]
        product, square, other_square, common = 0.0, 0.0, 0.0, 0
        for k in range(len(raters)):
            if present[raters[k]]:
                x, y = np.float64(rating[raters[k]]), np.float64(given[k])
                product += x * y
                square += x * x
                other_square += y * y
                common += 1
        sums[pair, 0], sums[pair, 1], sums[pair, 2] = product, np.sqrt(square * other_square), common


def distinct_pairs(items: IntArray, n_items: int) -> LongArray:
    """Every pair of items that stands together in a list, once: int64 keys low * n_items + high, increasing.

    Args:
        items: (n_lists, n) int32 item indices, -1 in an empty place.
        n_items: items in the catalogue.

    Examples:
        >>> distinct_pairs(np.array([[2, 0, -1], [0, 2, 1]]), n_items=10).tolist()
        [1, 2, 12]
    """
    first, second = np.triu_indices(items.shape[1], k=1)
    step = max(1, PAIRS_AT_ONCE // max(1, len(first)))
    known = np.empty(0, dtype=np.int64)
    for start in range(0, len(items), step):
        block = items[start : start + step].astype(np.int64)
        a, b = block[:, first].ravel(), block[:, second].ravel()
        keys = np.minimum(a, b) * n_items + np.maximum(a, b)
        keys = np.concatenate([known, keys[np.minimum(a, b) >= 0]])
        keys.sort()
        known = keys[np.diff(keys, prepend=-1) > 0]
    return known


def list_pair_sums(items: IntArray, keys: LongArray, values: RealArray, n_items: int) -> RealArray:
    """For each list, the sum of a value over all pairs of its items.

    Args:
        items: (n_lists, n) int32 item indices, -1 in an empty place.
        keys: (n_pairs,) int64, the `distinct_pairs` of the lists.
        values: (n_pairs,) float64, the value of each pair.
        n_items: items in the catalogue.

    Returns:
        (n_lists,) float64.
    """
    cells = np.argsort(items, axis=None)
    bounds = np.searchsorted(items.ravel()[cells], np.arange(n_items + 1))
    starts = np.searchsorted(keys, np.arange(n_items + 1, dtype=np.int64) * n_items)
    listed, partners = np.ascontiguousarray(items, dtype=np.int32), keys % n_items
    sums = np.zeros(items.shape)
    run_rows(lambda lo, hi: _list_pair_sums(listed, cells, bounds, starts, partners, values, lo, hi, sums), n_items)
    total: RealArray = sums.sum(axis=1)
    return total


@strict_kernel
def _list_pair_sums(
    items: IntArray,
    cells: LongArray,
    bounds: LongArray,
    starts: LongArray,
    partners: LongArray,
    values: RealArray,
    lo: int,
    hi: int,
    sums: RealArray,
) -> None:
    """For the items lo..hi: at each of their places, the sum of their pairs with the list's items of higher index."""
    n = items.shape[1]
    value = np.zeros(len(starts) - 1)
    for item in range(lo, hi):
        for pair in range(starts[item], starts[item + 1]):
            value[partners[pair]] = values[pair]
        for cell in cells[bounds[item] : bounds[item + 1]]:
            row, place = cell // n, cell % n
            for j in range(n):
                other = items[row, j]
                if other > item or (other == item and j > place):
                    sums[row, place] += value[other]
