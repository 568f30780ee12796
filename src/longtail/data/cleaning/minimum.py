"""The k-core: users and items with enough rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from longtail import params
from longtail.data.cleaning.steps import Marked, Step
from longtail.data.interactions import Interactions

__all__ = ["MinimumRatings"]


@dataclass(frozen=True, kw_only=True)
class MinimumRatings(Step):
    """The largest part of the data in which every user and every item has enough rows.

    Taking out an item may leave a user with too few rows, and so on: it is repeated until nothing changes.
    Figures on a core are kinder than life, because the hard cases (newcomers, the tail) are what it takes out.

    Attributes:
        users: rows every user has at least.
        items: rows every item has at least.

    Examples:
        >>> rows = {"user": [1, 1, 2, 2, 3], "item": [10, 20, 10, 20, 30]}
        >>> MinimumRatings(users=2, items=2).mark(Interactions.from_frame(rows)).rows.tolist()
        [False, False, False, False, True]
    """

    name: ClassVar[str] = "minimum"

    users: int = params.hyper(5, at_least=1)
    items: int = params.hyper(1, at_least=1)

    def mark(self, data: Interactions) -> Marked:
        """The rows outside the core."""
        kept, before = np.ones(len(data), dtype=np.bool_), -1
        while (left := int(np.count_nonzero(kept))) != before:
            before = left
            users = np.bincount(data.users[kept], minlength=data.n_users) >= self.users
            items = np.bincount(data.items[kept], minlength=data.n_items) >= self.items
            kept &= users[data.users] & items[data.items]
        return Marked(~kept)
