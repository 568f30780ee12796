"""Co-clustering: kinds of people and kinds of items, found together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.powers import LearnsOnline, PredictsRatings
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.clusters import Blocks, block_means, nearest_clusters
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.rng import generator
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, RealArray

__all__ = ["CoClustering"]


@dataclass(kw_only=True)
class CoClustering(PredictsRatings, LearnsOnline):
    """Co-clustering: kinds of people and kinds of items, found together (George and Merugu 2005).

    Every user u is in one cluster g, every item i in one cluster h, and

        r_ui = A_gh + (mean_u - A_g) + (mean_i - A_h)

    with A_gh the mean rating of g's users for h's items, A_g and A_h the means of a cluster. From random clusters, each
    user, then each item, moves to the cluster in which their ratings have the least squared error, `epochs` times. That
    ends in one of many local minima: of several `starts` the one with the least training error is kept.

    A person's cluster is the one that fits their ratings best given the clusters of the items and the means A; that of
    a training user is settled in the same way after the last epoch, so fold-in is exact. Someone without a history gets
    the items with the highest mean.

    Online, a person's mean and cluster are updated at once; the means A and all that is known of items stay as fitted.

    Source: T. George and S. Merugu, "A Scalable Collaborative Filtering Framework Based on Co-clustering", ICDM 2005:
    equation 2 and algorithms 1 and 2.

    Attributes:
        user_clusters: how many kinds of people.
        item_clusters: how many kinds of items.
        epochs: how often everyone moves.
        starts: how often to begin anew with other random clusters.
        seed: of the clusters to begin with.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = lt.CoClustering(user_clusters=2, item_clusters=2).fit(data)
        >>> model.predict([0, 0], [10, 5]).round(1).tolist()
        [5.0, 1.0]
    """

    fold_in: ClassVar[FoldIn] = "exact"

    user_clusters: int = hyper(7, at_least=1, search=(2, 10))
    item_clusters: int = hyper(2, at_least=1, search=(2, 10))
    epochs: int = hyper(15, at_least=1, search=(5, 50))
    starts: int = hyper(8, at_least=1)
    seed: int = hyper(0, at_least=0)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        by_user, by_item = train.by_user, train.by_item.T.tocsr()
        self.user_means_, self.item_means_ = self._means(by_user), self._means(by_item)
        self.rated_ = train.item_counts > 0
        random, least = generator(self.seed, "co-clustering"), np.inf
        for _ in range(self.starts):
            blocks, items = self._descend(train, by_user, by_item, random)
            users = nearest_clusters(by_user, self.user_means_, self.item_means_, items, blocks)
            error = self._error(train, blocks, users, items)
            if error < least:
                least, self.user_clusters_, self.item_clusters_ = error, users, items
                self.block_means_, self.user_cluster_means_ = blocks.means, blocks.row_means
                self.item_cluster_means_ = blocks.column_means

    def _descend(
        self, train: Interactions, by_user: sparse.csr_array, by_item: sparse.csr_array, random: np.random.Generator
    ) -> tuple[Blocks, IntArray]:
        """The means A and the clusters of the items, from one random start."""
        users = random.integers(self.user_clusters, size=train.n_users, dtype=np.int32)
        items = random.integers(self.item_clusters, size=train.n_items, dtype=np.int32)
        for _ in range(self.epochs):
            blocks = self._blocks(train, users, items)
            users = nearest_clusters(by_user, self.user_means_, self.item_means_, items, blocks)
            blocks = _turned(self._blocks(train, users, items))
            items = nearest_clusters(by_item, self.item_means_, self.user_means_, users, blocks)
        return self._blocks(train, users, items), items

    def _error(self, train: Interactions, blocks: Blocks, users: IntArray, items: IntArray) -> float:
        """The squared error of the training ratings."""
        g, h = users[train.users], items[train.items]
        moved = self.user_means_[train.users] - blocks.row_means[g] + self.item_means_[train.items]
        errors: RealArray = train.values - (blocks.means[g, h] + moved - blocks.column_means[h])
        return float(errors @ errors)

    def _blocks(self, train: Interactions, users: IntArray, items: IntArray) -> Blocks:
        shape = self.user_clusters, self.item_clusters
        return block_means(users[train.users], items[train.items], train.values, shape, self.mean_)

    def _means(self, rows: sparse.csr_array) -> RealArray:
        """The mean of each row; that of all ratings for an empty one."""
        counts = np.diff(rows.indptr)
        sums: RealArray = rows.sum(axis=1, dtype=np.float64)
        return np.where(counts > 0, sums / np.maximum(counts, 1), self.mean_)

    def _clusters(self, histories: sparse.csr_array) -> IntArray:
        blocks = Blocks(self.block_means_, self.user_cluster_means_, self.item_cluster_means_)
        return nearest_clusters(histories, self._means(histories), self.item_means_, self.item_clusters_, blocks)

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        people = np.unique(users)
        self.user_means_, self.user_clusters_ = self.user_means_.copy(), self.user_clusters_.copy()
        self.user_means_[people] = self._means(self.histories_[people])
        self.user_clusters_[people] = self._clusters(self.histories_[people])

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        cold, impossible = np.diff(self.histories_.indptr)[users] == 0, ~self.rated_[items]
        estimates = self._shifts()[self.user_clusters_[users], items] + self.user_means_[users]
        estimates = np.where(cold, self.item_means_[items], estimates)
        return np.where(impossible, self.mean_, estimates).astype(np.float32), impossible

    def _shifts(self) -> RealArray:
        """(user_clusters, n_items): by how much a user of each cluster rates an item above the user's mean."""
        shifts: RealArray = self.block_means_[:, self.item_clusters_] - self.user_cluster_means_[:, None]
        return shifts + self.item_means_ - self.item_cluster_means_[self.item_clusters_]

    def _score_users(self, users: IntArray) -> LowRank:
        cold = np.diff(self.histories_.indptr)[users] == 0
        return self._scores(self.user_means_[users], self.user_clusters_[users], cold)

    def _score_histories(self, histories: sparse.csr_array) -> LowRank:
        return self._scores(self._means(histories), self._clusters(histories), np.diff(histories.indptr) == 0)

    def _scores(self, means: RealArray, clusters: IntArray, cold: BoolArray) -> LowRank:
        """The mean of the person times 1, their cluster times its shifts; of a cold start, the mean of the item."""
        kinds: AnyArray = np.eye(self.user_clusters)[clusters]
        left = np.column_stack([np.where(cold, 0.0, means), np.where(cold[:, None], 0.0, kinds), cold])
        right = np.column_stack([np.ones(len(self.item_means_)), self._shifts().T, self.item_means_])
        offset = np.where(self.rated_, np.float32(0.0), np.float32(-np.inf))
        return LowRank(left.astype(np.float32), right.astype(np.float32), offset)


def _turned(blocks: Blocks) -> Blocks:
    return Blocks(blocks.means.T, blocks.column_means, blocks.row_means)
