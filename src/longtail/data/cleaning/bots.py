"""Users who are no people: too fast, too many, too uniform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from longtail import params
from longtail.data.cleaning.pace import busiest_window, fastest_run, regularity
from longtail.data.cleaning.steps import Marked, Step, Suspect
from longtail.data.interactions import Interactions
from longtail.errors import DataError
from longtail.types import RealArray

__all__ = ["Bots"]

_RUN = 50  # successive rows over which a pace must be kept up
_DAY = 86_400
_ENOUGH = 20  # rows or pauses from which on sameness means something
_CLOCKWORK = 0.2  # coefficient of variation of the pauses


@dataclass(frozen=True, kw_only=True)
class Bots(Step):
    """Users whose pace, volume or sameness no person keeps up.

    The thresholds are what a person can do, with room to spare, and not fitted to any bots:

    - *too fast*: 50 rows in a row at less than a second each. People rate a page of films at once, so a burst within
      one second means nothing; fifty judgements at that pace do.
    - *too many*: more than 500 rows within 24 hours: one every two minutes of a waking day.
    - *too uniform*: at least 95 % of 20 ratings or more are the same value; or 20 pauses or more like clockwork, with a
      coefficient of variation below 0.2.

    What cannot be looked at (times, or ratings that differ at all) is said in the report's notes.

    Attributes:
        too_fast: seconds a row below which a run of 50 rows is too fast; None to leave it out.
        too_many: rows within 24 hours above which a user does too much; None to leave it out.
        too_uniform: share of one value from which on a user is too uniform; None to leave it, and clockwork, out.

    Examples:
        >>> rows = {"user": [1] * 60, "item": list(range(60)), "timestamp": [t * t // 90 for t in range(60)]}
        >>> clicks = Interactions.from_frame(rows)
        >>> [found.kind for found in Bots().mark(clicks).suspects]
        ['too fast']
    """

    name: ClassVar[str] = "bots"

    too_fast: float | None = params.hyper(1.0, at_least=0.0)
    too_many: int | None = params.hyper(500, at_least=1)
    too_uniform: float | None = params.hyper(0.95, at_least=0.0, at_most=1.0)

    def mark(self, data: Interactions) -> Marked:
        """All rows of the users who are too fast, too many or too uniform."""
        timed, rated = data.times is not None, _varied(data)
        if not timed and not rated:
            raise DataError("bots: nothing to go by, these data have neither times nor ratings that differ")
        notes = []
        if not timed:
            notes.append("no times: pace, rows a day and clockwork could not be looked at")
        if not rated:
            notes.append("all values are equal: the sameness of ratings could not be looked at")
        found = [*self._by_pace(data), *self._by_volume(data)] if timed else []
        found += [*self._by_value(data)] if rated else []
        found += [*self._by_clock(data)] if timed else []
        return Marked.users(data, sorted(found, key=lambda suspect: suspect.user), notes)

    def _by_pace(self, data: Interactions) -> Iterator[Suspect]:
        if self.too_fast is not None:
            pace = fastest_run(data, _RUN)
            for user in np.flatnonzero(pace < self.too_fast):
                yield Suspect(int(user), "too fast", f"{_RUN} rows within {pace[user] * (_RUN - 1):.0f} seconds")

    def _by_volume(self, data: Interactions) -> Iterator[Suspect]:
        if self.too_many is not None:
            most = busiest_window(data, _DAY)
            for user in np.flatnonzero(most > self.too_many):
                yield Suspect(int(user), "too many", f"{most[user]:,} rows within 24 hours")

    def _by_value(self, data: Interactions) -> Iterator[Suspect]:
        if self.too_uniform is not None:
            shares, values = _commonest(data)
            for user in np.flatnonzero((data.user_counts >= _ENOUGH) & (shares >= self.too_uniform)):
                rows = data.user_counts[user]
                yield Suspect(int(user), "too uniform", f"{shares[user]:.0%} of {rows:,} ratings are {values[user]:g}")

    def _by_clock(self, data: Interactions) -> Iterator[Suspect]:
        if self.too_uniform is not None:
            variation = regularity(data, _ENOUGH)
            for user in np.flatnonzero(variation < _CLOCKWORK):
                yield Suspect(int(user), "too uniform", f"pauses like clockwork (variation {variation[user]:.2f})")


def _varied(data: Interactions) -> bool:
    return data.feedback == "explicit" and bool((data.values != data.values[0]).any())


def _commonest(data: Interactions) -> tuple[RealArray, RealArray]:
    """(n_users,) the share of each user's commonest value, and that value."""
    order = np.lexsort((data.values, data.users))
    users, values = data.users[order], data.values[order]
    starts = np.flatnonzero(np.r_[True, (users[1:] != users[:-1]) | (values[1:] != values[:-1])])
    lengths = np.diff(np.r_[starts, len(users)])
    most, common = np.zeros(data.n_users), np.full(data.n_users, np.nan)
    np.maximum.at(most, users[starts], lengths)
    top = starts[lengths == most[users[starts]]]
    common[users[top]] = values[top]
    return most / np.maximum(1, data.user_counts), common
