"""How fast and how evenly users go: figures of their times."""

from __future__ import annotations

import numpy as np

from longtail.data.interactions import Interactions
from longtail.types import LongArray, RealArray

__all__ = ["busiest_window", "fastest_run", "regularity"]

_BREAK = 1_800  # seconds after which a pause is no pause but a new visit


def busiest_window(data: Interactions, seconds: int) -> LongArray:
    """(n_users,) the most rows of each user within so many seconds; 0 for a user without rows.

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 1], "item": [1, 2, 3], "timestamp": [0, 50, 120]})
        >>> busiest_window(data, 60).tolist()
        [2]
    """
    users, times = _ordered(data)
    most = np.zeros(data.n_users, dtype=np.int64)
    last = _last_within(users, times, seconds)
    np.maximum.at(most, users, last - np.arange(len(users)))
    return most


def fastest_run(data: Interactions, rows: int) -> RealArray:
    """(n_users,) seconds a row of each user's fastest `rows` successive rows; inf for a user with fewer.

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 1], "item": [1, 2, 3], "timestamp": [0, 50, 54]})
        >>> fastest_run(data, 2).tolist()
        [4.0]
    """
    users, times = _ordered(data)
    fastest = np.full(data.n_users, np.inf)
    if len(users) >= rows:
        same = users[rows - 1 :] == users[: len(users) - rows + 1]
        span = times[rows - 1 :] - times[: len(times) - rows + 1]
        np.minimum.at(fastest, users[rows - 1 :][same], span[same] / (rows - 1))
    return fastest


def regularity(data: Interactions, pauses: int) -> RealArray:
    """(n_users,) coefficient of variation of the pauses between a user's rows; NaN below so many pauses.

    Rows of one second and pauses beyond half an hour do not count. People give 0.4 and more, a clock gives 0.
    """
    users, times = _ordered(data)
    gaps = np.diff(times).astype(np.float64)
    counted = (users[1:] == users[:-1]) & (gaps > 0) & (gaps < _BREAK)
    owners, gaps = users[1:][counted], gaps[counted]
    n = np.bincount(owners, minlength=data.n_users)
    means = np.bincount(owners, gaps, minlength=data.n_users) / np.maximum(1, n)
    variances = np.bincount(owners, (gaps - means[owners]) ** 2, minlength=data.n_users) / np.maximum(1, n)
    return np.where(n >= pauses, np.sqrt(variances) / np.maximum(means, 1e-12), np.nan)


def _ordered(data: Interactions) -> tuple[LongArray, LongArray]:
    """Users and times of the rows, user by user and in order of time."""
    assert data.times is not None
    order = np.lexsort((data.times, data.users))
    return data.users[order].astype(np.int64), data.times[order]


def _last_within(users: LongArray, times: LongArray, seconds: int) -> LongArray:
    """For each row, one past the last row of the same user at most `seconds` later."""
    ends = np.empty(len(users), dtype=np.int64)
    starts = np.flatnonzero(np.diff(users, prepend=-1))
    for lo, hi in zip(starts, [*starts[1:], len(users)], strict=True):
        ends[lo:hi] = lo + np.searchsorted(times[lo:hi], times[lo:hi] + seconds, side="right")
    return ends
