"""Rows of people who stay in train: at random, in turns, one of each user, or as somebody else divided them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Literal, get_args

import numpy as np

from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.data.splits.parts import (
    Split,
    Which,
    divide,
    places,
    require_choice,
    require_share,
    require_whole,
    row_keys,
)
from longtail.errors import ConfigError, DataError
from longtail.rng import generator
from longtail.types import AnyArray, LongArray

__all__ = ["Per", "k_fold", "leave_one_out", "predefined", "random_holdout"]

Per = Literal["data", "user", "item"]


def random_holdout(data: Interactions, fraction: float = 0.25, *, per: Per = "data", seed: int = 0) -> Split:
    """Hold out a random part of all rows, or that part of each user's or each item's rows.

    Args:
        data: the rows to divide.
        fraction: the part for testing, between 0 and 1; `round(fraction x rows)` rows.
        per: whose rows: those of all the "data" whoever they belong to, of each "user", or of each "item".
        seed: equal seeds hold out equal rows.

    Raises:
        ConfigError: a fraction that is not between 0 and 1, or an unknown `per`.
        DataError: too few rows to leave one in each part.

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 2, 2], "item": [1, 2, 1, 2], "rating": [5, 4, 3, 2]})
        >>> train, test = random_holdout(data, 0.25)
        >>> len(train), len(test), train.user_ids is test.user_ids
        (3, 1, True)
        >>> train, test = random_holdout(data, 0.5, per="user")
        >>> train.user_counts.tolist(), test.user_counts.tolist()
        ([1, 1], [1, 1])
    """
    require_share(fraction)
    require_choice("per", per, get_args(Per))
    held_out = np.zeros(len(data), dtype=np.bool_)
    if per == "data":
        wanted = round(fraction * len(data))
        held_out[generator(seed, "split", "holdout").choice(len(data), wanted, replace=False, shuffle=False)] = True
    else:
        owners, counts = (data.users, data.user_counts) if per == "user" else (data.items, data.item_counts)
        keys = generator(seed, "split", "holdout", per).random(len(data))
        held_out = places(owners, counts, keys) < np.rint(fraction * counts)[owners]
    return divide(data, held_out, "choose another fraction")


def k_fold(data: Interactions, k: int = 5, *, seed: int = 0) -> Iterator[Split]:
    """K pairs `(train, test)`: each row is tested exactly once, by a model that learns from the other folds.

    Fold sizes differ by at most one row.

    Args:
        data: the rows to divide.
        k: folds, from 2 to the number of rows.
        seed: equal seeds give equal folds.

    Raises:
        ConfigError: k below 2 or above the number of rows.

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 2, 2], "item": [1, 2, 1, 2], "rating": [5, 4, 3, 2]})
        >>> [(len(train), len(test)) for train, test in k_fold(data, k=3)]
        [(2, 2), (3, 1), (3, 1)]
    """
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 2 <= k <= len(data):
        raise ConfigError(f"k must be a whole number from 2 to the number of rows ({len(data):,}), not {k!r}")
    fold = generator(seed, "split", "folds").permutation(len(data)) % k
    return (Split(data.take(fold != number), data.take(fold == number)) for number in range(k))


def leave_one_out(data: Interactions, *, which: Which = "random", min_history: int = 2, seed: int = 0) -> Split:
    """Hold out one row of every user with enough of them.

    Args:
        data: the rows to divide.
        which: "random", or the "last" by time (of rows at the same second, the last in file order).
        min_history: users with fewer rows stay wholly in train; with 1, users of a single row become unknown there.
        seed: equal seeds hold out equal rows; without effect on "last".

    Raises:
        ConfigError: an unknown `which`, or min_history below 1.
        DataError: "last" without times; no user with enough rows.

    Examples:
        >>> data = Interactions.from_frame(
        ...     {"user": [1, 1, 2], "item": [1, 2, 1], "rating": [5, 4, 3], "timestamp": [20, 10, 5]}
        ... )
        >>> train, test = leave_one_out(data, which="last")
        >>> test.to_frame().rows()
        [(1, 1, 5.0, 20)]
    """
    keys = row_keys(data, which, seed, "leave_one_out")
    require_whole("min_history", min_history)
    held_out = np.zeros(len(data), dtype=np.bool_)
    highest = _highest_row_of_users(data, keys)
    held_out[highest[data.user_counts >= min_history]] = True
    return divide(data, held_out, f"it takes users with {min_history} rows or more")


def predefined(train: Any, test: Any, *, scale: tuple[float, float] | None = None) -> Split:
    """Two parts that someone else divided, with the ids of both merged.

    Train's ids come first, in train's order, then those that only test has. Rows are kept as they are: a pair that
    stands in both parts is a leak of theirs that this does not hide.

    Args:
        train: `Interactions`, or a table as `Interactions.from_frame` takes it.
        test: likewise.
        scale: lowest and highest rating possible; by default from the lower of the two parts' to the higher.

    Raises:
        DataError: parts of different feedback, ids of different kinds, or a part without rows.

    Examples:
        >>> base, held_out = {"user": [7], "item": [1], "rating": [4.0]}, {"user": [9], "item": [1], "rating": [2.0]}
        >>> train, test = predefined(base, held_out)
        >>> train.user_ids.values.tolist(), test.users.tolist(), test.scale
        ([7, 9], [1], (2.0, 4.0))
    """
    parts = [part if isinstance(part, Interactions) else Interactions.from_frame(part) for part in (train, test)]
    for part, name in zip(parts, ("train", "test"), strict=True):
        if not len(part):
            raise DataError(f"the {name} part has no rows")
    if parts[0].feedback != parts[1].feedback:
        raise DataError(f"train is {parts[0].feedback} and test {parts[1].feedback}; load both with the same feedback=")
    user_ids, item_ids = parts[0].user_ids.union(parts[1].user_ids), parts[0].item_ids.union(parts[1].item_ids)
    scales = [part.scale for part in parts if part.scale is not None]
    if scale is None and scales:
        scale = (min(low for low, _ in scales), max(high for _, high in scales))
    catalog = next((part.catalog for part in parts if part.catalog is not None), None)
    first, second = (
        dataclasses.replace(
            part,
            users=_recoded(part.users, part.user_ids, user_ids),
            items=_recoded(part.items, part.item_ids, item_ids),
            user_ids=user_ids,
            item_ids=item_ids,
            scale=scale,
            catalog=catalog,
        )
        for part in parts
    )
    return Split(first, second)


def _recoded(codes: AnyArray, old: Ids, new: Ids) -> AnyArray:
    return codes if old is new else new.index(old.values)[codes]


def _highest_row_of_users(data: Interactions, key: AnyArray) -> LongArray:
    """(n_users,) the row with the highest key, ties to the later row; -1 for a user without rows."""
    if not len(data):
        return np.full(data.n_users, -1, dtype=np.int64)
    highest = np.full(data.n_users, key.min(), dtype=key.dtype)
    np.maximum.at(highest, data.users, key)
    candidates = np.flatnonzero(key == highest[data.users])
    rows = np.full(data.n_users, -1, dtype=np.int64)
    np.maximum.at(rows, data.users[candidates], candidates)
    return rows
