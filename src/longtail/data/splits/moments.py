"""Cuts in time, the same for everybody: learn from what came before, be tested on what came next."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.splits.parts import Split, divide, require_share, require_whole, times_of
from longtail.errors import ConfigError, DataError
from longtail.types import LongArray

__all__ = ["Window", "by_time", "sliding_windows"]

_DAY = 86_400
_EVER = 2.0**62  # seconds: longer than any data, and no overflow


class Window(NamedTuple):
    """One step of `sliding_windows`.

    Attributes:
        train: what came before `start` (all of it, or as much as the history asked for).
        test: what came from `start` on, before `end`.
        start: seconds since 1970.
        end: seconds since 1970.
    """

    train: Interactions
    test: Interactions
    start: int
    end: int


def by_time(data: Interactions, *, fraction: float = 0.2, at: int | None = None) -> Split:
    """Learn from everything before one moment, test on everything from it on, for all users alike.

    Rows of the same second stay together, so every training row is strictly earlier than every test row. With a
    fraction, the moment is the latest that puts at least that part of the rows in test: ties make the test part
    larger.

    Args:
        data: the rows to divide.
        fraction: the part for testing, between 0 and 1; without effect when `at` is given.
        at: seconds since 1970 of the first moment of the test part.

    Raises:
        ConfigError: a fraction that is not between 0 and 1.
        DataError: no times, or nothing before or nothing after the moment.

    Examples:
        >>> data = Interactions.from_frame(
        ...     {"user": [1, 1, 2], "item": [1, 2, 1], "rating": [5, 4, 3], "timestamp": [20, 10, 20]}
        ... )
        >>> train, test = by_time(data, fraction=0.3)
        >>> len(train), len(test)
        (1, 2)
    """
    times = times_of(data, "by_time", "random_holdout")
    if at is None:
        require_share(fraction)
        at = int(_latest(times, [round(fraction * len(times))])[0]) if len(times) else 0
    return divide(data, times >= at, f"the cut is at {at}: choose another")


def sliding_windows(
    data: Interactions,
    windows: int = 3,
    *,
    fraction: float = 0.3,
    days: float | None = None,
    history: float | None = None,
) -> Iterator[Window]:
    """Several cuts in time, one after the other: each window is tested by what was learned before it began.

    Like `by_time`, once a window: nothing leaks, and the windows show whether a figure holds over time. A row that is
    tested in one window is learned from in the next. Users and items that a window is the first to see are in its test
    part. Rows of the same second stay together.

    Args:
        data: the rows to divide.
        windows: how many, the last ending with the data.
        fraction: the part of the rows, the latest, that the windows share; each window has as many rows as the others,
            except that rows of one second are not separated. Without effect where `days` is given.
        days: the length of each window; None for windows of equally many rows.
        history: learn only from so many days before a window; None for everything before it.

    Raises:
        ConfigError: a number that cannot be.
        DataError: no times; a window without rows, or with nothing before it.

    Source: Campos, Diez and Cantador 2014, "Time-aware recommender systems: a comprehensive survey and analysis of
    existing evaluation protocols", on time-dependent cross-validation; Ji, Sun, Zhang and Li 2023, "A critical study on
    data leakage in recommender system offline evaluation".

    Examples:
        >>> data = Interactions.from_frame(
        ...     {"user": [1, 1, 2, 2, 1], "item": [1, 2, 1, 3, 4], "timestamp": [10, 20, 30, 40, 50]}
        ... )
        >>> for train, test, start, _ in sliding_windows(data, windows=2, fraction=0.4):
        ...     print(start, train.times.tolist(), test.times.tolist())
        40 [10, 20, 30] [40]
        50 [10, 20, 30, 40] [50]
    """
    times = times_of(data, "sliding_windows", "k_fold")
    require_whole("windows", windows)
    require_share(fraction)
    for name, number in (("days", days), ("history", history)):
        if number is not None and not 0 < number < np.inf:
            raise ConfigError(f"{name} must be a number of days above 0, not {number!r}")
    borders = _borders(times, windows, fraction, days)
    return iter([_window(data, times, *pair, history) for pair in itertools.pairwise(borders)])


def _borders(times: LongArray, windows: int, fraction: float, days: float | None) -> list[int]:
    """The moments (windows + 1) at which one window ends and the next begins."""
    if not len(times):
        raise DataError("there are no rows to put into windows")
    end = int(times.max()) + 1
    left = np.arange(windows, 0, -1)
    if days is None:
        starts = _latest(times, np.rint(fraction * len(times) * left / windows).astype(np.int64))
    else:
        starts = end - np.rint(np.minimum(days * _DAY * left, _EVER)).astype(np.int64)
    return [*starts.tolist(), end]


def _window(data: Interactions, times: LongArray, start: int, end: int, history: float | None) -> Window:
    oldest = times.min() if history is None else start - history * _DAY
    learned, tested = (times >= oldest) & (times < start), (times >= start) & (times < end)
    for rows, what in ((learned, "before"), (tested, "in")):
        if not rows.any():
            raise DataError(
                f"there are no rows {what} the window from {start} to {end}; choose fewer or longer windows"
            )
    return Window(data.take(learned), data.take(tested), start, end)


def _latest(times: LongArray, wanted: list[int] | LongArray) -> LongArray:
    """For each number of rows, the latest moment from which on there are at least that many."""
    place = np.clip(len(times) - np.asarray(wanted), 0, len(times) - 1)
    moments: LongArray = np.partition(times, np.unique(place))[place]
    return moments
