"""Two steps of a random walk, item to user to item, keeping for each item the ends most often reached."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.kernels.jit import kernel
from longtail.kernels.parallel import run_rows
from longtail.types import FloatArray, IntArray, LongArray, RealArray

__all__ = ["strongest_ends", "transitions"]

ROW_TILE = 16


def transitions(weights: sparse.csr_array, alpha: float) -> sparse.csr_array:
    """Probabilities of a step from each row to its columns, by weight, raised to the power alpha.

    Weights that are not positive count as zero; alpha 0 makes every possible step 1.

    Examples:
        >>> transitions(sparse.csr_array(np.array([[3.0, 1.0], [0.0, 0.0]], dtype=np.float32)), 1.0).toarray().tolist()
        [[0.75, 0.25], [0.0, 0.0]]
    """
    row = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    forth = np.maximum(weights.data, 0.0).astype(np.float64)
    sums = np.bincount(row, weights=forth, minlength=weights.shape[0])[row]
    share = np.divide(forth, sums, out=np.zeros_like(forth), where=forth > 0)
    steps = np.power(share, alpha, out=np.zeros_like(share), where=share > 0).astype(np.float32)
    return sparse.csr_array((steps, weights.indices, weights.indptr), shape=weights.shape)


def strongest_ends(
    first: sparse.csr_array, second: sparse.csr_array, scale: RealArray, neighbors: int
) -> sparse.csr_array:
    """The largest entries of each row of `first @ second`, its columns scaled, the diagonal left out.

    Memory: 8 bytes for each entry kept, besides one dense row a thread.

    Args:
        first: (n_items, n_users) float32, not negative: from an item to the users.
        second: (n_users, n_items) float32, not negative: from a user to the items.
        scale: (n_items,) float64, what a column is multiplied by.
        neighbors: entries to keep in a row; of equals, those of lower index.

    Returns:
        (n_items, n_items) float32, without zeros, sorted within a row.
    """
    n_items = first.shape[0]
    width = min(neighbors, max(1, n_items - 1))
    found, strength = np.empty((n_items, width), np.int32), np.empty((n_items, width), np.float32)
    counts = np.zeros(n_items, dtype=np.int64)
    left = first.indptr, first.indices, first.data
    right = second.indptr, second.indices, second.data
    run_rows(lambda lo, hi: _walk(*left, *right, scale, found, strength, counts, lo, hi), n_items, tile=ROW_TILE)
    kept = np.arange(width) < counts[:, None]
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csr_array((strength[kept], found[kept], indptr.astype(np.int32)), shape=(n_items, n_items))


@kernel
def _walk(
    first_indptr: IntArray,
    first_users: IntArray,
    first_values: FloatArray,
    second_indptr: IntArray,
    second_items: IntArray,
    second_values: FloatArray,
    scale: RealArray,
    found: IntArray,
    strength: FloatArray,
    counts: LongArray,
    lo: int,
    hi: int,
) -> None:
    """Fill the rows lo..hi of `found` and `strength` from the left, and their `counts`."""
    size, width = len(scale), found.shape[1]
    sums, reached, values = np.zeros(size), np.empty(size, np.int64), np.empty(size, np.float32)
    for item in range(lo, hi):
        for at in range(first_indptr[item], first_indptr[item + 1]):
            user, step = first_users[at], np.float64(first_values[at])
            for place in range(second_indptr[user], second_indptr[user + 1]):
                sums[np.uint64(second_items[place])] += step * second_values[place]
        count = 0
        for end in range(size):
            value = np.float32(sums[end] * scale[end])
            if value > 0 and end != item:
                reached[count], values[count] = end, value
                count += 1
        sums[:] = 0.0
        counts[item] = _keep_largest(reached[:count], values[:count], found[item], strength[item], width)


@kernel
def _keep_largest(reached: LongArray, values: FloatArray, found: IntArray, strength: FloatArray, width: int) -> int:
    """Copy the `width` largest values, in order of index; of equals at the edge, those that stand first."""
    count = len(values)
    if count <= width:
        found[:count], strength[:count] = reached, values
        return count
    edge = np.partition(values, count - width)[count - width]
    ties = width
    for at in range(count):
        ties -= values[at] > edge
    kept = 0
    for at in range(count):
        tied = values[at] == edge
        if values[at] > edge or (tied and ties > 0):
            found[kept], strength[kept] = reached[at], values[at]
            kept += 1
            ties -= tied
    return kept
