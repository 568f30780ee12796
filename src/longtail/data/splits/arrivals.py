"""Items a model has never seen."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.splits.parts import Split, divide, require_choice, require_share, times_of
from longtail.errors import DataError
from longtail.rng import generator
from longtail.types import LongArray

__all__ = ["Arrivals", "cold_items"]

Arrivals = Literal["random", "newest"]


def cold_items(data: Interactions, share: float = 0.2, *, which: Arrivals = "random", seed: int = 0) -> Split:
    """Item cold-start: some items are wholly kept from train, and their rows are the test.

    Only what is known of an item besides its interactions (title, genres, text) can lead to it. The future leaks: train
    has rows of other items later than test's; with "newest" the test items are at least no older than the others.
    Users whose every row is of test items have no row in train.

    Args:
        data: the rows to divide.
        share: the part of the items with rows to keep from train.
        which: which items: "random", or the "newest", those whose first row is the latest (ties by index).
        seed: equal seeds hold out equal items; without effect on "newest".

    Raises:
        ConfigError: a share that is not between 0 and 1, or an unknown `which`.
        DataError: "newest" without times; too few items to leave rows in each part.

    Source: Schein, Popescul, Ungar and Pennock 2002, "Methods and metrics for cold-start recommendations".

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 2, 2], "item": [1, 2, 1, 3], "timestamp": [10, 20, 30, 40]})
        >>> train, test = cold_items(data, share=0.4, which="newest")
        >>> train.item_counts.tolist(), test.item_counts.tolist()
        ([2, 1, 0], [0, 0, 1])
    """
    require_share(share, "share")
    require_choice("which", which, get_args(Arrivals))
    if not len(data):
        raise DataError("there are no rows to divide")
    known = np.flatnonzero(data.item_counts)
    number = round(share * len(known))
    if which == "newest":
        first = _first_times(data, times_of(data, "cold_items(which='newest')", "which='random'"))
        chosen = known[np.argsort(first[known], kind="stable")[len(known) - number :]]
    else:
        chosen = generator(seed, "split", "cold-items").choice(known, number, replace=False, shuffle=False)
    cold = np.zeros(data.n_items, dtype=np.bool_)
    cold[chosen] = True
    return divide(data, cold[data.items], "choose another share of the items")


def _first_times(data: Interactions, times: LongArray) -> LongArray:
    """(n_items,) when each item was first met."""
    first = np.full(data.n_items, np.iinfo(np.int64).max)
    np.minimum.at(first, data.items, times)
    return first
