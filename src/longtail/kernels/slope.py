"""Differences between the ratings of two items by the same people, and estimates from them (Slope One)."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.kernels.jit import strict_kernel
from longtail.kernels.parallel import run_rows
from longtail.types import FloatArray, IntArray

__all__ = ["differences", "slope_one", "slope_one_pairs"]


def differences(
    rows: sparse.csr_array, by_column: sparse.csr_array, items: IntArray, sums: FloatArray, counts: FloatArray
) -> None:
    """Write what the items j differ by from every item i: row and column j of both tables.

    Args:
        rows: (n_users, n_items) ratings.
        by_column: (n_items, n_users) the same, transposed.
        items: the j to write, in increasing order.
        sums: (n_items, n_items) float32: at [j, i] the sum of r_ui - r_uj over the users who rated both; overwritten.
        counts: (n_items, n_items) float32: at [j, i] how many they are, 0 on the diagonal; overwritten.
    """
    left = by_column.indptr, by_column.indices, by_column.data
    right = rows.indptr, rows.indices, rows.data
    run_rows(lambda lo, hi: _differ(*left, *right, items, sums, counts, lo, hi), len(items))
    if len(items) < len(sums):
        sums[:, items], counts[:, items] = -sums[items].T, counts[items].T


def slope_one(rows: sparse.csr_array, sums: FloatArray, counts: FloatArray, weighted: bool) -> FloatArray:
    """(n, n_items) float32 estimates for histories; NaN where no rated item was rated together with the item.

    Args:
        rows: (n, n_items) ratings.
        sums: see `differences`.
        counts: see `differences`.
        weighted: whether a rated item counts as often as it was rated together with the item.
    """
    out = np.empty(rows.shape, dtype=np.float32)
    parts = rows.indptr, rows.indices, rows.data, sums, counts
    run_rows(lambda lo, hi: _estimate(*parts, weighted, out, lo, hi), len(out))
    return out


def slope_one_pairs(
    rows: sparse.csr_array, users: IntArray, items: IntArray, sums: FloatArray, counts: FloatArray, weighted: bool
) -> FloatArray:
    """(n_pairs,) float32: the estimates of single pairs, a row and an item each; as `slope_one`."""
    out = np.empty(len(users), dtype=np.float32)
    parts = rows.indptr, rows.indices, rows.data, users, items, sums, counts
    run_rows(lambda lo, hi: _estimate_pairs(*parts, weighted, out, lo, hi), len(out))
    return out


@strict_kernel
def _differ(
    item_indptr: IntArray,
    item_users: IntArray,
    item_values: FloatArray,
    user_indptr: IntArray,
    user_items: IntArray,
    user_values: FloatArray,
    items: IntArray,
    sums: FloatArray,
    counts: FloatArray,
    lo: int,
    hi: int,
) -> None:
    for j in items[lo:hi]:
        total, common = sums[j], counts[j]
        total[:] = 0.0
        common[:] = 0.0
        for place in range(item_indptr[j], item_indptr[j + 1]):
            user, rating = item_users[place], item_values[place]
            for at in range(user_indptr[user], user_indptr[user + 1]):
                i = np.uint64(user_items[at])
                total[i] += user_values[at] - rating
                common[i] += np.float32(1.0)
        common[j] = 0.0


@strict_kernel
def _estimate(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    sums: FloatArray,
    counts: FloatArray,
    weighted: bool,
    out: FloatArray,
    lo: int,
    hi: int,
) -> None:
    n_items = out.shape[1]
    total, mass = np.zeros(n_items), np.zeros(n_items)
    for row in range(lo, hi):
        mean = values[indptr[row] : indptr[row + 1]].sum() / max(indptr[row + 1] - indptr[row], 1)
        for place in range(indptr[row], indptr[row + 1]):
            differ, common, rating = sums[indices[place]], counts[indices[place]], values[place]
            for i in range(n_items):
                if weighted:
                    total[i] += differ[i] + common[i] * rating
                    mass[i] += common[i]
                else:
                    total[i] += differ[i] / max(common[i], np.float32(1.0))
                    mass[i] += min(common[i], np.float32(1.0))
        for i in range(n_items):
            out[row, i] = total[i] / mass[i] + (0.0 if weighted else mean) if mass[i] > 0.0 else np.nan
            total[i], mass[i] = 0.0, 0.0


@strict_kernel
def _estimate_pairs(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    users: IntArray,
    items: IntArray,
    sums: FloatArray,
    counts: FloatArray,
    weighted: bool,
    out: FloatArray,
    lo: int,
    hi: int,
) -> None:
    for pair in range(lo, hi):
        start, end = indptr[users[pair]], indptr[users[pair] + 1]
        differ, common = sums[items[pair]], counts[items[pair]]
        mean = values[start:end].sum() / max(end - start, 1)
        total, mass = 0.0, 0.0
        for place in range(start, end):
            n = common[indices[place]]
            if n > 0.0:
                weight = np.float64(n) if weighted else 1.0
                total += weight * ((values[place] if weighted else mean) - differ[indices[place]] / n)
                mass += weight
        out[pair] = total / mass if mass > 0.0 else np.nan
