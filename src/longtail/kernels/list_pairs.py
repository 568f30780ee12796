"""Sums of a similarity over pairs of items: those of a list, and those of a list with its user's history.

Pairs are made and asked for in blocks, so that memory does not grow with the lists. No matrix of items x items is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from longtail.kernels.item_pairs import bits_set
from longtail.kernels.jit import strict_kernel
from longtail.kernels.lists import grouped
from longtail.kernels.parallel import run_rows
from longtail.types import IntArray, LongArray, RealArray

__all__ = ["history_similarities", "list_pair_sums"]

Pairs: TypeAlias = Callable[[IntArray, IntArray], RealArray]
"""(n_pairs,) the similarity of items a[k] and b[k]."""

PAIRS_AT_ONCE = 1 << 20


def list_pair_sums(items: IntArray, n_items: int, similarity: Pairs) -> RealArray:
    """For each list, the sum of a similarity over all pairs of its items; each distinct pair is asked for once.

    The pairs of one item with all its partners of higher index are found by going through the lists that hold it.

    Args:
        items: (n_lists, n) int32 item indices, -1 in an empty place.
        n_items: items in the catalogue.
        similarity: asked for distinct pairs (low, high), in increasing order.

    Returns:
        (n_lists,) float64.
    """
    listed = np.ascontiguousarray(items, dtype=np.int32)
    cells, bounds = grouped(listed.ravel(), n_items)
    sums = np.zeros(listed.shape)
    for lo, hi, room in _item_blocks(bounds, listed.shape[1]):
        partners, counts = _partners(listed, cells, bounds, lo, hi, room)
        starts = np.concatenate([[0], np.cumsum(counts)])
        first = np.repeat(np.arange(lo, hi, dtype=np.int32), counts)
        values = np.asarray(similarity(first, partners), dtype=np.float64)
        _add(listed, cells, bounds, lo, hi, starts, partners, values, n_items, sums)
    total: RealArray = sums.sum(axis=1)
    return total


def _item_blocks(bounds: LongArray, n: int) -> Iterator[tuple[int, int, LongArray]]:
    """Ranges of items lo..hi with at most `PAIRS_AT_ONCE` partners (or one item), and the room for each one's."""
    n_items = len(bounds) - 1
    room = np.minimum(np.diff(bounds) * max(0, n - 1), np.arange(n_items, 0, -1))
    upto = np.concatenate([[0], np.cumsum(room)])
    lo = 0
    while lo < n_items:
        hi = max(lo + 1, int(np.searchsorted(upto, upto[lo] + PAIRS_AT_ONCE, side="right")) - 1)
        if upto[hi] > upto[lo]:
            yield lo, hi, upto[lo : hi + 1] - upto[lo]
        lo = hi


def _partners(
    listed: IntArray, cells: LongArray, bounds: LongArray, lo: int, hi: int, room: LongArray
) -> tuple[IntArray, LongArray]:
    """The distinct partners of the items lo..hi, one item behind the other, each increasing; and how many each has."""
    spread, counts = np.empty(room[-1], dtype=np.int32), np.zeros(hi - lo, dtype=np.int64)
    n_items = len(bounds) - 1

    def work(start: int, stop: int) -> None:
        _find_partners(listed, cells, bounds, n_items, lo, start, stop, room, spread, counts)

    run_rows(work, hi - lo)
    return _packed(spread, room, counts), counts


