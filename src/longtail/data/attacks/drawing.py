"""What an attacker knows of the genuine data, and what they draw from it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from longtail.data.interactions import Interactions
from longtail.types import AnyArray, LongArray, RealArray

__all__ = ["Knowledge"]

_HEAD = 0.2  # of the items: where popular-average draws its filler, and what counts as well known
_HUMAN_PAUSE = 15.0  # mean seconds between two rows of a bot that does not hurry
_LEVELS = 20  # distinct values up to which a scale is one of steps


class Knowledge:
    """Means, spreads and popularity of the items, and chance.

    Args:
        data: the genuine interactions.
        rng: the source of chance.
    """

    def __init__(self, data: Interactions, rng: np.random.Generator) -> None:
        self.data = data
        self.rng = rng

    @cached_property
    def items(self) -> LongArray:
        """Items that somebody has met."""
        return np.flatnonzero(self.data.item_counts).astype(np.int64)

    @cached_property
    def by_popularity(self) -> LongArray:
        """The same, most popular first."""
        return np.argsort(-self.data.item_counts, kind="stable")[: len(self.items)].astype(np.int64)

    @cached_property
    def head(self) -> LongArray:
        """The most popular fifth of them."""
        return self.by_popularity[: max(1, round(_HEAD * len(self.items)))]

    @cached_property
    def means(self) -> RealArray:
        """(n_items,) the mean value of each item."""
        sums = np.bincount(self.data.items, self.data.values, minlength=self.data.n_items)
        means: RealArray = sums / np.maximum(1, self.data.item_counts)
        return means

    @cached_property
    def spreads(self) -> RealArray:
        """(n_items,) the standard deviation of each item's values; that of all values where an item has one."""
        data = self.data
        squares = np.bincount(data.items, (data.values - self.means[data.items]) ** 2, minlength=data.n_items)
        alone = data.item_counts < 2
        spreads: RealArray = np.where(alone, data.values.std(), np.sqrt(squares / np.maximum(1, data.item_counts)))
        return spreads

    def imitated(self, share: float) -> LongArray:
        """One genuine user for each profile, whose length and times it takes."""
        genuine = np.flatnonzero(self.data.user_counts).astype(np.int64)
        return self.drawn(genuine, max(1, round(share * len(genuine))), again=True)

    def drawn(self, pool: LongArray, wanted: int, *, again: bool = False) -> LongArray:
        """So many of a pool, or all of it; the same one more than once only if `again`."""
        size = wanted if again else min(wanted, len(pool))
        chosen: LongArray = self.rng.choice(pool, size, replace=again).astype(np.int64)
        return chosen

    def around_items(self, items: LongArray) -> AnyArray:
        """Ratings as each item gets them."""
        return self._on_scale(self.rng.normal(self.means[items], self.spreads[items]))

    def around_mean(self, rows: int) -> AnyArray:
        """Ratings as all items get them."""
        return self._on_scale(self.rng.normal(self.data.values.mean(), self.data.values.std(), rows))

    def one_value(self) -> float:
        """A click as others are; of ratings any value in use."""
        if self.data.feedback == "implicit":
            return float(np.median(self.data.values))
        return float(self.rng.choice(self._levels))

    def borrowed_times(self, user: int, rows: int) -> LongArray | None:
        """The moments of a genuine user, stretched or thinned to so many rows; None where there are no times."""
        if self.data.times is None:
            return None
        own = np.sort(self.data.times[self.data.users == user])
        moments = np.interp(np.linspace(0, len(own) - 1, rows), np.arange(len(own)), own)
        shuffled: LongArray = self.rng.permutation(moments.astype(np.int64))
        return shuffled

    def paced_times(self, rows: int, *, hurried: bool) -> LongArray | None:
        """Moments one after another: a second or none apart if hurried, else at a human pace."""
        if self.data.times is None:
            return None
        pauses = self.rng.integers(0, 2, rows) if hurried else 1 + self.rng.exponential(_HUMAN_PAUSE - 1, rows)
        passed = np.cumsum(pauses).astype(np.int64)
        first, last = int(self.data.times.min()), int(self.data.times.max())
        begin = self.rng.integers(first, max(first, last - int(passed[-1])) + 1)
        moments: LongArray = begin + passed
        return moments

    @cached_property
    def _levels(self) -> AnyArray:
        return np.unique(self.data.values)

    def _on_scale(self, ratings: RealArray) -> AnyArray:
        """The nearest values people use; only clipped to the scale where they use any value at all."""
        if len(self._levels) > _LEVELS:
            clipped: AnyArray = np.clip(ratings, *(self.data.scale or (self._levels[0], self._levels[-1])))
            return clipped
        stepped: AnyArray = self._levels[np.abs(ratings[:, None] - self._levels).argmin(axis=1)]
        return stepped
