"""The list anybody could make: the most popular items a user has not met, what is surprising being what it lacks."""

from __future__ import annotations

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import DataError
from longtail.evaluation.metrics.per_list import histories
from longtail.kernels.lists import first_unmet
from longtail.types import AnyArray, IntArray

__all__ = ["popular_lists"]


def popular_lists(
    lists: TopN, train: Interactions, history: Interactions | None = None, among: IntArray | Interactions | None = None
) -> TopN:
    """For the users of other lists, as many of the most popular items they have not met as those lists have places.

    The primitive recommender of `serendipity` and `unexpectedness` (Murakami, Mori & Orihara 2008). Ties in order of
    first appearance; an item nobody met in `train` is not listed.

    Args:
        lists: whose users and places to take.
        train: what popularity is counted in.
        history: what the users have met; `train` by default.
        among: the only items that may be listed, by index, or for each user those of their rows here; None for all.

    Raises:
        DataError: if `history` or `among` number their items differently from `train`.

    Examples:
        Item 10 has three raters, 20 two, 30 one; ann has met 10 and 30.

        >>> rows = {"user": ["ann", "ann", "bob", "bob", "cy"], "item": [10, 30, 10, 20, 10]}
        >>> train = Interactions.from_frame({**rows, "rating": [4.0, 3.0, 5.0, 4.0, 2.0]})
        >>> lists = TopN([0, 2], [[1, 2], [2, 1]], np.zeros((2, 2)), train.user_ids, train.item_ids)
        >>> popular_lists(lists, train).of("ann"), popular_lists(lists, train).of("cy")
        ([20], [30, 20])
    """
    if any(isinstance(data, Interactions) and data.item_ids != train.item_ids for data in (history, among)):
        raise DataError("the history and the candidates need the item ids of train, as splits of one data set have")
    if isinstance(among, Interactions):
        items = _most_popular_of_each(lists, train, among)
    else:
        starts, sizes = histories(lists, train if history is None else history)
        met = (train if history is None else history).by_user.indices.astype(np.int32)
        items = first_unmet(_by_popularity(train, among), starts, starts + sizes, met, lists.n)
    scores = np.where(items >= 0, -np.arange(lists.n, dtype=np.float32), np.float32(-np.inf))
    users = train.user_ids.index(lists.user_ids[lists.users])
    return TopN(users, items, scores, train.user_ids, train.item_ids)


def _by_popularity(train: Interactions, among: IntArray | None) -> IntArray:
    order = np.argsort(-train.item_counts, kind="stable")
    allowed = train.item_counts > 0
    if among is not None:
        allowed &= np.isin(np.arange(train.n_items), among)
    return order[allowed[order]].astype(np.int32)


def _most_popular_of_each(lists: TopN, train: Interactions, among: Interactions) -> AnyArray:
    starts, sizes = histories(lists, among)
    own = among.by_user.indices
    rows = np.repeat(np.arange(len(lists)), sizes)
    items = own[np.arange(sizes.sum()) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)]
    met_by_some = train.item_counts[items] > 0
    rows, items = rows[met_by_some], items[met_by_some]
    order = np.lexsort((items, -train.item_counts[items], rows))
    rows, items = rows[order], items[order]
    places = np.arange(len(rows)) - np.searchsorted(rows, rows)
    found = np.full((len(lists), lists.n), -1, dtype=np.int32)
    inside = places < lists.n
    found[rows[inside], places[inside]] = items[inside]
    return found