@strict_kernel
def _find_partners(
    items: IntArray,
    cells: LongArray,
    bounds: LongArray,
    n_items: int,
    base: int,
    start: int,
    stop: int,
    room: LongArray,
    spread: IntArray,
    counts: LongArray,
) -> None:
    """Partners are marked in bits, 64 to a word, and read off in order; where they are few, collected and sorted."""
    n, one = items.shape[1], np.uint64(1)
    marks, kept = np.zeros(n_items // 64 + 1, dtype=np.uint64), np.empty(n_items + 1, dtype=np.int32)
    for k in range(start, stop):
        item, count, again = base + k, 0, False
        first, last = bounds[item], bounds[item + 1]
        for cell in range(first, last):
            row, place = cells[cell] // n, cells[cell] % n
            for j in range(n):
                other = items[row, j]
                if other >= 0:
                    marks[other >> 6] |= one << np.uint64(other & 63)
                    again |= other == item and j > place
        if (last - first) * n > len(marks):
            for word in range(len(marks)):
                left = marks[word]
                marks[word] = np.uint64(0)
                while left != 0:
                    lowest = left & (~left + one)
                    left ^= lowest
                    other = 64 * word + bits_set(lowest - one)
                    kept[count] = other
                    count += other > item or (other == item and again)
        else:
            for cell in range(first, last):
                for j in range(n):
                    other = items[cells[cell] // n, j]
                    if other >= 0:
                        bit = one << np.uint64(other & 63)
                        if marks[other >> 6] & bit != 0:
                            marks[other >> 6] ^= bit
                            kept[count] = other
                            count += other > item or (other == item and again)
            _sort(kept, count)
        for pair in range(count):
            spread[room[k] + pair] = kept[pair]
        counts[k] = count


@strict_kernel
def _sort(values: IntArray, n: int) -> None:
    """values[:n] in increasing order (Williams 1964, heapsort): NumPy's sort takes seconds to compile."""
    for start in range(n // 2 - 1, -1, -1):
        _sift(values, start, n)
    for stop in range(n - 1, 0, -1):
        values[0], values[stop] = values[stop], values[0]
        _sift(values, 0, stop)


@strict_kernel
def _sift(values: IntArray, root: int, stop: int) -> None:
    """Let a value sink in a heap until no child is larger."""
    child = 2 * root + 1
    while child < stop:
        if child + 1 < stop and values[child] < values[child + 1]:
            child += 1
        if values[root] >= values[child]:
            return
        values[root], values[child] = values[child], values[root]
        root, child = child, 2 * child + 1


@strict_kernel
def _packed(spread: IntArray, room: LongArray, counts: LongArray) -> IntArray:
    total = 0
    for count in counts:
        total += count
    packed = np.empty(total, dtype=np.int32)
    place = 0
    for k in range(len(counts)):
        for pair in range(counts[k]):
            packed[place + pair] = spread[room[k] + pair]
        place += counts[k]
    return packed


def _add(
    listed: IntArray,
    cells: LongArray,
    bounds: LongArray,
    lo: int,
    hi: int,
    starts: LongArray,
    partners: IntArray,
    values: RealArray,
    n_items: int,
    sums: RealArray,
) -> None:
    def work(start: int, stop: int) -> None:
        _add_pairs(listed, cells, bounds, n_items, lo, start, stop, starts, partners, values, sums)

    run_rows(work, hi - lo)


@strict_kernel
def _add_pairs(
    items: IntArray,
    cells: LongArray,
    bounds: LongArray,
    n_items: int,
    base: int,
    start: int,
    stop: int,
    starts: LongArray,
    partners: IntArray,
    values: RealArray,
    sums: RealArray,
) -> None:
    """At each place of an item: the sum of its pairs with the items of higher index of the same list."""
    n = items.shape[1]
    value = np.zeros(n_items)
    for k in range(start, stop):
        item = base + k
        for pair in range(starts[k], starts[k + 1]):
            value[partners[pair]] = values[pair]
        for cell in cells[bounds[item] : bounds[item + 1]]:
            row, place = cell // n, cell % n
            total = 0.0
            for j in range(n):
                other = items[row, j]
                if other >= 0 and (other != item or j > place):
                    total += value[other]
            sums[row, place] = total
        for pair in range(starts[k], starts[k + 1]):
            value[partners[pair]] = 0.0


def history_similarities(
    items: IntArray, starts: LongArray, sizes: LongArray, known: IntArray, similarity: Pairs, *, nearest: bool
) -> RealArray:
    """For each place of each list, the mean (or highest) similarity of its item to the items its user knows.

    Args:
        items: (n_lists, n) int32 item indices, -1 in an empty place.
        starts: (n_lists,) where the history of each list's user starts in `known`.
        sizes: (n_lists,) how many items it holds.
        known: (n_rows,) int32 item indices.
        similarity: of pairs (listed, known).
        nearest: take the highest, not the mean.

    Returns:
        (n_lists, n) float64, NaN in an empty place and where the history is empty.
    """
    listed = np.ascontiguousarray(items, dtype=np.int32)
    found = np.full(listed.shape, np.nan)
    pairs = np.concatenate([[0], np.cumsum(np.count_nonzero(listed >= 0, axis=1) * sizes)])
    lo = 0
    while lo < len(listed):
        hi = max(lo + 1, int(np.searchsorted(pairs, pairs[lo] + PAIRS_AT_ONCE, side="right")) - 1)
        _history_block(listed, starts, sizes, known, similarity, nearest, lo, hi, pairs, found)
        lo = hi
    return found


def _history_block(
    listed: IntArray,
    starts: LongArray,
    sizes: LongArray,
    known: IntArray,
    similarity: Pairs,
    nearest: bool,
    lo: int,
    hi: int,
    pairs: LongArray,
    found: RealArray,
) -> None:
    a, b = np.empty((2, pairs[hi] - pairs[lo]), dtype=np.int32)
    run_rows(lambda x, y: _history_pairs(listed, starts, sizes, known, pairs, lo, lo + x, lo + y, a, b), hi - lo)
    values = np.asarray(similarity(a, b), dtype=np.float64)
    run_rows(lambda x, y: _over_history(listed, sizes, pairs, values, nearest, lo, lo + x, lo + y, found), hi - lo)


@strict_kernel
def _history_pairs(
    items: IntArray,
    starts: LongArray,
    sizes: LongArray,
    known: IntArray,
    pairs: LongArray,
    base: int,
    lo: int,
    hi: int,
    a: IntArray,
    b: IntArray,
) -> None:
    for row in range(lo, hi):
        pair = pairs[row] - pairs[base]
        for item in items[row]:
            if item >= 0:
                for other in known[starts[row] : starts[row] + sizes[row]]:
                    a[pair], b[pair] = item, other
                    pair += 1


@strict_kernel
def _over_history(
    items: IntArray,
    sizes: LongArray,
    pairs: LongArray,
    values: RealArray,
    nearest: bool,
    base: int,
    lo: int,
    hi: int,
    found: RealArray,
) -> None:
    for row in range(lo, hi):
        pair = pairs[row] - pairs[base]
        for place in range(items.shape[1]):
            if items[row, place] >= 0 and sizes[row] > 0:
                highest, total = -np.inf, 0.0
                for value in values[pair : pair + sizes[row]]:
                    highest = max(highest, value)
                    total += value
                found[row, place] = highest if nearest else total / sizes[row]
                pair += sizes[row]
