"""Lists in the terms of other data: item values summed over each list, places that hold an expected item."""

from __future__ import annotations

import numpy as np

from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import DataError
from longtail.kernels.lists import strangers
from longtail.types import AnyArray, BoolArray, LongArray, RealArray

__all__ = ["histories", "lengths", "list_of_user", "mean_of_items", "ratio", "sum_of_items", "unexpected"]


def lengths(lists: TopN) -> LongArray:
    """(n_lists,) how many items each list holds."""
    held: LongArray = np.count_nonzero(lists.filled, axis=1).astype(np.int64)
    return held


def sum_of_items(lists: TopN, item_ids: Ids, item_values: AnyArray) -> RealArray:
    """(n_lists,) the sum over each list of what its items are worth; `item_values` is in the order of `item_ids`.

    Raises:
        UnknownIdError: if the lists hold an item without an id there.
    """
    aligned = lists.aligned_to(lists.user_ids, item_ids)
    worth: RealArray = np.append(np.asarray(item_values, dtype=np.float64), 0.0)[aligned.items]
    total: RealArray = worth.sum(axis=1)
    return total


def mean_of_items(lists: TopN, item_ids: Ids, item_values: AnyArray) -> RealArray:
    """(n_lists,) the mean over each list of what its items are worth; NaN for an empty one."""
    return ratio(sum_of_items(lists, item_ids, item_values), lengths(lists))


def ratio(above: AnyArray, below: AnyArray) -> RealArray:
    """The quotient, and NaN where `below` is 0."""
    quotient: RealArray = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=np.asarray(below) > 0)
    return quotient


def list_of_user(lists: TopN) -> LongArray:
    """(n_users,) the row of each user's list, by user index; -1 for a user without one.

    Raises:
        DataError: if a user has more than one list.
    """
    rows = np.full(len(lists.user_ids), -1, dtype=np.int64)
    rows[lists.users] = np.arange(len(lists))
    if np.count_nonzero(rows >= 0) < len(lists):
        twice = lists.users[rows[lists.users] != np.arange(len(lists))][0]
        raise DataError(f"user {lists.user_ids[twice]} has more than one list; keep one list for each user")
    return rows


def histories(lists: TopN, train: Interactions) -> tuple[LongArray, LongArray]:
    """Where the history of each list's user starts among the rows of `train.by_user`, and how long it is."""
    owners = train.user_ids.index(lists.user_ids[lists.users], missing=-1)
    bounds = train.by_user.indptr.astype(np.int64)
    return np.where(owners >= 0, bounds[owners], 0), np.where(owners >= 0, bounds[owners + 1] - bounds[owners], 0)


def unexpected(lists: TopN, expected: TopN) -> BoolArray:
    """(n_lists, n) whether the place holds an item that the user's list of expected items does not.

    A user without such a list expects nothing. Users and items are matched by id.

    Raises:
        DataError: if a user has more than one list of expected items.
    """
    theirs = _in_ids_of(expected, lists)
    rows = list_of_user(theirs)[lists.users]
    return strangers(lists.items, theirs.items, rows)


def _in_ids_of(expected: TopN, lists: TopN) -> TopN:
    """The expected lists with the ids of the others; users and items unknown there are left out."""
    if expected.user_ids == lists.user_ids and expected.item_ids == lists.item_ids:
        return expected
    users = lists.user_ids.index(expected.user_ids[expected.users], missing=-1)
    items = np.full(expected.items.shape, -1, dtype=np.int32)
    items[expected.filled] = lists.item_ids.index(expected.item_ids[expected.items[expected.filled]], missing=-1)
    known = users >= 0
    return TopN(users[known], items[known], expected.scores[known], lists.user_ids, lists.item_ids)
