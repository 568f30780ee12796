"""Slope One: an item is rated so much above or below another, whoever rates them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.powers import Explains, LearnsOnline, PredictsRatings
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.kernels.bias import solve_biases
from longtail.kernels.slope import differences, slope_one, slope_one_pairs
from longtail.memory import require_memory
from longtail.types import BoolArray, FloatArray, IntArray, RealArray

__all__ = ["SlopeOne"]

COLD_DAMPING = 5.0


@dataclass(kw_only=True)
class SlopeOne(PredictsRatings, Explains, LearnsOnline):
    """Slope One: a line of slope 1 from each rated item to the one in question (Lemire and Maclachlan 2005).

    With dev_ij the mean of r_ui - r_uj over the c_ij people who rated both, and N the items that u rated with c_ij > 0,

        weighted      r_ui = sum over j in N of c_ij (dev_ij + r_uj) / sum over j in N of c_ij
        not weighted  r_ui = (mean rating of u) + mean over j in N of dev_ij

    Where N is empty, the mean rating of u. Someone without a history gets the items rated best on average, each mean
    damped by five ratings of the mean. A history is all that an estimate needs, so fold-in is exact.

    The differences of all pairs of items are kept as two dense tables: 8 bytes a pair, refused beyond the memory budget
    (23,000 items take 4 GiB). What is learned online is what a refit would learn; the tables are copied for it.

    Source: D. Lemire and A. Maclachlan, "Slope One Predictors for Online Rating-Based Collaborative Filtering", SDM
    2005, sections 3.1 and 3.2.

    Attributes:
        weighted: whether a difference that many people made counts for more.

    Examples:
        >>> import longtail as lt
        >>> rows = [("ann", "Alien", 1.0), ("ann", "Blade", 1.5), ("bob", "Alien", 2.0)]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings}, scale=(1, 5))
        >>> lt.SlopeOne().fit(data).predict(["bob"], ["Blade"]).tolist()
        [2.5]
    """

    fold_in: ClassVar[FoldIn] = "exact"

    weighted: bool = True

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        require_memory(8 * train.n_items**2, f"the differences of {train.n_items:,} items from one another")
        self.sums_ = np.empty((train.n_items, train.n_items), dtype=np.float32)
        self.counts_ = np.empty_like(self.sums_)
        self._compare(np.arange(train.n_items, dtype=np.int32))

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        self.mean_ = float(self.histories_.data.mean(dtype=np.float64))
        self.sums_, self.counts_ = self.sums_.copy(), self.counts_.copy()
        self._compare(np.unique(items).astype(np.int32))

    def _compare(self, items: IntArray) -> None:
        """Learn by how much these items differ from the others."""
        by_item = self.histories_.T.tocsr()
        differences(self.histories_, by_item, items, self.sums_, self.counts_)
        self.item_bias_ = solve_biases(by_item, np.zeros(by_item.shape[1]), self.mean_, COLD_DAMPING)
        self.rated_ = np.diff(by_item.indptr) > 0

    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        tables = self.sums_, self.counts_, self.weighted
        estimates = slope_one_pairs(self.histories_, users, items, *tables)
        people, rows = np.unique(users, return_inverse=True)
        estimates = np.where(np.isnan(estimates), _means(self.histories_[people])[rows], estimates)
        cold, impossible = np.diff(self.histories_.indptr)[users] == 0, ~self.rated_[items]
        estimates = np.where(cold, self.mean_ + self.item_bias_[items], estimates)
        return np.where(impossible, self.mean_, estimates).astype(np.float32), impossible

    def _score_histories(self, histories: sparse.csr_array) -> FloatArray:
        scores = slope_one(histories, self.sums_, self.counts_, self.weighted)
        scores = np.where(np.isnan(scores), _means(histories)[:, None], scores).astype(np.float32)
        scores[np.diff(histories.indptr) == 0] = self.mean_ + self.item_bias_
        scores[:, ~self.rated_] = -np.inf
        return scores

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        """By how much each rated item moves the estimate away from the mean of the person."""
        common = self.counts_[item, history.indices].astype(np.float64)
        spoke = (common > 0) & (history.indices != item)
        items, common, ratings = history.indices[spoke], common[spoke], history.data[spoke]
        moved = -self.sums_[item, items] / common
        if self.weighted:
            moved = moved + ratings - _means(history)[0]
        share = common if self.weighted else np.ones(len(common))
        return items, share * moved / max(share.sum(), 1.0)


def _means(rows: sparse.csr_array) -> RealArray:
    """The mean of each row, 0 of an empty one."""
    means: RealArray = rows.sum(axis=1, dtype=np.float64) / np.maximum(np.diff(rows.indptr), 1)
    return means
