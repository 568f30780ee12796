"""What a hidden item counts that shares its score with others."""

from __future__ import annotations

import dataclasses

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import TopN

__all__ = ["hidden_last"]


def hidden_last(lists: TopN, hidden: Interactions) -> TopN:
    """Lists one place shorter, in which every hidden item stands after all items of the same score.

    With a place more than are judged, it shows whether one that stands at the end is tied with others beyond. An
    algorithm that scores all alike then finds nothing, whatever the order of the items.

    Args:
        lists: made with one place more than are judged.
        hidden: the right answers.

    Examples:
        >>> from longtail.data.ids import Ids
        >>> hidden = Interactions.from_frame({"user": [1], "item": [5]})
        >>> lists = TopN([0], [[0, 1, 2]], [[2.0, 2.0, 1.0]], hidden.user_ids, Ids([5, 6, 7]))
        >>> hidden_last(lists, hidden).of(1)
        [6, 5]
    """
    users = hidden.user_ids.index(lists.user_ids[lists.users], missing=-1).astype(np.int64)
    items = hidden.item_ids.index(lists.item_ids.values, missing=-1)[np.maximum(lists.items, 0)]
    known = lists.filled & (items >= 0) & (users >= 0)[:, None]
    keys = users[:, None] * hidden.n_items + items
    right = known & np.isin(keys, hidden.users.astype(np.int64) * hidden.n_items + hidden.items)
    rows = np.broadcast_to(np.arange(len(lists))[:, None], lists.items.shape)
    place = np.broadcast_to(np.arange(lists.n), lists.items.shape)
    order = np.lexsort((place.ravel(), right.ravel(), -lists.scores.ravel(), rows.ravel()))
    places = order.reshape(lists.items.shape)[:, :-1]
    return dataclasses.replace(lists, items=lists.items.ravel()[places], scores=lists.scores.ravel()[places])
