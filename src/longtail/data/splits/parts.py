"""What splits return, and what they share: how rows are drawn, counted and checked."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError
from longtail.rng import generator
from longtail.types import AnyArray, BoolArray, IntArray, LongArray

__all__ = [
    "GivenSplit",
    "Split",
    "Which",
    "divide",
    "places",
    "require_choice",
    "require_share",
    "require_whole",
    "row_keys",
    "times_of",
]

Which = Literal["random", "last"]


class Split(NamedTuple):
    """Train and test, which share ids, catalog, feedback and scale.

    Attributes:
        train: what a model may learn from.
        test: what is hidden from it.
    """

    train: Interactions
    test: Interactions


class GivenSplit(NamedTuple):
    """Train, and people who are not in it: part of what each did is given, something else of it is hidden.

    The people asked are those of `test`. A model that has learned from `train` is handed their rows of `given`
    (`recommend_for`), and what it lists is held against their rows of `test`. Nobody of `given` or `test` has a row in
    `train`.

    Attributes:
        train: what a model may learn from.
        given: the known part of the histories of the people asked; they may have no row here.
        test: the hidden part.
    """

    train: Interactions
    given: Interactions
    test: Interactions

    @property
    def users(self) -> IntArray:
        """(n,) int32 indices of the people asked, ascending."""
        return np.flatnonzero(self.test.user_counts).astype(np.int32)

    def histories(self) -> list[dict[Any, float]]:
        """What is given of each of `users`, as `Recommender.recommend_for` takes it: {item id: value}, in order."""
        return self.given.once.sequences.histories(self.given.item_ids, self.users.tolist())


def divide(data: Interactions, held_out: BoolArray, fix: str) -> Split:
    """The rows that are not held out, and those that are.

    Raises:
        DataError: if either part is empty; `fix` says what to change.
    """
    tested = int(np.count_nonzero(held_out))
    for name, rows in (("train", len(data) - tested), ("test", tested)):
        if not rows:
            raise DataError(f"nothing is left in {name} of {len(data):,} rows; {fix}")
    return Split(data.take(~held_out), data.take(held_out))


def places(owners: AnyArray, counts: AnyArray, keys: AnyArray) -> LongArray:
    """(n,) the place of each row among those of its owner, from 0, in order of a key; ties in order of the rows.

    Examples:
        >>> places(np.array([0, 1, 0, 0]), np.array([3, 1]), np.array([5, 9, 2, 5])).tolist()
        [1, 0, 0, 2]
    """
    order = np.lexsort((keys, owners))
    found = np.empty(len(owners), dtype=np.int64)
    found[order] = np.arange(len(owners)) - (np.cumsum(counts) - counts)[owners[order]]
    return found


def row_keys(data: Interactions, which: Which, seed: int, name: str) -> AnyArray:
    """(n,) a number for each row: of a user's rows, those with the highest are the ones to hide.

    Raises:
        ConfigError: an unknown `which`.
        DataError: "last" without times.
    """
    require_choice("which", which, get_args(Which))
    if which == "last":
        return times_of(data, f"{name}(which='last')", "which='random'")
    return generator(seed, "split", name.replace("_", "-")).random(len(data))


def times_of(data: Interactions, wanted_by: str, instead: str) -> LongArray:
    """The times of the rows.

    Raises:
        DataError: if the data have none; the message names who wants them, and what works without.
    """
    if data.times is None:
        raise DataError(f"{wanted_by} needs times, and these data have none; load a timestamp column or use {instead}")
    return data.times


def require_share(share: Any, name: str = "fraction") -> None:
    """Raise `ConfigError` unless it is a number strictly between 0 and 1."""
    number = isinstance(share, (int, float)) and not isinstance(share, bool)
    if not number or not 0.0 < share < 1.0:
        raise ConfigError(f"{name} must be a number between 0 and 1, both excluded, not {share!r}")


def require_whole(name: str, number: Any, at_least: int = 1) -> None:
    """Raise `ConfigError` unless it is a whole number of at least so much."""
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < at_least:
        raise ConfigError(f"{name} must be a whole number of at least {at_least}, not {number!r}")


def require_choice(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Raise `ConfigError` unless it is one of the words allowed."""
    if value not in allowed:
        words = " or ".join(allowed) if len(allowed) == 2 else f"one of {', '.join(allowed)}"
        raise ConfigError(f"{name} must be {words}, not {value!r}")
