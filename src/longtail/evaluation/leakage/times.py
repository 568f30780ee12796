"""What a model could not have known yet: rows of train later than what is tested.

A row is counted once, under the narrowest name: later than a test row of its own session, else of its own user, else of
anybody. A row whose pair of user and item is tested is no matter of time: another check counts it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from longtail.data.interactions import Interactions
from longtail.evaluation.leakage.cut import Cut, among
from longtail.evaluation.leakage.finding import Answer, Found, Unseen, share
from longtail.types import BoolArray, LongArray

__all__ = ["future", "own_future", "split_session"]

NO_TIMES = "the data have no times"
NEVER = np.iinfo(np.int64).max


def split_session(cut: Cut) -> Answer:
    """Rows of train later than a test row of the same session of the same user."""
    if cut.test.sessions is None or any(part.sessions is None for part in cut.visible):
        return Unseen("the data have no sessions")
    return _told(cut, _in_session, "of a session are later than a tested row of it")


def own_future(cut: Cut) -> Answer:
    """Rows of train later than a test row of the same user (and not of the same session)."""

    def later(cut: Cut, part: Interactions) -> BoolArray:
        return _of_user(cut, part) & ~_in_session(cut, part)

    return _told(cut, later, "are later than what their own user is tested on")


def future(cut: Cut) -> Answer:
    """Rows of train later than the first test row of all (and than none of the same user)."""
    if not _timed(cut):
        return Unseen(NO_TIMES)
    first = int(cut.test.times.min())  # type: ignore[union-attr]

    def later(cut: Cut, part: Interactions) -> BoolArray:
        if part is cut.given:  # nothing is learned of it: it tells of its own user only
            return np.zeros(len(part), dtype=np.bool_)
        return (part.times > first) & ~_of_user(cut, part)  # type: ignore[operator]

    return _told(cut, later, f"are later than the first test row ({_day(first)})")


def _told(cut: Cut, later: Callable[[Cut, Interactions], BoolArray], what: str) -> Answer:
    if not _timed(cut):
        return Unseen(NO_TIMES)
    masks = [later(cut, part) & ~among(cut.pairs(part), cut.test_pairs) for part in cut.visible]
    count, total = sum(int(mask.sum()) for mask in masks), sum(map(len, cut.visible))
    if not count:
        return []
    part, mask = next((part, mask) for part, mask in zip(cut.visible, masks, strict=True) if mask.any())
    return [Found(f"{share(count, total, 'training rows')} {what}", count, cut.examples(part, np.flatnonzero(mask)))]


def _timed(cut: Cut) -> bool:
    return all(part.times is not None for part in (cut.test, *cut.visible))


def _of_user(cut: Cut, part: Interactions) -> BoolArray:
    """(n,) rows later than the first test row of their user."""
    assert part.times is not None
    assert cut.test.times is not None
    first = np.full(cut.test.n_users, NEVER)
    np.minimum.at(first, cut.test.users, cut.test.times)
    later: BoolArray = part.times > first[part.users]
    return later


def _in_session(cut: Cut, part: Interactions) -> BoolArray:
    """(n,) rows later than the first test row of their session."""
    if part.sessions is None or cut.test.sessions is None or not _timed(cut):
        return np.zeros(len(part), dtype=np.bool_)
    assert part.times is not None
    assert cut.test.times is not None
    many = max(int(side.sessions.max(initial=0)) for side in (part, cut.test) if side.sessions is not None) + 1
    tested, place = np.unique(_session_keys(cut.test, many), return_inverse=True)
    first = np.full(len(tested), NEVER)
    np.minimum.at(first, place, cut.test.times)
    keys = _session_keys(part, many)
    place = np.minimum(np.searchsorted(tested, keys), len(tested) - 1)
    later: BoolArray = (tested[place] == keys) & (part.times > first[place])
    return later


def _session_keys(part: Interactions, many: int) -> LongArray:
    assert part.sessions is not None
    keys: LongArray = part.users.astype(np.int64) * many + part.sessions
    return keys


def _day(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return str(seconds)
