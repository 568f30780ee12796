"""Conditional RBM: which items somebody has rated says something too, also where the ratings are not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from longtail.algorithms.deep.boltzmann import BoltzmannMachine
from longtail.algorithms.deep.boltzmann_network import UNKNOWN
from longtail.algorithms.histories import row_numbers, rows_of
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["ConditionalRBM"]


@dataclass(kw_only=True)
class ConditionalRBM(BoltzmannMachine):
    """RBM conditioned on which items were rated (Salakhutdinov, Mnih and Hinton 2007, section 4).

    As `RBM`, with r_i = 1 where item i was rated, whatever the rating:

        p(h_j = 1 | V, r) = sigmoid(c_j + sum over rated i of W_ikj + sum_i r_i D_ij)

    D is learned by the same contrastive divergence. `fit(train, viewed=pairs)` also takes pairs that are known to be
    rated though the ratings are not, such as the pairs that predictions are wanted for in a contest: their values are
    never read. Without it r is what the training data hold, which is what any other model may use.

    Attributes:
        factors: hidden units; see `BoltzmannMachine`, likewise the other hyperparameters, and what is learned.
        viewed_: (n_users, n_items) CSR, ones where there is no more known than that there is a rating.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + 2 * i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = ConditionalRBM(factors=4, epochs=40, batch_size=10, learning_rate=0.05).fit(data)
        >>> sorted(model.recommend_for([{0: 5.0, 1: 1.0, 2: 5.0}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    conditional: ClassVar[bool] = True

    def fit(self, train: Interactions, catalog: Catalog | None = None, *, viewed: Interactions | None = None) -> Self:
        """Learn from interactions, and from pairs of which no more is known than that they were rated.

        Args:
            train: the ratings.
            catalog: not read.
            viewed: pairs of users and items of `train`; its ratings are not read, pairs of `train` are left out.

        Raises:
            DataError: if there are no interactions.
            UnknownIdError: for a user or item of `viewed` that is not among those of `train`.
        """
        self._viewed = viewed
        try:
            return super().fit(train, catalog)
        finally:
            del self._viewed

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self.viewed_ = self._only_viewed(train, getattr(self, "_viewed", None))
        super()._fit(train, catalog)

    def _only_viewed(self, train: Interactions, viewed: Interactions | None) -> sparse.csr_array:
        new = np.empty(0, dtype=np.int64)
        if viewed is not None and len(viewed):
            people = np.flatnonzero(viewed.user_counts)
            rows, users = rows_of(viewed, people, train.item_ids), train.user_ids.index(viewed.user_ids[people])
            pairs = np.repeat(users.astype(np.int64), np.diff(rows.indptr)) * train.n_items + rows.indices
            new = np.setdiff1d(pairs, row_numbers(train.by_user) * train.n_items + train.by_user.indices)
        users, items = np.divmod(new, train.n_items)
        ones = np.ones(len(new), dtype=np.float32)
        return sparse.coo_array((ones, (users, items)), shape=(train.n_users, train.n_items)).tocsr()

    def _entries(self, rows: sparse.csr_array) -> sparse.csr_array:
        rated, viewed = super()._entries(rows).tocoo(), self.viewed_.tocoo()
        levels = np.concatenate([rated.data, np.full(viewed.nnz, UNKNOWN, dtype=np.float32)])
        users, items = (np.concatenate([one, other]) for one, other in zip(rated.coords, viewed.coords, strict=True))
        return sparse.coo_array((levels, (users, items)), shape=rated.shape).tocsr()

    def _inputs(self, histories: sparse.csr_array, weights: Mapping[str, AnyArray] | None = None) -> FloatArray:
        known = self.weights_ if weights is None else weights
        inputs: FloatArray = super()._inputs(histories, known) + _pattern(histories) @ known["D"]
        return inputs

    def _inputs_of(
        self, users: IntArray, rows: sparse.csr_array | None = None, weights: Mapping[str, AnyArray] | None = None
    ) -> FloatArray:
        known = self.weights_ if weights is None else weights
        inputs: FloatArray = super()._inputs_of(users, rows, known) + self.viewed_[users] @ known["D"]
        return inputs


def _pattern(rows: sparse.csr_array) -> sparse.csr_array:
    """Ones where there is an entry."""
    return sparse.csr_array((np.ones(rows.nnz, dtype=np.float32), rows.indices, rows.indptr), shape=rows.shape)
