"""What place an item has in the list a member would make."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.algorithms.base import Scores
from longtail.algorithms.lists import dense
from longtail.kernels.topk import top_k
from longtail.types import FloatArray, IntArray

__all__ = ["places"]


def places(scores: Scores, histories: sparse.csr_array, n: int) -> tuple[IntArray, FloatArray]:
    """The place of every item among the n best unseen ones: 1 for the best, 0 for those not listed.

    An item of the history takes no place from others: it has the one that its score would have among the unseen, so
    that the places are the same whether or not seen items are asked for.

    Returns:
        places (n_rows, n_items) int32, and the listed scores (n_rows, at most n) float32, -inf where fewer qualify.
    """
    items, best = top_k(
        scores,
        min(n, histories.shape[1]),
        seen_indptr=histories.indptr,
        seen_indices=histories.indices,
        blocked=np.zeros(histories.shape[1], dtype=np.bool_),
    )
    found = np.zeros(histories.shape, dtype=np.int32)
    rows, column = np.nonzero(items >= 0)
    found[rows, items[rows, column]] = column + 1
    table = dense(scores)
    for row in range(len(found)):
        seen = histories.indices[histories.indptr[row] : histories.indptr[row + 1]]
        own = table[row, seen]
        place = 1 + np.searchsorted(-best[row], -own, side="left")
        found[row, seen] = np.where(np.isfinite(own) & (place <= n), place, 0)
    return found, best
