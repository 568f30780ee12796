"""What an algorithm did with items that nobody has met: a note for the reader, where they are what is asked about."""

from __future__ import annotations

import numpy as np

from longtail.data.results import TopN
from longtail.evaluation.protocols import Fold

__all__ = ["notes"]


def notes(lists: TopN, fold: Fold) -> list[str]:
    """A note where every hidden row is of an item that train has never seen; else none.

    Examples:
        >>> from longtail.data.interactions import Interactions
        >>> data = Interactions.from_frame({"user": [1, 2, 1], "item": [7, 7, 8]})
        >>> fold = Fold(name="new", train=data.take([0, 1]), test=data.take([2]), asks=("ranking",))
        >>> nothing = TopN(np.array([0]), np.array([[-1]]), np.array([[-np.inf]]), data.user_ids, data.item_ids)
        >>> notes(nothing, fold)
        ['lists no item that nobody has met']
    """
    if fold.test is None or fold.train.item_counts[fold.test.items].any() or not len(lists):
        return []
    new = lists.filled & (fold.train.item_counts[lists.items] == 0)
    if not new.any():
        return ["lists no item that nobody has met"]
    places, share = new.sum() / new.size, new.any(axis=1).mean()
    found = f"lists items that nobody has met in {share:.0%} of its lists, at {places:.0%} of the places"
    highest = np.where(new, lists.scores, -np.inf).max(axis=1)
    lowest = np.where(new, lists.scores, np.inf).min(axis=1)
    several = new.sum(axis=1) > 1
    if several.any() and (highest[several] == lowest[several]).all():
        found += ", all with the same score: their order says nothing"
    return [found]
