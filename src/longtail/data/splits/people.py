"""People a model has never seen: part of what each did is given, and the rest is to be found."""

from __future__ import annotations

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.splits.parts import (
    GivenSplit,
    Which,
    places,
    require_share,
    require_whole,
    row_keys,
)
from longtail.errors import DataError
from longtail.rng import generator
from longtail.types import AnyArray, BoolArray

__all__ = ["cold_users", "unseen_users"]


def unseen_users(
    data: Interactions,
    share: float = 0.2,
    *,
    given: float = 0.8,
    which: Which = "random",
    min_history: int = 2,
    seed: int = 0,
) -> GivenSplit:
    """Strong generalization: some users are wholly kept from train; part of each one's rows is given, the rest hidden.

    What a model has learned of other people must serve people it has never seen. With `which="random"` the future
    leaks: what is given may be later than what is hidden, and train is later than both. With "last" only train is.

    Args:
        data: the rows to divide.
        share: the part of the users with enough rows to ask, drawn at random.
        given: the part of each one's rows that is given; at least one row is given and one hidden.
        which: the rows to hide: "random", or the "last" by time (of one second, the last in file order).
        min_history: users with fewer rows are not asked; at least 2.
        seed: equal seeds ask equal users and hide equal rows.

    Raises:
        ConfigError: a share that is not between 0 and 1, an unknown `which`, min_history below 2.
        DataError: "last" without times; too few users with enough rows.

    Source: Marlin 2004, "Collaborative filtering: a machine learning perspective", on strong generalization; Liang,
    Krishnan, Hoffman and Jebara 2018, "Variational autoencoders for collaborative filtering", 80 % given at random.

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 1, 2, 2], "item": [1, 2, 3, 1, 2]})
        >>> train, given, test = unseen_users(data, share=0.5, given=0.5)
        >>> [sorted(set(part.to_frame()["user"])) for part in (train, given, test)]
        [[2], [1], [1]]
    """
    require_share(share, "share")
    require_share(given, "given")
    require_whole("min_history", min_history, at_least=2)
    counts = data.user_counts
    asked = _drawn(data, share, counts >= min_history, seed, "unseen-users", f"{min_history} rows or more")
    return _reveal(data, asked, np.clip(np.rint(given * counts), 1, counts - 1), which, seed, "unseen_users")


def cold_users(
    data: Interactions, share: float = 0.2, *, given: int = 0, which: Which = "random", seed: int = 0
) -> GivenSplit:
    """User cold-start: some users are wholly kept from train, and only a few rows of each are given, or none.

    How a model serves people on their first visits. It leaks as `unseen_users` does.

    Args:
        data: the rows to divide.
        share: the part of the users with more than `given` rows to ask, drawn at random.
        given: rows of each that are given, from 0; the rest is hidden.
        which: the rows to hide: "random", or the "last" by time, so that the first ones are given.
        seed: equal seeds ask equal users and, whatever is given, draw their rows in the same order.

    Raises:
        ConfigError: a share that is not between 0 and 1, an unknown `which`, a negative or broken `given`.
        DataError: "last" without times; too few users with enough rows.

    Source: Kluver and Konstan 2014, "Evaluating recommender behavior for new users", who give 0 to 19 ratings.

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 1, 2, 2], "item": [1, 2, 3, 1, 2]})
        >>> train, given, test = cold_users(data, share=0.5, given=1)
        >>> given.user_counts.tolist(), test.user_counts.tolist()
        ([1, 0], [2, 0])
    """
    require_share(share, "share")
    require_whole("given", given, at_least=0)
    asked = _drawn(data, share, data.user_counts > given, seed, "cold-users", f"more than {given} rows")
    return _reveal(data, asked, np.full(data.n_users, given), which, seed, "cold_users")


def _drawn(data: Interactions, share: float, able: BoolArray, seed: int, name: str, wanted: str) -> BoolArray:
    """(n_users,) that share of the users who can be asked, and at least one, drawn at random."""
    users = np.flatnonzero(able)
    if not len(users):
        raise DataError(f"no user can be asked: it takes users with {wanted}")
    asked = np.zeros(data.n_users, dtype=np.bool_)
    number = max(1, round(share * len(users)))
    asked[generator(seed, "split", name, "users").choice(users, number, replace=False, shuffle=False)] = True
    if asked[data.users].all():
        raise DataError(f"nothing is left in train of {len(data):,} rows; ask a smaller share of the users")
    return asked


def _reveal(data: Interactions, asked: BoolArray, n_given: AnyArray, which: Which, seed: int, name: str) -> GivenSplit:
    """Train without the users asked, the first rows of each by the key, and the others."""
    keys = row_keys(data, which, seed, name)
    theirs = asked[data.users]
    first = places(data.users, data.user_counts, keys) < n_given[data.users]
    return GivenSplit(data.take(~theirs), data.take(theirs & first), data.take(theirs & ~first))
