"""Sums over the users who rated both items of a pair; no matrix of items x items is ever held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.kernels.jit import strict_kernel
from longtail.kernels.lists import grouped
from longtail.kernels.parallel import run_rows
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, LongArray, RealArray

__all__ = ["CommonRaters"]

ADDING_COSTS = 2.0
"""How much longer it takes to add a rating up than to read it."""


@dataclass(frozen=True, eq=False)
class CommonRaters:
    """Ratings x by user and by item, made ready once for any number of pairs.

    Attributes:
        row_bounds: (n_users + 1,) where each user's ratings start.
        row_items: (n_ratings,) int32, increasing within a user.
        row_ratings: (n_ratings,) float32.
        bounds: (n_items + 1,) where each item's raters start.
        places: (n_ratings,) where the ratings of an item stand among those by user.
        users: (n_ratings,) int32, increasing within an item.
        ratings: (n_ratings,) float32.
        effort: (n_items,) how many ratings the raters of an item have given to it and to items of higher index.

    Examples:
        >>> ratings = sparse.csr_array(np.array([[3.0, 4.0, 0.0], [0.0, 2.0, 5.0]], np.float32))
        >>> CommonRaters.of(ratings).sums(np.array([0, 0]), np.array([1, 2])).tolist()
        [[12.0, 12.0, 1.0], [0.0, 0.0, 0.0]]
    """

    row_bounds: LongArray
    row_items: IntArray
    row_ratings: FloatArray
    bounds: LongArray
    places: LongArray
    users: IntArray
    ratings: FloatArray
    effort: LongArray

    @classmethod
    def of(cls, rows: sparse.csr_array) -> CommonRaters:
        """Of an (n_users, n_items) CSR of ratings, items in order within a user; a stored 0 is a rating."""
        row_bounds = rows.indptr.astype(np.int64)
        places, bounds = grouped(rows.indices, rows.shape[1])
        owners = np.repeat(np.arange(rows.shape[0], dtype=np.int32), np.diff(row_bounds))
        users = owners[places]
        to_come = np.concatenate([[0], np.cumsum(row_bounds[users + 1] - places)])
        effort = to_come[bounds[1:]] - to_come[bounds[:-1]]
        ratings = rows.data.astype(np.float32, copy=False)
        items = rows.indices.astype(np.int32, copy=False)
        return cls(row_bounds, items, ratings, bounds, places, users, ratings[places], effort)

    def sums(self, a: AnyArray, b: AnyArray) -> RealArray:
        """Sums over the users who rated both items of each pair.

        In one of two ways, whichever touches fewer ratings. The rows of the raters of an item are added up over the
        items of higher index, for all its pairs with these at once; or the column of the longer item of a pair is
        spread out over the users, and the shorter one read against it. Both add in the order of the users, so the sums
        are the same to the last bit.

        Args:
            a: (n_pairs,) item indices.
            b: (n_pairs,) item indices.

        Returns:
            (n_pairs, 3) float64: sum x_a x_b, sqrt(sum x_a^2 sum x_b^2), and the number of common users.
        """
        n_items = len(self.effort)
        low = np.minimum(a, b, dtype=np.int32, casting="same_kind")
        high = np.maximum(a, b, dtype=np.int32, casting="same_kind")
        sums, done = np.zeros((len(low), 3)), np.zeros(len(low), dtype=np.bool_)
        order, _ = grouped(low, n_items)
        by_row = (self.row_bounds, self.row_items, self.row_ratings)
        by_item = (self.bounds, self.users, self.ratings)
        run_rows(
            lambda lo, hi: _add_rows(*by_row, *by_item, self.places, self.effort, low, high, order, lo, hi, sums, done),
            len(order),
        )
        left = np.flatnonzero(~done)
        lengths = np.diff(self.bounds)
        swap = lengths[low[left]] < lengths[high[left]]
        longer, shorter = np.where(swap, high[left], low[left]), np.where(swap, low[left], high[left])
        order, _ = grouped(longer, n_items)
        n_users, found = len(self.row_bounds) - 1, np.empty((len(left), 3))
        run_rows(lambda lo, hi: _read_columns(*by_item, n_users, longer, shorter, order, lo, hi, found), len(order))
        sums[left] = found
        return sums


@strict_kernel
def _add_rows(
    row_bounds: LongArray,
    row_items: IntArray,
    row_ratings: FloatArray,
    bounds: LongArray,
    users: IntArray,
    ratings: FloatArray,
    places: LongArray,
    effort: LongArray,
    low: IntArray,
    high: IntArray,
    order: LongArray,
    lo: int,
    hi: int,
    sums: RealArray,
    done: BoolArray,
) -> None:
    """The groups of pairs with the same lower item that begin in order[lo:hi], where that is the cheaper way."""
    n_items = len(bounds) - 1
    added = np.zeros((n_items, 4))
    while 0 < lo < hi and low[order[lo]] == low[order[lo - 1]]:
        lo += 1
    while lo < hi:
        item, stop, reading = low[order[lo]], lo, 0
        while stop < len(order) and low[order[stop]] == item:
            other = high[order[stop]]
            reading += min(bounds[other + 1] - bounds[other], bounds[item + 1] - bounds[item])
            stop += 1
        if reading > ADDING_COSTS * effort[item]:
            for rater in range(bounds[item], bounds[item + 1]):
                x = np.float64(ratings[rater])
                for k in range(places[rater], row_bounds[users[rater] + 1]):
                    other, y = row_items[k], np.float64(row_ratings[k])
                    added[other, 0] += x * y
                    added[other, 1] += x * x
                    added[other, 2] += y * y
                    added[other, 3] += 1.0
            for pair in order[lo:stop]:
                other = high[pair]
                sums[pair, 0], sums[pair, 2] = added[other, 0], added[other, 3]
                sums[pair, 1] = np.sqrt(added[other, 1] * added[other, 2])
                done[pair] = True
            if effort[item] > n_items:
                for other in range(item, n_items):
                    for k in range(4):
                        added[other, k] = 0.0
            else:
                for rater in range(bounds[item], bounds[item + 1]):
                    for place in range(places[rater], row_bounds[users[rater] + 1]):
                        for k in range(4):
                            added[row_items[place], k] = 0.0
        lo = stop


@strict_kernel
def _read_columns(
    bounds: LongArray,
    users: IntArray,
    ratings: FloatArray,
    n_users: int,
    longer: IntArray,
    shorter: IntArray,
    order: LongArray,
    lo: int,
    hi: int,
    sums: RealArray,
) -> None:
    """The pairs order[lo:hi], those with the same longer item side by side."""
    spread = np.empty(n_users, dtype=np.float32)
    for user in range(n_users):
        spread[user] = np.nan
    held = -1
    for pair in order[lo:hi]:
        if longer[pair] != held:
            if held >= 0:
                for place in range(bounds[held], bounds[held + 1]):
                    spread[users[place]] = np.nan
            held = longer[pair]
            for place in range(bounds[held], bounds[held + 1]):
                spread[users[place]] = ratings[place]
        product, square, other_square, common = 0.0, 0.0, 0.0, 0
        for place in range(bounds[shorter[pair]], bounds[shorter[pair] + 1]):
            x, y = np.float64(spread[users[place]]), np.float64(ratings[place])
            if x == x:
                product += x * y
                square += x * x
                other_square += y * y
                common += 1
        sums[pair, 0], sums[pair, 1], sums[pair, 2] = product, np.sqrt(square * other_square), common
