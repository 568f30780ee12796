"""Ridge regressions of every column of X on the columns most correlated with it, many solved with one inverse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.kernels.gram import sub_gram
from longtail.kernels.jit import kernel
from longtail.kernels.largest import keep_largest
from longtail.kernels.parallel import run_rows, single_blas
from longtail.types import AnyArray, FloatArray, IntArray, LongArray, RealArray

__all__ = ["Block", "block_regressions", "correlated", "cover"]

ROW_TILE = 64


@dataclass(frozen=True)
class Block:
    """Items solved for together: `solved`, positions within the sorted item indices `items`."""

    items: IntArray
    solved: LongArray


def correlated(
    G: sparse.csr_array, sums: RealArray, n_users: int, threshold: float, neighbors: int
) -> sparse.csr_array:
    """The correlations of the columns of X by their size: the largest in each row, not those on the diagonal.

    Args:
        G: (n, n) float32 X'X, sorted within a row; a pair that it does not hold is not correlated.
        sums: (n,) sums of the columns of X.
        n_users: rows of X.
        threshold: leave out correlations below it, by size.
        neighbors: correlations to keep in a row, at most; of equals, those of lower index.

    Returns:
        (n, n) float32, sorted within a row.
    """
    size = G.shape[0]
    width = min(neighbors, max(1, size - 1))
    found, strength = np.empty((size, width), np.int32), np.empty((size, width), np.float32)
    counts = np.zeros(size, dtype=np.int64)
    means: RealArray = sums / n_users
    spread: RealArray = np.sqrt(np.maximum(G.diagonal().astype(np.float64) - n_users * means**2, 0.0))
    matrix = G.indptr, G.indices, G.data
    moments = means, spread
    run_rows(
        lambda lo, hi: _correlated(*matrix, *moments, float(n_users), threshold, found, strength, counts, lo, hi),
        size,
        tile=ROW_TILE,
    )
    kept = np.arange(width) < counts[:, None]
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csr_array((strength[kept], found[kept], indptr), shape=(size, size))


@kernel
def _correlated(
    indptr: AnyArray,
    indices: IntArray,
    values: FloatArray,
    means: RealArray,
    spread: RealArray,
    n_users: float,
    threshold: float,
    found: IntArray,
    strength: FloatArray,
    counts: LongArray,
    lo: int,
    hi: int,
) -> None:
    size, width = len(means), found.shape[1]
    reached, sizes = np.empty(size, np.int64), np.empty(size, np.float32)
    for item in range(lo, hi):
        count = 0
        for at in range(indptr[item], indptr[item + 1]):
            other = indices[at]
            scale = spread[item] * spread[other]
            if other == item or scale == 0.0:
                continue
            value = abs(values[at] - n_users * means[item] * means[other]) / scale
            if value >= threshold:
                reached[count], sizes[count] = other, value
                count += 1
        counts[item] = keep_largest(reached[:count], sizes[:count], found[item], strength[item], width)


def cover(neighborhoods: sparse.csr_array, share: float, first: LongArray) -> list[Block]:
    """Blocks in which every item is solved for once.

    In turn, an item not yet solved for makes a block of its neighborhood, in which it is solved for together with the
    `share` of its neighbors that are nearest to it, as far as these have not been.

    Args:
        neighborhoods: (n, n) how near the neighbors of each item are, sorted within a row.
        share: from 0 (each item is solved for in its own neighborhood) to 1.
        first: the order in which items take their turn.
    """
    indptr, open_items, blocks = neighborhoods.indptr, np.ones(neighborhoods.shape[0], dtype=np.bool_), list[Block]()
    for item in first.tolist():
        if not open_items[item]:
            continue
        place = slice(indptr[item], indptr[item + 1])
        near, strength = neighborhoods.indices[place], neighborhoods.data[place]
        chosen = near[np.argsort(-strength, kind="stable")[: round(share * len(near))]]
        solved = np.sort(np.append(chosen[open_items[chosen]], item))
        open_items[solved] = False
        items = np.sort(np.append(near, item)).astype(np.int32)
        blocks.append(Block(items, np.searchsorted(items, solved)))
    return blocks


def block_regressions(G: sparse.csr_array, blocks: list[Block], ridge: float) -> sparse.csr_array:
    """(n, n) float32 B: column j regressed on the other items of the block in which j is solved for.

    Args:
        G: (n, n) float32 X'X, sorted within a row.
        blocks: see `cover`.
        ridge: what is added to the diagonal of G, above 0.
    """
    parts = dict[int, tuple[IntArray, IntArray, FloatArray]]()

    def solve(lo: int, hi: int) -> None:
        for at in range(lo, hi):
            items, solved = blocks[at].items, blocks[at].solved
            part = sub_gram(G.indptr, G.indices, G.data, items, items).astype(np.float64)
            part.flat[:: len(part) + 1] += ridge
            P = np.linalg.inv(part)[:, solved]
            columns = (-P / P[solved, np.arange(len(solved))]).astype(np.float32)
            columns[solved, np.arange(len(solved))] = 0.0
            parts[at] = np.repeat(items, len(solved)), np.tile(items[solved], len(items)), columns.ravel()

    with single_blas():
        run_rows(solve, len(blocks), tile=1)
    rows, columns, values = (np.concatenate([parts[at][side] for at in range(len(blocks))]) for side in range(3))
    B = sparse.csr_array(sparse.coo_array((values, (rows, columns)), shape=G.shape).tocsr())
    B.eliminate_zeros()
    return B
