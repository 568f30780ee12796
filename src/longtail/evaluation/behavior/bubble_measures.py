"""What is measured in each round of a simulation: how wide the lists are, and what people do with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longtail.data.synthetic import World
from longtail.rng import generator
from longtail.types import BoolArray, FloatArray, IntArray, RealArray

__all__ = ["MEASURES", "PER_USER", "Yardstick"]

PAIRS = 2_000
WINDOW = 10
"""Items that count as what somebody has met of late."""

PER_USER = {
    "list_spread": "mean distance in the world's trait space of two items of a list (stars of taste)",
    "list_genres": "1 - the mean share of genres that two items of a list have in common (Jaccard)",
    "met_spread": f"as list_spread, of the last {WINDOW} items the user met",
    "met_entropy": f"entropy of the genres of the last {WINDOW} items the user met, in bits",
    "utility": "true utility of what was chosen, in stars",
    "regret": "true utility of the best item not met before, less that of what was chosen, in stars",
}
WHOLE = {
    "coverage": "share of the catalogue that stands in some list",
    "gini": "Gini coefficient of the places that items have in the lists: 0 all alike, near 1 a few have them all",
    "sameness": "mean share that two users have in common of all they chose so far (Jaccard)",
}
MEASURES = {**PER_USER, **WHOLE}
"""Every measure by name, with its meaning. Those of `PER_USER` are means over users."""


@dataclass(frozen=True, eq=False)
class Yardstick:
    """Measures against what is true of a world.

    Attributes:
        distances: (n_items, n_items) float32, of items in trait space.
        overlaps: (n_items, n_items) float32, the Jaccard index of the genres of items.
        genres: (n_items, n_genres) float64; an item's row sums to 1, or to 0 where it has no genre.
        pairs: (2, n_pairs) users who are compared.
    """

    distances: FloatArray
    overlaps: FloatArray
    genres: RealArray
    pairs: IntArray

    @classmethod
    def of(cls, world: World, seed: int) -> Yardstick:
        """The yardstick of a world."""
        traits = world.supply.traits.astype(np.float64)
        squares = (traits**2).sum(axis=1)
        apart = np.sqrt(np.maximum(squares[:, None] + squares - 2.0 * traits @ traits.T, 0.0))
        member = _membership(world)
        shared = member @ member.T
        sizes = member.sum(axis=1)
        either = sizes[:, None] + sizes - shared
        users = len(world.user_ids)
        pairs = generator(seed, "bubble", "pairs").integers(0, users, (2, PAIRS))
        return cls(
            apart.astype(np.float32),
            np.divide(shared, either, out=np.zeros_like(shared), where=either > 0).astype(np.float32),
            np.divide(member, sizes[:, None], out=np.zeros_like(member), where=sizes[:, None] > 0),
            pairs[:, pairs[0] != pairs[1]].astype(np.int32),
        )

    def spread(self, items: IntArray) -> RealArray:
        """(n_users,) mean distance of two items of each row; NaN with fewer than two."""
        return _over_pairs(self.distances, items)

    def variety(self, items: IntArray) -> RealArray:
        """(n_users,) 1 - the mean overlap in genres of two items of each row."""
        unlike: RealArray = 1.0 - _over_pairs(self.overlaps, items)
        return unlike

    def entropy(self, items: IntArray) -> RealArray:
        """(n_users,) entropy in bits of the genres of the items of each row."""
        weights = np.where((items >= 0)[:, :, None], self.genres[np.maximum(items, 0)], 0.0).sum(axis=1)
        total = weights.sum(axis=1, keepdims=True)
        share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        bits: RealArray = -(share * np.log2(np.where(share > 0, share, 1.0))).sum(axis=1)
        return np.where(total[:, 0] > 0, bits, np.nan)

    def sameness(self, chosen: BoolArray) -> float:
        """The mean Jaccard index of what two users chose, over some pairs of users; NaN before anything was."""
        one, two = chosen[self.pairs[0]], chosen[self.pairs[1]]
        shared, either = (one & two).sum(axis=1), (one | two).sum(axis=1)
        known = either > 0
        return float((shared[known] / either[known]).mean()) if known.any() else np.nan


def coverage(items: IntArray, n_items: int) -> float:
    """The share of the catalogue in some list."""
    return len(np.unique(items[items >= 0])) / n_items


def gini(items: IntArray, n_items: int) -> float:
    """sum_k (2k - n - 1) x_k / (n sum x), x_k the places of the items in increasing order (Gini 1912)."""
    places = np.sort(np.bincount(items[items >= 0], minlength=n_items))
    if not places.any():
        return np.nan
    order = 2.0 * np.arange(1, n_items + 1) - n_items - 1.0
    return float(order @ places / (n_items * places.sum()))


def _over_pairs(table: FloatArray, items: IntArray) -> RealArray:
    """(n_users,) the mean of a table's entries over the pairs of items of each row."""
    first, second = np.triu_indices(items.shape[1], k=1)
    real = (items[:, first] >= 0) & (items[:, second] >= 0)
    values = np.where(real, table[items[:, first], items[:, second]], 0.0).sum(axis=1, dtype=np.float64)
    count = real.sum(axis=1)
    mean: RealArray = np.divide(values, count, out=np.full(len(values), np.nan), where=count > 0)
    return mean


def _membership(world: World) -> RealArray:
    listed = world.catalog.genres(world.item_ids)
    names = {name: column for column, name in enumerate(sorted({genre for genres in listed for genre in genres}))}
    member = np.zeros((len(listed), len(names)))
    for item, genres in enumerate(listed):
        member[item, [names[genre] for genre in genres]] = 1.0
    return member
