"""`Hits`: where in the lists the held-out items stand. Every ranking metric is a sum over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import RatingPredictions, TopN
from longtail.errors import DataError, UnknownIdError
from longtail.evaluation.metrics.per_list import list_of_user
from longtail.kernels.lists import places
from longtail.types import AnyArray, BoolArray, IntArray, LongArray, RealArray

__all__ = ["Hits", "Truth"]

Truth: TypeAlias = Interactions | RatingPredictions


@dataclass(frozen=True, eq=False)
class Hits:
    """The rows of the truth, each with the place of its item in its user's list.

    Attributes:
        users: (n_users,) int32, the users with at least one row, increasing.
        owners: (n_rows,) int64, the position in `users` of each row's user.
        ranks: (n_rows,) int32, the place of the item in the user's list, from 1; 0 where it is not listed, or the
            user has no list.
        lengths: (n_users,) float64, the items in each user's list; 0 without one.
        rows: (n_rows,) int64, the list of each row's user, as a row of the lists; -1 where the user has none.
        n: places in a list.

    Examples:
        >>> test = Interactions.from_frame({"user": ["ann", "bob"], "item": [10, 30], "rating": [5.0, 2.0]})
        >>> lists = TopN([0, 1], [[1, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> Hits.of(lists, test).ranks.tolist()
        [2, 0]
    """

    users: IntArray
    owners: LongArray
    ranks: IntArray
    lengths: RealArray
    rows: LongArray
    n: int

    @classmethod
    def of(cls, lists: TopN, truth: Truth) -> Hits:
        """Look the truth up in the lists.

        Raises:
            UnknownIdError: if the lists hold a user or item that the truth has no id for.
            DataError: if a user has more than one list, or the truth repeats a pair.
        """
        if isinstance(truth, Interactions) and truth.once is not truth:
            raise DataError("the test data repeat pairs of user and item; measure against test.once")
        try:
            aligned = lists.aligned_to(truth.user_ids, truth.item_ids)
        except UnknownIdError as error:
            raise UnknownIdError(
                f"the lists do not fit the test data: {error}; give both the ids of the whole data (splits.predefined)"
            ) from None
        rows = list_of_user(aligned)[truth.users]
        present = np.bincount(truth.users, minlength=len(truth.user_ids)) > 0
        position = np.cumsum(present) - 1
        lengths = np.zeros(len(truth.user_ids))
        lengths[aligned.users] = aligned.filled.sum(axis=1)
        return cls(
            users=np.flatnonzero(present).astype(np.int32),
            owners=position[truth.users],
            ranks=places(aligned.items, rows, truth.items),
            lengths=lengths[present],
            rows=rows,
            n=lists.n,
        )

    def total(self, weights: Any) -> RealArray:
        """(n_users,) float64: the sum of each user's weights; `weights` is (n_rows,), of numbers or booleans."""
        return np.bincount(self.owners, weights=weights, minlength=len(self.users)).astype(np.float64, copy=False)

    def relevant(self, truth: Truth, min_rating: float | None) -> BoolArray:
        """(n_rows,) which rows the user rated `min_rating` or more; all of them where it is None."""
        if min_rating is None:
            return np.ones(len(self.ranks), dtype=bool)
        ratings = truth.values if isinstance(truth, Interactions) else truth.actual
        return np.asarray(ratings >= float(min_rating))

    def where_any(self, relevant: BoolArray, per_user: RealArray) -> RealArray:
        """(n_users,) the values, NaN for users without a relevant row."""
        return np.where(self.total(relevant) > 0, per_user, np.nan)

    def read(self, cells: AnyArray, missing: Any) -> AnyArray:
        """(n_rows,) what stands in (n_lists, n) `cells` at the place of each row's item; `missing` where not listed."""
        worth = np.full(len(self.ranks), missing, dtype=cells.dtype)
        worth[self.found] = cells[self.rows[self.found], self.ranks[self.found] - 1]
        return worth

    @property
    def found(self) -> BoolArray:
        """(n_rows,) whether the item is listed."""
        return self.ranks > 0

    @property
    def reciprocal_ranks(self) -> RealArray:
        """(n_rows,) 1 / rank, and 0 where the item is not listed."""
        return self.found / np.maximum(self.ranks, 1.0)
