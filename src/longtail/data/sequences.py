"""What each user did, one thing after the other: the view of interactions that models of sequences read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from longtail.data.ids import Ids
from longtail.types import FloatArray, IntArray, LongArray

__all__ = ["Sequences"]


class Sequences(NamedTuple):
    """The events of all users, user after user, each user's in order of time; an item may stand more than once.

    Attributes:
        indptr: (n_users + 1,) int64, where each user's events begin and end.
        items: (n,) int32, index of each event's item.
        values: (n,) float32.
        times: (n,) int64 seconds, or None.

    Examples:
        >>> from longtail.data.interactions import Interactions
        >>> rows = {"user": [1, 2, 1, 1], "item": [7, 8, 9, 7], "timestamp": [30, 5, 10, 20]}
        >>> order = Interactions.from_frame(rows, duplicates="keep").sequences
        >>> order.indptr.tolist(), order.items.tolist(), order.times.tolist()
        ([0, 3, 4], [2, 0, 0, 1], [10, 20, 30, 5])
    """

    indptr: LongArray
    items: IntArray
    values: FloatArray
    times: LongArray | None

    @classmethod
    def of(
        cls, users: IntArray, items: IntArray, values: FloatArray, times: LongArray | None, n_users: int
    ) -> Sequences:
        """Columns of interactions, ordered; of events at the same time, or without times, in the order given."""
        order = np.argsort(users, kind="stable") if times is None else np.lexsort((times, users))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(users, minlength=n_users))]).astype(np.int64)
        return cls(indptr, items[order], values[order], None if times is None else times[order])

    def histories(self, item_ids: Ids, users: Iterable[int]) -> list[dict[Any, float]]:
        """What users, by index, have met, in order: {item id: value}; of an item met repeatedly, the latest value.

        Examples:
            >>> order = Sequences.of(*(np.array(column) for column in ([0, 0], [1, 0], [2.0, 3.0], [9, 5])), n_users=1)
            >>> order.histories(Ids([7, 8]), [0])
            [{7: 3.0, 8: 2.0}]
        """
        spans = [slice(self.indptr[user], self.indptr[user + 1]) for user in users]
        pairs = ((item_ids.values[self.items[span]].tolist(), self.values[span].tolist()) for span in spans)
        return [dict(zip(items, values, strict=True)) for items, values in pairs]

    def rows(self, n_items: int) -> sparse.csr_array:
        """(n_users, n_items) CSR whose entries stand in order of the sequence: neither sorted by item nor summed."""
        indptr = self.indptr.astype(np.int32) if len(self.items) <= np.iinfo(np.int32).max else self.indptr
        parts = self.values.copy(), self.items.copy(), indptr
        return sparse.csr_array(parts, shape=(len(self.indptr) - 1, n_items))
