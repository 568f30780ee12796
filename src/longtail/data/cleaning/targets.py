"""Items on which odd profiles agree: the targets of an attack, and who is behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from longtail.data.interactions import Interactions
from longtail.types import BoolArray, IntArray, RealArray

__all__ = ["Campaign", "campaigns"]

_STRICTER = (0.0, 0.5, 1.0, 1.5, 2.0)
_FEWEST = 3  # profiles that make a campaign
_MOST = 100  # campaigns looked for


@dataclass(frozen=True)
class Campaign:
    """One target: the item (index), the value it was given, and the users (indices) who did so, ascending."""

    item: int
    value: float
    users: tuple[int, ...]


def campaigns(data: Interactions, scores: RealArray, oddness: float, error: float) -> Iterator[Campaign]:
    """The targets of odd profiles, clearest first; the users of one campaign do not count in the next.

    An item is a target if, of the K users who gave it the highest value in use (or the lowest), so many are odd that
    a binomial variable of K trials, each with the share of odd users' rows among all rows of that value, would reach it
    with a probability below `error`, divided by the number of items, ends of the scale and levels of oddness looked
    at. The levels are `oddness` and half a deviation stricter each, because few and clear profiles drown among many
    odd ones. Behind the target stand those odd at the loosest level at which it is still one.

    Args:
        data: ratings.
        scores: (n_users,) how odd each user is; -inf for users to leave out.
        oddness: the score from which on a user is odd.
        error: the chance of a false target.
    """
    left = np.isfinite(scores)
    for _ in range(_MOST):
        found = _clearest(data, scores, left, oddness, error)
        if found is None:
            return
        left[list(found.users)] = False
        yield found


def _clearest(data: Interactions, scores: RealArray, left: BoolArray, oddness: float, error: float) -> Campaign | None:
    """The target with the lowest probability, or None where no item is one."""
    ends = sorted({float(data.values.min()), float(data.values.max())})
    limit = error / (len(ends) * len(_STRICTER) * max(1, int(np.count_nonzero(data.item_counts))))
    best: tuple[float, int, float] | None = None
    loosest: dict[tuple[int, float], float] = {}
    for value in ends:
        rows = (data.values == value) & left[data.users]
        users, items = data.users[rows], data.items[rows]
        for stricter in _STRICTER:
            odd = scores[users] > oddness + stricter
            chance = _chance(items, odd, data.n_items)
            for index in np.flatnonzero(chance < limit).tolist():
                loosest.setdefault((index, value), oddness + stricter)
                best = min(best or (2.0, 0, 0.0), (float(chance[index]), index, value))
    if best is None:
        return None
    _, item, value = best
    behind = (data.items == item) & (data.values == value) & left[data.users]
    behind &= scores[data.users] > loosest[item, value]
    return Campaign(item, value, tuple(np.sort(data.users[behind]).tolist()))


def _chance(items: IntArray, odd: BoolArray, n_items: int) -> RealArray:
    """(n_items,) the probability of so many odd raters or more; 1 for items with fewer than three."""
    raters, odd_raters = np.bincount(items, minlength=n_items), np.bincount(items[odd], minlength=n_items)
    chance = binom.sf(odd_raters - 1, raters, odd.mean() if len(odd) else 0.0)
    likely: RealArray = np.where(odd_raters >= _FEWEST, chance, 1.0)
    return likely
