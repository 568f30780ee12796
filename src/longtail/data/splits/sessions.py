"""Sessions: later ones are tested, each from its own beginning.

A session is what a user does in one sitting. Here **a session is a user of its own**: its items are its history, and
nothing of other sessions of the same person is known. So are most click logs, which name no person: load them with the
session as the user. Where the data have a `sessions` column beside the users, `sessions_as_users` makes each session a
user; the splits below do so themselves.

As everywhere, a pair of user and item stands once. Within a session, a second click on an item is merged into the
latest one; so the item to find is never one of the prefix. A log with users whose *pairs of user and item* were merged
while loading has lost repeats across sessions as well: to keep them, load it with the session as the user.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.data.splits.parts import (
    GivenSplit,
    Which,
    places,
    require_choice,
    require_share,
    require_whole,
    times_of,
)
from longtail.errors import DataError
from longtail.rng import generator
from longtail.types import BoolArray, LongArray

__all__ = ["Cut", "cut_between", "next_in_session", "rest_of_session", "sessions_as_users"]


def sessions_as_users(data: Interactions) -> Interactions:
    """The same rows with each session a user, known by its number; the data themselves where they have no sessions.

    Raises:
        DataError: if a session number belongs to more than one user, so that it names no session.

    Examples:
        >>> data = Interactions.from_frame({"user": ["ann", "ann", "bob"], "item": [1, 2, 1], "session": [7, 8, 9]})
        >>> sessions_as_users(data).to_frame().rows()
        [(0, 1, 1.0), (1, 2, 1.0), (2, 1, 1.0)]
    """
    if data.sessions is None:
        return data
    numbers, first, codes = np.unique(data.sessions, return_index=True, return_inverse=True)
    shared = np.flatnonzero(data.users != data.users[first][codes])
    if len(shared):
        row = shared[0]
        names = data.user_ids[[data.users[first[codes[row]]], data.users[row]]].tolist()
        raise DataError(
            f"session {data.sessions[row]} belongs to users {names[0]} and {names[1]}; number sessions across users"
        )
    return dataclasses.replace(data, users=codes.astype(np.int32), user_ids=Ids(numbers, kind="session"), sessions=None)


def next_in_session(
    data: Interactions,
    *,
    fraction: float = 0.2,
    at: int | None = None,
    which: Which = "last",
    min_length: int = 2,
    seed: int = 0,
) -> GivenSplit:
    """The next item: of each later session, the rows up to a place are given, and the one after them is hidden.

    Sessions that end before the cut are train, sessions that begin at the cut or later are asked, and those under way
    at the cut are left out: every training row is strictly earlier than every row given or hidden. Nothing leaks.

    Args:
        data: the rows to divide; see the module for what a session is.
        fraction: the part of the sessions, the latest to begin, that come after the cut; sessions that begin in the
            same second stay together. Without effect where `at` is given.
        at: the cut, in seconds since 1970.
        which: the row to hide: the "last" of the session, or a "random" one but the first (what follows it is left
            out).
        min_length: later sessions with fewer rows are left out; at least 2.
        seed: equal seeds hide equal rows; without effect on "last".

    Returns:
        Parts whose users are sessions.

    Raises:
        ConfigError: a number or word that cannot be.
        DataError: no times; no session before the cut, or none of enough rows after it.

    Source: Hidasi, Karatzoglou, Baltrunas and Tikk 2016, "Session-based recommendations with recurrent neural networks"
    (who ask at every place of a session, as `every_click` does; here each is asked once, so that all count alike).

    Examples:
        >>> clicks = Interactions.from_frame(
        ...     {"user": [1, 1, 2, 2, 2], "item": [5, 6, 6, 7, 8], "timestamp": [10, 11, 20, 21, 22]}
        ... )
        >>> train, given, test = next_in_session(clicks, fraction=0.5)
        >>> len(train), given.to_frame()["item"].to_list(), test.to_frame()["item"].to_list()
        (2, [6, 7], [8])
    """
    require_choice("which", which, ("random", "last"))
    cut = cut_between(data, "next_in_session", fraction, at, min_length)
    lengths = cut.data.user_counts
    hidden = lengths - 1
    if which == "random":
        hidden = 1 + np.floor(generator(seed, "split", "next-in-session").random(len(lengths)) * (lengths - 1))
    return _revealed(cut, cut.place < hidden[cut.data.users], cut.place == hidden[cut.data.users])


def rest_of_session(
    data: Interactions, *, fraction: float = 0.2, at: int | None = None, given: float = 0.5, min_length: int = 2
) -> GivenSplit:
    """The rest: of each later session, the first part of the rows is given, and all that follow are hidden.

    The cut, and so what leaks (nothing), is that of `next_in_session`.

    Args:
        data: the rows to divide; see the module for what a session is.
        fraction: as for `next_in_session`.
        at: as for `next_in_session`.
        given: the part of a session's rows that is given; at least one row is given and one hidden.
        min_length: as for `next_in_session`.

    Returns:
        Parts whose users are sessions.

    Raises:
        ConfigError: a number that cannot be.
        DataError: no times; no session before the cut, or none of enough rows after it.

    Source: Ludewig and Jannach 2018, "Evaluation of session-based recommendation algorithms", on predicting the
    remaining items of a session.

    Examples:
        >>> clicks = Interactions.from_frame(
        ...     {"user": [1, 1, 2, 2, 2], "item": [5, 6, 6, 7, 8], "timestamp": [10, 11, 20, 21, 22]}
        ... )
        >>> _, given, test = rest_of_session(clicks, fraction=0.5, given=0.3)
        >>> given.to_frame()["item"].to_list(), test.to_frame()["item"].to_list()
        ([6], [7, 8])
    """
    require_share(given, "given")
    cut = cut_between(data, "rest_of_session", fraction, at, min_length)
    lengths = cut.data.user_counts
    shown = np.clip(np.rint(given * lengths), 1, np.maximum(lengths - 1, 1))[cut.data.users]
    return _revealed(cut, cut.place < shown, cut.place >= shown)


class Cut(NamedTuple):
    """Data whose users are sessions, which of them are learned from and asked, and each row's place in its session."""

    data: Interactions
    before: BoolArray
    asked: BoolArray
    place: LongArray


