"""When things happened: span, activity, rows of one second, newcomers in the last tenth, sessions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from longtail.data.interactions import Interactions
from longtail.types import AnyArray, LongArray

__all__ = ["activity", "day", "newcomers", "same_second", "sessions"]

LAST = 0.1
"""The part of the rows, by time, in which newcomers are counted."""
_MOST = 48  # periods of an activity curve
_UNITS = {"day": "D", "month": "M", "year": "Y"}


def day(seconds: Any) -> str:
    """The date (UTC), or the number where no calendar reaches."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return str(seconds)


def activity(times: LongArray) -> dict[str, Any]:
    """Rows in each day, month or year, whichever is the finest with at most 48 periods; else in the years with any.

    Examples:
        >>> activity(np.array([0, 86_400, 86_401]))
        {'by': 'day', 'periods': ['1970-01-01', '1970-01-02'], 'rows': [1, 2]}
    """
    moments = times.astype("datetime64[s]")
    for name, unit in _UNITS.items():
        periods = moments.astype(f"datetime64[{unit}]").astype(np.int64)
        first, last = int(periods.min()), int(periods.max())
        if last - first < _MOST:
            rows = np.bincount(periods - first, minlength=last - first + 1)
            return _curve(name, np.arange(first, last + 1), rows)
    years, rows = np.unique(periods, return_counts=True)
    return _curve("year", years[-_MOST:], rows[-_MOST:])


def same_second(data: Interactions) -> dict[str, Any]:
    """Rows that share user and second with another: how many, their share, and the most of one second.

    A large share means that people enter many at once, so that the order within a second is the file's, not life's.

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 1, 2], "item": [1, 2, 3, 1], "timestamp": [5, 5, 9, 5]})
        >>> same_second(data)
        {'rows': 2, 'share': 0.5, 'most': 2}
    """
    assert data.times is not None
    order = np.lexsort((data.times, data.users))
    users, times = data.users[order], data.times[order]
    starts = np.flatnonzero(np.r_[True, (users[1:] != users[:-1]) | (times[1:] != times[:-1])])
    sizes = np.diff(np.r_[starts, len(users)])
    rows = int(sizes[sizes > 1].sum())
    return {"rows": rows, "share": rows / len(data), "most": int(sizes.max())}


def newcomers(data: Interactions) -> dict[str, Any] | None:
    """Of the last tenth of the rows by time: how many, and the shares whose user, and whose item, is new there.

    Rows of one second stay together; None where all rows are of one second.

    Examples:
        >>> rows = {"user": [1] * 9 + [2], "item": [*range(9), 0], "timestamp": list(range(10))}
        >>> newcomers(Interactions.from_frame(rows))
        {'rows': 1, 'new_users': 1.0, 'new_items': 0.0}
    """
    assert data.times is not None
    place = max(0, len(data) - max(1, round(LAST * len(data))))
    late = data.times >= np.partition(data.times, place)[place]
    if late.all():
        return None
    return {
        "rows": int(late.sum()),
        "new_users": _unseen(data.users, late),
        "new_items": _unseen(data.items, late),
    }


def sessions(data: Interactions) -> dict[str, Any] | None:
    """How many sessions there are, their median and mean rows, and the share of single rows; None without sessions."""
    if data.sessions is None:
        return None
    rows = np.bincount(data.sessions)
    rows = rows[rows > 0]
    return {
        "count": len(rows),
        "median": float(np.median(rows)),
        "mean": float(rows.mean()),
        "single": float((rows == 1).mean()),
    }


def _unseen(codes: AnyArray, late: AnyArray) -> float:
    return float((~np.isin(codes[late], codes[~late])).mean())


def _curve(name: str, periods: LongArray, rows: LongArray) -> dict[str, Any]:
    labels = periods.astype(f"datetime64[{_UNITS[name]}]")
    return {"by": name, "periods": [str(label) for label in labels], "rows": rows.tolist()}
