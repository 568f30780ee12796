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

    Args:
        columns: (n_users, n_items) float32 CSC of ratings x.
        a: (n_pairs,) item indices; equal ones should stand together (each change costs one pass over the column).
        b: (n_pairs,) item indices.

    Returns:
        (n_pairs, 4) float64: sum x_a x_b, sum x_a^2, sum x_b^2, and the number of common users.
    """
    sums = np.zeros((len(a), 4))
    indptr, users = columns.indptr.astype(np.int64), columns.indices.astype(np.int32)
    ratings = columns.data.astype(np.float32)
    first, second = np.ascontiguousarray(a, dtype=np.int64), np.ascontiguousarray(b, dtype=np.int64)
    n_users = columns.shape[0]
    run_rows(lambda lo, hi: _common_rater_sums(indptr, users, ratings, n_users, first, second, lo, hi, sums), len(sums))
    return sums


@kernel
def _common_rater_sums(
    indptr: LongArray,
    users: IntArray,
    ratings: FloatArray,
    n_users: int,
    a: LongArray,
    b: LongArray,
    lo: int,
    hi: int,
    sums: RealArray,
) -> None:
    rated_by = np.full(n_users, -1, dtype=np.int64)  # the item whose ratings `rating` holds, where it has one
    rating = np.zeros(n_users, dtype=np.float32)
    held = -1
    for pair in range(lo, hi):
        if a[pair] != held:
            held = a[pair]
            for place in range(indptr[held], indptr[held + 1]):
                rated_by[users[place]] = held
                rating[users[place]] = ratings[place]
        for place in range(indptr[b[pair]], indptr[b[pair] + 1]):
            user = users[place]
            if rated_by[user] == held:
                x, y = np.float64(rating[user]), np.float64(ratings[place])
                sums[pair, 0] += x * y
                sums[pair, 1] += x * x
                sums[pair, 2] += y * y
                sums[pair, 3] += 1.0


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


def list_pair_sums(items: IntArray, keys: LongArray, values: RealArray, n_items: int) -> tuple[RealArray, LongArray]:
    """For each list, the sum of a value over all pairs of its items.

    Args:
        items: (n_lists, n) int32 item indices, -1 in an empty place.
        keys: (n_pairs,) int64, the `distinct_pairs` of the lists.
        values: (n_pairs,) float64, the value of each pair.
        n_items: items in the catalogue.

    Returns:
        The sum (n_lists,) float64 and the number of pairs (n_lists,) int64 of each list.
    """
    sums, counts = np.zeros(len(items)), np.zeros(len(items), dtype=np.int64)
    starts = np.searchsorted(keys, np.arange(n_items + 1, dtype=np.int64) * n_items)
    listed = np.ascontiguousarray(items, dtype=np.int32)
    run_rows(lambda lo, hi: _list_pair_sums(listed, starts, keys, values, n_items, lo, hi, sums, counts), len(items))
    return sums, counts


@strict_kernel
def _list_pair_sums(
    items: IntArray,
    starts: LongArray,
    keys: LongArray,
    values: RealArray,
    n_items: int,
    lo: int,
    hi: int,
    sums: RealArray,
    counts: LongArray,
) -> None:
    for row in range(lo, hi):
        for i in range(items.shape[1]):
            for j in range(i + 1, items.shape[1]):
                low, high = min(items[row, i], items[row, j]), max(items[row, i], items[row, j])
                if low < 0:
                    continue
                key = np.int64(low) * n_items + high
                left, right = starts[low], starts[low + 1]
                while left < right:
                    middle = (left + right) // 2
                    if keys[middle] < key:
                        left = middle + 1
                    else:
                        right = middle
                sums[row] += values[left]
                counts[row] += 1
