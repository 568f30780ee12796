"""Top-k selection fused into blocked scoring: no score matrix of all users and items is ever held.

Ties are broken by the lower item index, on any number of threads. Items to leave out come as the sorted CSR rows of
what each user has seen, and as one mask over the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longtail.kernels.jit import strict_kernel
from longtail.kernels.parallel import run_rows, single_blas
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, LongArray

__all__ = ["LowRank", "top_k"]

USER_TILE = 128
ITEM_TILE = 2048


@dataclass(frozen=True)
class LowRank:
    """Scores that are an inner product: row u of `left` times row i of `right`, plus `offset[i]`.

    Attributes:
        left: (n_rows, rank) float32.
        right: (n_items, rank) float32.
        offset: (n_items,) float32; -inf for an item that is never listed.
    """

    left: FloatArray
    right: FloatArray
    offset: FloatArray

    def dense(self) -> FloatArray:
        """(n_rows, n_items) float32: all the scores."""
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
    """
    n_rows = len(seen_indptr) - 1
    items = np.full((n_rows, k), -1, dtype=np.int32)
    best = np.full((n_rows, k), -np.inf, dtype=np.float32)
    indptr, indices = seen_indptr.astype(np.int64), seen_indices.astype(np.int32)
    lowest = float(np.float32(floor))
    if isinstance(scores, LowRank):
        n_items = len(scores.right)
        # An offset of -inf is masked, not multiplied: BLAS may meet it with a zero of its own padding.
        never = np.isneginf(scores.offset)
        blocked = blocked | never
        offset = np.where(never, np.float32(0.0), scores.offset)
        # `offset` rides along as one more factor, so a tile is a single product.
        left = np.concatenate([scores.left, np.ones((n_rows, 1), np.float32)], axis=1)
        right = np.concatenate([scores.right, offset[:, None]], axis=1)

        def tiles(lo: int, hi: int) -> None:
            block = np.empty((hi - lo, min(ITEM_TILE, n_items)), dtype=np.float32)
            for start in range(0, n_items, ITEM_TILE):
                stop = min(start + ITEM_TILE, n_items)
                view = block[:, : stop - start]
                np.matmul(left[lo:hi], right[start:stop].T, out=view)
                _select(view, lo, start, indptr, indices, blocked, lowest, items, best)

        with single_blas():
            run_rows(tiles, n_rows, tile=USER_TILE)
    else:
        dense = np.ascontiguousarray(scores, dtype=np.float32)
        run_rows(
            lambda lo, hi: _select(dense[lo:hi], lo, 0, indptr, indices, blocked, lowest, items, best),
            n_rows,
            tile=USER_TILE,
        )
    return items, best


@strict_kernel
def _select(
    block: FloatArray,
    row: int,
    start: int,
    indptr: LongArray,
    indices: IntArray,
    blocked: BoolArray,
    floor: float,
    items: IntArray,
    best: FloatArray,
) -> None:
    """Merge a tile of scores (rows from `row`, items from `start`) into the running best of those rows."""
    k = items.shape[1]
    for r in range(block.shape[0]):
        u = row + r
        place = indptr[u] + np.searchsorted(indices[indptr[u] : indptr[u + 1]], start)
        end = indptr[u + 1]
        for c in range(block.shape[1]):
            item = start + c
            if place < end and indices[place] == item:
                place += 1
                continue
            score = block[r, c]
            if not (score > best[u, k - 1] and score >= floor) or blocked[item]:
                continue
            at = k - 1
            while at > 0 and score > best[u, at - 1]:
                best[u, at] = best[u, at - 1]
                items[u, at] = items[u, at - 1]
                at -= 1
            best[u, at] = score
            items[u, at] = item
