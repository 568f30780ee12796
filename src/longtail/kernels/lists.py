"""Looking things up in ranked lists, an (n_lists, n) table of item indices with -1 in an empty place."""

from __future__ import annotations

import numpy as np

from longtail.kernels.jit import strict_kernel
from longtail.kernels.parallel import run_rows
from longtail.types import AnyArray, BoolArray, IntArray, LongArray, RealArray

__all__ = ["first_unmet", "grouped", "places", "strangers", "weights_by_label"]


def grouped(keys: AnyArray, n_keys: int) -> tuple[LongArray, LongArray]:
    """Where each key stands, by counting: key k at order[bounds[k] : bounds[k + 1]], in the order of the array.

    Args:
        keys: (n,) integers below n_keys; negative ones are left out.
        n_keys: how many keys there can be.

    Returns:
        order (n_kept,) int64 and bounds (n_keys + 1,) int64.

    Examples:
        >>> order, bounds = grouped(np.array([2, 0, -1, 2]), 3)
        >>> order.tolist(), bounds.tolist()
        ([1, 0, 3], [0, 1, 1, 3])
    """
    return _grouped(np.ascontiguousarray(keys), n_keys)


@strict_kernel
def _grouped(keys: AnyArray, n_keys: int) -> tuple[LongArray, LongArray]:
    bounds = np.zeros(n_keys + 1, dtype=np.int64)
    for key in keys:
        if key >= 0:
            bounds[key + 1] += 1
    for key in range(n_keys):
        bounds[key + 1] += bounds[key]
    order = np.empty(bounds[n_keys], dtype=np.int64)
    next_place = np.empty(n_keys, dtype=np.int64)
    for key in range(n_keys):
        next_place[key] = bounds[key]
    for position in range(len(keys)):
        key = keys[position]
        if key >= 0:
            order[next_place[key]] = position
            next_place[key] += 1
    return order, bounds


def places(items: IntArray, rows: LongArray, wanted: IntArray) -> IntArray:
    """(n,) int32: the place of item wanted[k] in list rows[k], from 1; 0 where it is not there, or the row is -1.

    Examples:
        >>> places(np.array([[4, 7, -1]], np.int32), np.array([0, 0, -1]), np.array([7, 5, 4], np.int32)).tolist()
        [2, 0, 0]
    """
    found = np.zeros(len(rows), dtype=np.int32)
    listed, asked = _table(items), np.ascontiguousarray(wanted, dtype=np.int32)
    lines = np.ascontiguousarray(rows, dtype=np.int64)
    run_rows(lambda lo, hi: _places(listed, lines, asked, lo, hi, found), len(found))
    return found


@strict_kernel
def _places(items: IntArray, rows: LongArray, wanted: IntArray, lo: int, hi: int, found: IntArray) -> None:
    for k in range(lo, hi):
        row = rows[k]
        if row >= 0:
            for place in range(items.shape[1]):
                if items[row, place] == wanted[k]:
                    found[k] = place + 1
                    break


def strangers(items: IntArray, others: IntArray, rows: LongArray) -> BoolArray:
    """(n_lists, n) bool: whether a place holds an item that row rows[list] of `others` does not; -1 is a row of none.

    Examples:
        >>> strangers(np.array([[4, 7, -1]], np.int32), np.array([[7, 9]], np.int32), np.array([0])).tolist()
        [[True, False, False]]
    """
    strange = np.zeros(items.shape, dtype=np.bool_)
    listed, known = _table(items), _table(others)
    lines = np.ascontiguousarray(rows, dtype=np.int64)
    run_rows(lambda lo, hi: _strangers(listed, known, lines, lo, hi, strange), len(listed))
    return strange


@strict_kernel
def _strangers(items: IntArray, others: IntArray, rows: LongArray, lo: int, hi: int, strange: BoolArray) -> None:
    for line in range(lo, hi):
        for place in range(items.shape[1]):
            item = items[line, place]
            new = item >= 0
            if new and rows[line] >= 0:
                for other in others[rows[line]]:
                    if other == item:
                        new = False
                        break
            strange[line, place] = new


def first_unmet(order: IntArray, starts: LongArray, stops: LongArray, met: IntArray, n: int) -> IntArray:
    """(n_rows, n) int32: for each row the first n items of `order` not among met[start:stop] (increasing); -1 for none.

    Examples:
        >>> order, met = np.array([5, 2, 9], np.int32), np.array([2, 5], np.int32)
        >>> first_unmet(order, np.array([0, 1]), np.array([1, 2]), met, 2).tolist()
        [[5, 9], [2, 9]]
    """
    found = np.full((len(starts), n), -1, dtype=np.int32)
    run_rows(lambda lo, hi: _first_unmet(order, starts, stops, met, n, lo, hi, found), len(found))
    return found


@strict_kernel
def _first_unmet(
    order: IntArray, starts: LongArray, stops: LongArray, met: IntArray, n: int, lo: int, hi: int, found: IntArray
) -> None:
    for row in range(lo, hi):
        count = 0
        for item in order:
            if count == n:
                break
            if not _among(met, starts[row], stops[row], item):
                found[row, count] = item
                count += 1


@strict_kernel
def _among(values: IntArray, lo: int, hi: int, wanted: int) -> bool:
    """Whether values[lo:hi], increasing, hold one."""
    stop = hi
    while lo < hi:
        middle = (lo + hi) // 2
        if values[middle] < wanted:
            lo = middle + 1
        else:
            hi = middle
    return lo < stop and values[lo] == wanted


def weights_by_label(
    starts: LongArray,
    stops: LongArray,
    items: IntArray,
    weights: RealArray,
    label_bounds: LongArray,
    labels: IntArray,
    shares: RealArray,
    n_labels: int,
) -> RealArray:
    """(n, n_labels) float64: the weight of items[starts[k] : stops[k]] by label, an item's shared out over its labels.

    Args:
        starts: (n,) where each row's items start; likewise `stops`.
        stops: see `starts`.
        items: (n_entries,) int32 item indices; negative ones are left out.
        weights: (n_entries,) float64.
        label_bounds: (n_items + 1,) where each item's labels start.
        labels: (n_labels_in_all,) int32.
        shares: (n_labels_in_all,) float64, what of an item's weight goes to each of its labels.
        n_labels: how many labels there are.
    """
    sums = np.zeros((len(starts), n_labels))
    fixed = (items, weights, label_bounds, labels, shares)
    run_rows(lambda lo, hi: _weights_by_label(starts, stops, *fixed, lo, hi, sums), len(starts))
    return sums


@strict_kernel
def _weights_by_label(
    starts: LongArray,
    stops: LongArray,
    items: IntArray,
    weights: RealArray,
    label_bounds: LongArray,
    labels: IntArray,
    shares: RealArray,
    lo: int,
    hi: int,
    sums: RealArray,
) -> None:
    for row in range(lo, hi):
        for entry in range(starts[row], stops[row]):
            item = items[entry]
            if item >= 0:
                for k in range(label_bounds[item], label_bounds[item + 1]):
                    sums[row, labels[k]] += weights[entry] * shares[k]


def _table(items: AnyArray) -> IntArray:
    return np.ascontiguousarray(items, dtype=np.int32)
