"""Every click of later sessions, asked from what came before it in the session."""

from __future__ import annotations

import dataclasses

import numpy as np

from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.data.splits.parts import GivenSplit
from longtail.data.splits.sessions import cut_between
from longtail.errors import DataError

__all__ = ["every_click", "named_sessions"]


def every_click(data: Interactions, *, fraction: float = 0.2, at: int | None = None, min_length: int = 2) -> GivenSplit:
    """Every click but the first of each later session is hidden in turn, and what came before it is given.

    The cut, and so what leaks (nothing), is that of `next_in_session`. Repeats stay: a click on an item that was met
    before is given and asked like every other. Clicks on items that no session before the cut knows are left out
    first, as is usual, because no list can hold them.

    Args:
        data: the rows to divide, loaded with duplicates="keep" where repeats should count.
        fraction: as for `next_in_session`.
        at: as for `next_in_session`.
        min_length: as for `next_in_session`; counted before unknown items are left out.

    Returns:
        Parts whose users are sessions and, in `given` and `test`, beginnings of them: "7:2" is asked after two clicks
        of session 7.

    Raises:
        ConfigError: a number that cannot be.
        DataError: no times; no session before the cut, or none of enough rows after it.

    Source: Hidasi, Karatzoglou, Baltrunas and Tikk 2016, "Session-based recommendations with recurrent neural
    networks".

    Examples:
        >>> clicks = {"user": [1, 1, 2, 2, 2], "item": [5, 6, 6, 5, 6], "timestamp": [10, 11, 20, 21, 22]}
        >>> data = Interactions.from_frame(clicks, duplicates="keep")
        >>> train, given, test = every_click(data, fraction=0.5)
        >>> test.to_frame().select("user", "item").rows()
        [('2:1', 5), ('2:2', 6)]
        >>> given.to_frame().select("user", "item").rows()
        [('2:1', 6), ('2:2', 6), ('2:2', 5)]
    """
    cut = cut_between(data, "every_click", fraction, at, min_length)
    data, before = cut.data, cut.before[cut.data.users]
    known = np.bincount(data.items[before], minlength=data.n_items) > 0
    rows = np.flatnonzero(cut.asked[data.users] & known[data.items])
    rows = rows[np.lexsort((cut.place[rows], data.users[rows]))]
    owners = data.users[rows]
    begins = np.searchsorted(owners, owners)
    place = np.arange(len(rows)) - begins
    asked = np.flatnonzero(place > 0)
    if not len(asked):
        raise DataError("no session after the cut has two clicks on items that are known before it; choose another cut")
    lengths = place[asked]
    number = np.repeat(np.arange(len(asked)), lengths)
    within = np.arange(len(number)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    names = named_sessions(data).user_ids.values.tolist()
    beginnings = [f"{names[owner]}:{clicks}" for owner, clicks in zip(owners[asked], lengths, strict=True)]
    ids = Ids([*names, *beginnings], kind="session")

    def part(taken: np.ndarray, users: np.ndarray) -> Interactions:
        return dataclasses.replace(data.take(taken), users=users.astype(np.int32), user_ids=ids)

    return GivenSplit(
        part(np.flatnonzero(before), data.users[before]),
        part(rows[np.repeat(begins[asked], lengths) + within], data.n_users + number),
        part(rows[asked], data.n_users + np.arange(len(asked))),
    )


def named_sessions(data: Interactions) -> Interactions:
    """The same rows, users known by their ids as text: a name may then be made from another."""
    return dataclasses.replace(data, user_ids=Ids(list(map(str, data.user_ids.values.tolist())), kind="session"))
