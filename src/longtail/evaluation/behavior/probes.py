"""Probes: real ratings, hidden at first and then given, one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from longtail import params
from longtail.data.interactions import Interactions
from longtail.errors import DataError
from longtail.rng import generator
from longtail.types import AnyArray, BoolArray, IntArray, LongArray

__all__ = ["Probes"]

HISTORY = 5
"""Rows a user has at least, the probe included."""
NEIGHBORS = 10


@dataclass(frozen=True, eq=False)
class Probes:
    """One liked rating of each of some users, taken out of the data.

    Attributes:
        data: all the rows.
        rows: (n,) int64, the rows taken out, one of each user asked.

    Examples:
        >>> from longtail.data.synthetic import synthetic
        >>> probes = Probes.of(synthetic(users=50, items=40, ratings=800), 6, seed=0)
        >>> len(probes), len(probes.base), len(probes.with_rating(0))
        (6, 794, 795)
    """

    data: Interactions
    rows: LongArray

    @classmethod
    def of(cls, data: Interactions, n: int, *, seed: int = 0) -> Probes:
        """Choose users and one rating of each, among those at or above the user's own mean.

        Users have at least five rows, and the items another rater.

        Args:
            data: the rows.
            n: users, as many as there are at most.
            seed: equal seeds choose equal rows.

        Raises:
            DataError: if nobody qualifies.
        """
        n, data = params.positive("probes", n), data.once
        draw = generator(seed, "behavior", "probes").random(len(data))
        eligible = np.flatnonzero(_eligible(data))
        if not len(eligible):
            raise DataError(
                f"no user has {HISTORY} rows or more, one of them of an item that others know; use more data"
            )
        in_order = eligible[np.argsort(draw[eligible], kind="stable")]
        _, first = np.unique(data.users[in_order], return_index=True)
        return cls(data, in_order[np.sort(first)][:n])

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def base(self) -> Interactions:
        """The data without the probes."""
        return self.data.take(self._kept)

    def with_rating(self, probe: int) -> Interactions:
        """The data without the probes but this one."""
        kept = self._kept.copy()
        kept[self.rows[probe]] = True
        return self.data.take(kept)

    @property
    def _kept(self) -> BoolArray:
        kept = np.ones(len(self.data), dtype=np.bool_)
        kept[self.rows] = False
        return kept

    def user(self, probe: int) -> Any:
        """External id of the user."""
        return self.data.user_ids[self.data.users[self.rows[[probe]]]][0].item()

    def item(self, probe: int) -> Any:
        """External id of the item rated."""
        return self.data.item_ids[self.data.items[self.rows[[probe]]]][0].item()

    def item_index(self, probe: int) -> int:
        """Index of the item rated."""
        return int(self.data.items[self.rows[probe]])

    def value(self, probe: int) -> float:
        """The rating."""
        return float(self.data.values[self.rows[probe]])

    def history(self, probe: int) -> dict[Any, float]:
        """The user's other ratings, {item id: rating}, in order of time."""
        return self.base.sequences.histories(self.data.item_ids, [int(self.data.users[self.rows[probe]])])[0]

    def neighbors(self, probe: int) -> IntArray:
        """The items most like the one rated, by the cosine of their columns, that the user has not met; at most ten."""
        item, columns = self.item_index(probe), self.base.by_item
        products = columns.T @ columns[:, [item]].toarray()[:, 0]
        likeness = products / np.maximum(self._norms * self._norms[item], 1e-12)
        likeness[item] = 0.0
        likeness[self.base.by_user[[int(self.data.users[self.rows[probe]])]].indices] = 0.0
        best = np.argsort(-likeness, kind="stable")[:NEIGHBORS]
        found: IntArray = best[likeness[best] > 0].astype(np.int32)
        return found

    @cached_property
    def _norms(self) -> AnyArray:
        base = self.base
        squares = np.bincount(base.items, weights=base.values.astype(np.float64) ** 2, minlength=base.n_items)
        norms: AnyArray = np.sqrt(squares)
        return norms


def _eligible(data: Interactions) -> BoolArray:
    """(n,) rows that may be a probe."""
    enough = (data.user_counts[data.users] >= HISTORY) & (data.item_counts[data.items] >= 2)
    sums = np.bincount(data.users, weights=data.values, minlength=data.n_users)
    liked: BoolArray = data.values >= (sums / np.maximum(data.user_counts, 1))[data.users] - 1e-6
    return enough & liked
