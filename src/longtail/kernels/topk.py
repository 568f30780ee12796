"""Top-k selection fused into blocked scoring: no score matrix of all users and items is ever held.

Ties are broken by the lower item index, on any number of threads. Items to leave out come as the sorted CSR rows of
what each user has seen, and as one mask over the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longtail import params
from longtail.kernels.jit import strict_kernel
from longtail.kernels.parallel import run_rows, single_blas
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, LongArray

__all__ = ["LowRank", "top_k"]

USER_TILE = 128
USERS_TILE = 512
"""The same where there are many rows: a product of more rows at a time is faster."""
MANY_ROWS = 8 * USERS_TILE
ITEM_TILE = 512
WIDE, NARROW = 128, 16
"""Scores compared with the last place of a list at a time, and where one of them is above it."""


@dataclass(frozen=True)
class LowRank:
    """Scores that are an inner product: row u of `left` times row i of `right`, plus `offset[i]`.

    Attributes:
        left: (n_rows, rank) float32.
        right: (n_items, rank) float32.
        offset: (n_items,) float32; -inf for an item never to be listed.
    """

    left: FloatArray
    right: FloatArray
    offset: FloatArray

    def dense(self) -> FloatArray:
        """(n_rows, n_items) float32: all the scores."""
        with np.errstate(invalid="ignore"):  # BLAS multiplies -inf by the zeros it pads with
            product: FloatArray = self.left @ self.right.T + self.offset
        return product


def top_k(
    scores: FloatArray | LowRank,
    k: int,
    *,
    seen_indptr: AnyArray,
    seen_indices: AnyArray,
    blocked: BoolArray,
    floor: float = -np.inf,
) -> tuple[IntArray, FloatArray]:
    """The k best items of each row.

    Args:
        scores: (n_rows, n_items) float32, or its factors. A score of -inf or NaN is never listed.
        k: places in a list, at least 1.
        seen_indptr: (n_rows + 1,) row pointer of the items to leave out.
        seen_indices: item indices to leave out, sorted within a row.
        blocked: (n_items,) True for items to leave out of every list.
        floor: a score below it is not listed.

    Returns:
        items (n_rows, k) int32, -1 where fewer qualify, and scores (n_rows, k) float32, -inf there.

    Raises:
        ConfigError: for k below 1.
    """
    k = params.positive("k", k)
    n_rows = len(seen_indptr) - 1
    items = np.full((n_rows, k), -1, dtype=np.int32)
    best = np.full((n_rows, k), -np.inf, dtype=np.float32)
    seen = seen_indptr.astype(np.int64), seen_indices.astype(np.int32)
    lowest = np.nextafter(np.float32(floor), np.float32(-np.inf))  # a score above it is at least `floor`
    tile = USERS_TILE if n_rows >= MANY_ROWS else USER_TILE
    if isinstance(scores, LowRank):
        n_items, left = len(scores.right), scores.left
        lift = np.where(blocked, np.float32(-np.inf), scores.offset)
        right = np.ascontiguousarray(scores.right.T)

        def multiply_and_select(lo: int, hi: int) -> None:
            space = np.empty((hi - lo) * min(ITEM_TILE, n_items), dtype=np.float32)
            place = seen[0][lo:hi].copy()
            for start in range(0, n_items, ITEM_TILE):
                stop = min(start + ITEM_TILE, n_items)
                block = space[: (hi - lo) * (stop - start)].reshape(hi - lo, stop - start)
                with np.errstate(invalid="ignore"):
                    np.matmul(left[lo:hi], right[:, start:stop], out=block)
                _select(block, lift[start:stop], start, lowest, *seen, place, items[lo:hi], best[lo:hi], lo)

        with single_blas():
            run_rows(multiply_and_select, n_rows, tile=tile)
    else:
        dense = np.ascontiguousarray(scores, dtype=np.float32)
        lift = np.where(blocked, np.float32(-np.inf), np.float32(0.0))

        def select(lo: int, hi: int) -> None:
            _select(dense[lo:hi], lift, 0, lowest, *seen, seen[0][lo:hi].copy(), items[lo:hi], best[lo:hi], lo)

        run_rows(select, n_rows, tile=USER_TILE)
    return items, best


@strict_kernel
def _select(
    block: FloatArray,
    lift: FloatArray,
    start: int,
    lowest: np.float32,
    indptr: LongArray,
    indices: IntArray,
    place: LongArray,
    items: IntArray,
    best: FloatArray,
    row: int,
) -> None:
    """Merge a tile of scores (items from `start`, rows from `row`) plus `lift` into the best so far of those rows.

    Most scores are below the last place of a list. They are passed over many at a time; only where one is above it are
    they looked at more closely. `place` remembers how far a row's seen items have been passed, from tile to tile.
    """
    k, width = items.shape[1], block.shape[1]
    for r in range(block.shape[0]):
        scores, end, bar = block[r], indptr[row + r + 1], max(best[r, k - 1], lowest)
        for wide in range(0, width, WIDE):
            if not _any_above(scores[wide : wide + WIDE], lift[wide : wide + WIDE], bar):
                continue
            for narrow in range(wide, min(wide + WIDE, width), NARROW):
                if not _any_above(scores[narrow : narrow + NARROW], lift[narrow : narrow + NARROW], bar):
                    continue
                for c in range(narrow, min(narrow + NARROW, width)):
                    item, score = start + c, scores[c] + lift[c]
                    if not score > bar:
                        continue
                    while place[r] < end and indices[place[r]] < item:
                        place[r] += 1
                    if place[r] < end and indices[place[r]] == item:
                        continue
                    _insert(items[r], best[r], item, score)
                    bar = max(best[r, k - 1], lowest)


@strict_kernel
def _any_above(scores: FloatArray, lift: FloatArray, bar: np.float32) -> bool:
    """Whether a score plus its lift is above the bar; counted, because a count is what the compiler vectorizes."""
    above = np.int32(0)
    for c in range(len(scores)):
        above += np.int32(scores[c] + lift[c] > bar)
    return bool(above > 0)


@strict_kernel
def _insert(items: IntArray, best: FloatArray, item: int, score: np.float32) -> None:
    """Put an item in its place; it comes after those that have the same score, and the last one falls off."""
    at = len(items) - 1
    while at > 0 and score > best[at - 1]:
        best[at], items[at] = best[at - 1], items[at - 1]
        at -= 1
    best[at], items[at] = score, item
