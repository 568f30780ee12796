"""Draws from a discrete distribution in constant time each, with or without what a person has met."""

from __future__ import annotations

import numba
import numpy as np

from longtail.types import AnyArray, FloatArray, IntArray, RealArray

__all__ = ["alias_table", "draw", "draw_unseen"]

_TRIES = 32


def alias_table(weights: AnyArray) -> tuple[FloatArray, IntArray]:
    """The tables of the alias method (Walker 1977, built as by Vose 1991): keep an item, or take the `other`.

    Examples:
        >>> keep, other = alias_table(np.array([1.0, 3.0]))
        >>> keep.tolist(), other.tolist()
        ([0.5, 1.0], [1, 1])
    """
    shares = np.asarray(weights, dtype=np.float64)
    return _alias(shares * (len(shares) / shares.sum()))


@numba.njit(cache=True)
def _alias(shares: RealArray) -> tuple[FloatArray, IntArray]:
    n = len(shares)
    keep, other = np.ones(n, dtype=np.float32), np.arange(n).astype(np.int32)
    rest = shares.copy()
    small, large = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    smalls = larges = 0
    for item in range(n):
        if rest[item] < 1.0:
            small[smalls] = item
            smalls += 1
        else:
            large[larges] = item
            larges += 1
    while smalls and larges:
        smalls -= 1
        poor, rich = small[smalls], large[larges - 1]
        keep[poor], other[poor] = rest[poor], rich
        rest[rich] -= 1.0 - rest[poor]
        if rest[rich] < 1.0:
            larges -= 1
            small[smalls] = rich
            smalls += 1
    return keep, other


@numba.njit(cache=True, nogil=True)
def draw(keep: FloatArray, other: IntArray, uniform: RealArray) -> IntArray:
    """One draw from an alias table for each number (n,) of `uniform` in [0, 1)."""
    n, drawn = len(keep), np.empty(len(uniform), dtype=np.int32)
    for at in range(len(uniform)):
        place = uniform[at] * n
        item = min(int(place), n - 1)
        drawn[at] = item if place - item < keep[item] else other[item]
    return drawn


@numba.njit(cache=True, nogil=True)
def draw_unseen(
    keep: FloatArray, other: IntArray, uniform: RealArray, people: IntArray, indptr: AnyArray, indices: IntArray
) -> IntArray:
    """Draws (n, k) for people (n,), none of an item in the person's row of the CSR arrays, sorted within a row.

    `uniform` is (n, k). What was met is drawn again, from a cheap generator seeded by the number that led to it; after
    32 tries the next item after it is taken that was not met. Only somebody who has met everything is drawn that again.
    """
    n, drawn = len(keep), np.empty(uniform.shape, dtype=np.int32)
    for row in range(uniform.shape[0]):
        lo, hi = indptr[people[row]], indptr[people[row] + 1]
        met = indices[lo:hi]
        for column in range(uniform.shape[1]):
            number = uniform[row, column]
            state = np.uint64(number * 9007199254740992.0) + np.uint64(1)
            item = np.int32(0)
            for _ in range(_TRIES):
                place = number * n
                item = np.int32(min(int(place), n - 1))
                if place - item >= keep[item]:
                    item = other[item]
                if not _holds(met, item):
                    break
                state ^= state << np.uint64(13)  # xorshift (Marsaglia 2003)
                state ^= state >> np.uint64(7)
                state ^= state << np.uint64(17)
                number = (state >> np.uint64(11)) / 9007199254740992.0
            else:
                item = _next_unmet(keep, met, item)
            drawn[row, column] = item
    return drawn


@numba.njit(cache=True, nogil=True)
def _next_unmet(keep: FloatArray, met: IntArray, item: int) -> int:
    """The first item from `item` on, around the end, that can be drawn and was not met; else `item`."""
    n = len(keep)
    for step in range(n):
        other = (item + step) % n
        if keep[other] > 0 and not _holds(met, other):
            return other
    return item


@numba.njit(cache=True, nogil=True)
def _holds(met: IntArray, item: int) -> bool:
    at = np.searchsorted(met, item)
    return bool(at < len(met) and met[at] == item)
