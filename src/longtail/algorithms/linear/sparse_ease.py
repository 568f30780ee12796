"""Sparse EASE: the inverse block by block, for catalogues whose dense inverse would not fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.item_weights import ItemWeights
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.blocks import block_regressions, correlated, cover
from longtail.kernels.gram import sparse_gram
from longtail.memory import state_memory
from longtail.params import hyper

__all__ = ["SparseEASE"]


@dataclass(kw_only=True)
class SparseEASE(ItemWeights):
    """EASE over neighborhoods (Steck, *Markov Random Fields for Collaborative Filtering*, 2019, sections 3.1 and 3.2).

    EASE predicts each item from all the others. Here item j is predicted from a block D of items that are correlated
    with it, and the same closed form is that of the block:

        B_ij = -P_ij / P_jj  for i other than j in D,    P = (X_D'X_D + regularization I)^-1

    The neighborhood of an item are the items whose columns of X have the highest correlation with its own, by size. The
    items take turns, those with the largest neighborhoods first: one that has not been solved for makes its
    neighborhood a block, and in it is solved for together with the `share` of its neighbors nearest to it.

    The paper differs in two points: it first centers the columns of X and divides them by a power of their standard
    deviation, which `EASE` does not; and it solves for some items more than once, and takes the mean.

    With threshold 0 and as many neighbors as there are items this is `EASE`, but for pairs that nobody has met both of.
    Memory: 16 bytes for each pair that somebody has, and 12 for each weight.

    Attributes:
        preference: see `Ranker`.
        regularization: see `EASE`.
        neighbors: items in a neighborhood at most.
        threshold: the correlation below which, by size, two items are not neighbors.
        share: r, from 0 (each item is solved for in its own neighborhood: slowest and closest) to 1.
        weights_: (n_items, n_items) CSR, float32, B.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = SparseEASE(regularization=10.0, neighbors=9).fit(data)
        >>> sorted(model.recommend_for([{0: 1.0, 2: 1.0}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]

    Raises:
        MemoryBudgetError: (from `fit`) if the pairs or the weights would pass the memory budget.
    """

    regularization: float = hyper(160.0, at_least=0.001, search=(10.0, 2000.0), log=True)
    neighbors: int = hyper(700, at_least=1, search=(50, 1000), log=True)
    threshold: float = hyper(0.03, at_least=0.0, at_most=1.0, search=(0.005, 0.1), log=True)
    share: float = hyper(0.5, at_least=0.0, at_most=1.0)

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        G = sparse_gram(weights)
        sums = np.asarray(weights.sum(axis=0), dtype=np.float64)
        near = correlated(G, sums, train.n_users, self.threshold, self.neighbors)
        size = np.diff(near.indptr)
        blocks = cover(near, self.share, np.lexsort((-train.item_counts, -size)))
        entries = sum(len(block.items) * len(block.solved) for block in blocks)
        state_memory(24 * entries, f"the weights of sparse EASE, {entries:,} of {train.n_items:,} items,")
        self.weights_ = block_regressions(G, blocks, self.regularization)