def cut_between(data: Interactions, name: str, fraction: float, at: int | None, min_length: int) -> Cut:
    """The cut of the split `name`, whose arguments these are; sessions are users of the data in it."""
    require_share(fraction)
    require_whole("min_length", min_length, at_least=2)
    times = times_of(data, name, "unseen_users")
    if not len(data):
        raise DataError("there are no rows to divide")
    data = sessions_as_users(data)
    begin = np.full(data.n_users, np.iinfo(np.int64).max)
    end = np.full(data.n_users, np.iinfo(np.int64).min)
    np.minimum.at(begin, data.users, times)
    np.maximum.at(end, data.users, times)
    known = data.user_counts > 0
    if at is None:
        latest = np.sort(begin[known])[::-1]
        at = int(latest[max(round(fraction * len(latest)) - 1, 0)])
    before = known & (end < at)
    asked = known & (begin >= at) & (data.user_counts >= min_length)
    for chosen, what in ((before, "no session ends before"), (asked, f"no session of {min_length} rows begins after")):
        if not chosen.any():
            raise DataError(f"{what} the cut at {at}; choose another")
    return Cut(data, before, asked, places(data.users, data.user_counts, times))


def _revealed(cut: Cut, given: BoolArray, hidden: BoolArray) -> GivenSplit:
    data, asked = cut.data, cut.asked[cut.data.users]
    return GivenSplit(data.take(cut.before[data.users]), data.take(asked & given), data.take(asked & hidden))
