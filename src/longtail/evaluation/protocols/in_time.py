"""`Temporal` and `SlidingWindow`: learn from what came before a moment, be asked about what came after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from longtail import params
from longtail.data import splits
from longtail.data.interactions import Interactions
from longtail.errors import DataError
from longtail.evaluation.protocols.base import Protocol
from longtail.evaluation.protocols.fold import Fold, Question
from longtail.evaluation.protocols.wording import NEW_USERS, NO_RATINGS, every_hidden

__all__ = ["SlidingWindow", "Temporal"]


@dataclass(frozen=True, kw_only=True)
class Temporal(Protocol):
    """One moment for all: everything before it is learned, everything from it on is hidden.

    Attributes:
        fraction: share of the rows, the latest, that are hidden; without effect where `at` is given.
        at: the moment, in seconds since 1970.
        new_users: whether users whom train has never seen are asked as well.

    Source: Campos, Diez and Cantador 2014, "Time-aware recommender systems: a comprehensive survey and analysis of
    existing evaluation protocols"; Ji, Sun, Zhang and Li 2023, "A critical study on data leakage in recommender system
    offline evaluation".

    Examples:
        >>> rows = {"user": [1, 1, 2, 2], "item": [1, 2, 1, 2], "timestamp": [20, 10, 30, 40]}
        >>> fold = Temporal(fraction=0.5).folds(Interactions.from_frame(rows))[0]
        >>> fold.train.times.tolist(), fold.test.times.tolist()
        ([20, 10], [30, 40])
    """

    name: ClassVar[str] = "temporal"
    question: ClassVar[str] = "what happens after today?"
    leaks: ClassVar[str] = "nothing"
    suits: ClassVar[str] = "deciding what to put into service"
    asks: ClassVar[tuple[Question, ...]] = ("ratings", "ranking", "beyond")
    shares: ClassVar[tuple[str, ...]] = ("fraction",)

    fraction: float = 0.2
    at: int | None = None
    new_users: bool = True

    def _folds(self, data: Interactions) -> list[Fold]:
        train, test = splits.by_time(data, fraction=self.fraction, at=self.at)
        return [_fold("after the cut", train, test, self.asks, new_users=self.new_users)]

    def _questions(self, *, explicit: bool) -> list[str]:
        if self.at is None:
            hidden, before = f"the latest {self.fraction:.0%} of the interactions are hidden", "everything before them"
        else:
            hidden, before = f"what came from {_day(self.at)} on is hidden", "everything before it"
        return _asked(hidden, before, self._listed(), explicit)

    def _caveats(self, *, explicit: bool) -> list[str]:
        return _caveats(explicit, self.new_users, "One cut is one moment: another week may look otherwise.")


@dataclass(frozen=True, kw_only=True)
class SlidingWindow(Protocol):
    """Several moments, one after the other: each window is hidden from what was learned before it began.

    Attributes:
        windows: how many; the last ends with the data.
        fraction: share of the rows, the latest, that the windows share evenly; without effect where `days` is given.
        days: the length of each window; None for windows of equally many rows.
        history: learn only from so many days before each window; None for everything before it.
        new_users: whether users whom train has never seen are asked as well.

    Source: Campos, Diez and Cantador 2014, on time-dependent cross-validation; Scheidt and Beel 2021, "Time-dependent
    evaluation of recommender systems".

    Examples:
        >>> rows = {"user": [1, 1, 2, 2], "item": [1, 2, 1, 2], "timestamp": [0, 86400, 172800, 259200]}
        >>> [fold.name for fold in SlidingWindow(windows=2, fraction=0.5).folds(Interactions.from_frame(rows))]
        ['window 1 of 2, from 1970-01-03', 'window 2 of 2, from 1970-01-04']
    """

    name: ClassVar[str] = "sliding-window"
    question: ClassVar[str] = "what happens next, and does that hold over time?"
    leaks: ClassVar[str] = "nothing"
    suits: ClassVar[str] = "a service that is trained again and again; how much history is worth learning from"
    asks: ClassVar[tuple[Question, ...]] = ("ratings", "ranking", "beyond")
    shares: ClassVar[tuple[str, ...]] = ("fraction",)

    windows: int = params.hyper(3, at_least=1)
    fraction: float = 0.3
    days: float | None = None
    history: float | None = None
    new_users: bool = True

    def _folds(self, data: Interactions) -> list[Fold]:
        found = splits.sliding_windows(data, self.windows, fraction=self.fraction, days=self.days, history=self.history)
        return [
            _fold(
                f"window {number} of {self.windows}, from {_day(start)}",
                train,
                test,
                self.asks,
                new_users=self.new_users,
            )
            for number, (train, test, start, _) in enumerate(found, start=1)
        ]

    def _questions(self, *, explicit: bool) -> list[str]:
        what = f"the latest {self.fraction:.0%} of the interactions, in {self.windows} windows one after the other,"
        if self.days is not None:
            what = f"the last {self.windows} windows of {self.days:g} days each"
        before = "everything before them" if self.history is None else f"the {self.history:g} days before them"
        return _asked(f"{what} are hidden in turn", before, self._listed(), explicit)

    def _caveats(self, *, explicit: bool) -> list[str]:
        means = "Figures are means over the windows, whatever their size; their spread shows how steady they are."
        return _caveats(explicit, self.new_users, means)


def _fold(name: str, train: Interactions, test: Interactions, asks: tuple[Question, ...], *, new_users: bool) -> Fold:
    if not new_users:
        test = test.take(train.user_counts[test.users] > 0)
        if not len(test):
            raise DataError(f"{name}: every user is new, so with new_users=false nobody is left to ask")
    answered = asks if train.feedback == "explicit" else tuple(question for question in asks if question != "ratings")
    return Fold(name=name, train=train, test=test, asks=answered)


def _asked(what: str, before: str, listed: str, explicit: bool) -> list[str]:
    start = f"{what}. Each algorithm learns from {before}"
    accuracy = f"Rating accuracy: {start} and predicts their ratings."
    return [*([accuracy] if explicit else []), f"Ranking: {start}. {every_hidden(listed)}"]


def _caveats(explicit: bool, new_users: bool, further: str) -> list[str]:
    left_out = "Users whom train has never seen are left out, which flatters figures where newcomers are many."
    new_items = "Items that train has never seen count among the hidden ones; few algorithms can list them."
    return [*([] if explicit else [NO_RATINGS]), NEW_USERS if new_users else left_out, new_items, further]


def _day(seconds: int) -> str:
    """The date (UTC), or the number where no calendar reaches."""
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return str(seconds)
