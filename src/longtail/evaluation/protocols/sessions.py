"""`NextItem` and `RestOfSession`: later sessions, each asked from its own beginning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from longtail import params
from longtail.data import splits
from longtail.data.interactions import Interactions
from longtail.data.splits import GivenSplit, Which
from longtail.evaluation.protocols.base import Protocol
from longtail.evaluation.protocols.fold import Fold, Question
from longtail.evaluation.protocols.wording import NO_RATINGS, ONE_RIGHT_ANSWER, every_hidden, one_hidden

__all__ = ["NOBODY_KNOWN", "NextItem", "RestOfSession", "later_sessions"]

NOBODY_KNOWN = (
    "Each session stands for itself, as a user of its own: nothing is known of what the same person did before."
)
ONCE = "A second click on an item within a session is merged into the latest, so nothing already given counts as a hit."


@dataclass(frozen=True, kw_only=True)
class NextItem(Protocol):
    """The item after the beginning of a session, in sessions later than all that is learned.

    Attributes:
        fraction: share of the sessions, the latest to begin, that come after the cut; without effect where `at` is
            given.
        at: the cut, in seconds since 1970.
        which: hide the "last" item of a session, or a "random" one but the first.
        min_length: sessions of fewer items are not asked.

    Source: Hidasi, Karatzoglou, Baltrunas and Tikk 2016, "Session-based recommendations with recurrent neural
    networks"; Ludewig and Jannach 2018, "Evaluation of session-based recommendation algorithms".

    Examples:
        >>> rows = {"session": [1, 1, 2, 2, 2], "item": [5, 6, 6, 7, 8], "timestamp": [10, 11, 20, 21, 22]}
        >>> fold = NextItem(fraction=0.5).folds(Interactions.from_frame(rows))[0]
        >>> fold.given.to_frame()["item"].to_list(), fold.test.to_frame()["item"].to_list()
        ([6, 7], [8])
    """

    name: ClassVar[str] = "next-item"
    question: ClassVar[str] = "what does a visitor do next?"
    leaks: ClassVar[str] = "nothing"
    suits: ClassVar[str] = "shops and sites whose visitors are not known, only what they do in one sitting"
    asks: ClassVar[tuple[Question, ...]] = ("hits", "ranking", "beyond")
    shares: ClassVar[tuple[str, ...]] = ("fraction",)

    fraction: float = 0.2
    at: int | None = None
    which: Which = "last"
    min_length: int = params.hyper(2, at_least=2)

    def view(self, data: Interactions) -> Interactions:
        """The data with each session a user."""
        return splits.sessions_as_users(data)

    def _folds(self, data: Interactions) -> list[Fold]:
        parts = splits.next_in_session(
            data, fraction=self.fraction, at=self.at, which=self.which, min_length=self.min_length, seed=self.seed
        )
        return [_fold(parts, self.asks)]

    def _questions(self, *, explicit: bool) -> list[str]:
        hidden = "the last item" if self.which == "last" else "a random item but the first"
        after = later_sessions(self.fraction, self.at, self.min_length)
        start = (
            f"Hit rates and ranking: of {after}, {hidden} is hidden and what came before it in the session is given."
        )
        judged = one_hidden(self._listed("the session has not met"), explicit=explicit, relevant=self.relevant)
        return [f"{start} Each algorithm learns from the sessions that ended before them. {judged}"]

    def _caveats(self, *, explicit: bool) -> list[str]:
        return [*([] if explicit else [NO_RATINGS]), NOBODY_KNOWN, ONCE, ONE_RIGHT_ANSWER]


@dataclass(frozen=True, kw_only=True)
class RestOfSession(Protocol):
    """All that follows the first part of a session, in sessions later than all that is learned.

    Attributes:
        fraction: as of `NextItem`.
        at: as of `NextItem`.
        given: share of a session's items that is given; at least one is given and one hidden.
        min_length: sessions of fewer items are not asked.

    Source: Ludewig and Jannach 2018, "Evaluation of session-based recommendation algorithms".

    Examples:
        >>> rows = {"session": [1, 1, 2, 2, 2], "item": [5, 6, 6, 7, 8], "timestamp": [10, 11, 20, 21, 22]}
        >>> fold = RestOfSession(fraction=0.5, given=0.3).folds(Interactions.from_frame(rows))[0]
        >>> fold.given.to_frame()["item"].to_list(), fold.test.to_frame()["item"].to_list()
        ([6], [7, 8])
    """

    name: ClassVar[str] = "rest-of-session"
    question: ClassVar[str] = "what else will a visitor want?"
    leaks: ClassVar[str] = "nothing"
    suits: ClassVar[str] = "completing baskets and playlists of people who are not known"
    asks: ClassVar[tuple[Question, ...]] = ("ranking", "beyond")
    shares: ClassVar[tuple[str, ...]] = ("fraction", "given")

    fraction: float = 0.2
    at: int | None = None
    given: float = 0.5
    min_length: int = params.hyper(2, at_least=2)

    def view(self, data: Interactions) -> Interactions:
        """The data with each session a user."""
        return splits.sessions_as_users(data)

    def _folds(self, data: Interactions) -> list[Fold]:
        parts = splits.rest_of_session(
            data, fraction=self.fraction, at=self.at, given=self.given, min_length=self.min_length
        )
        return [_fold(parts, self.asks)]

    def _questions(self, *, explicit: bool) -> list[str]:
        after = later_sessions(self.fraction, self.at, self.min_length)
        start = f"Ranking: of {after}, the first {self.given:.0%} of the items is given and the rest hidden."
        judged = every_hidden(self._listed("the session has not met")).replace("each user", "each")
        return [f"{start} Each algorithm learns from the sessions that ended before them. {judged}"]

    def _caveats(self, *, explicit: bool) -> list[str]:
        return [*([] if explicit else [NO_RATINGS]), NOBODY_KNOWN, ONCE]


def _fold(parts: GivenSplit, asks: tuple[Question, ...]) -> Fold:
    return Fold(name="later sessions", train=parts.train, given=parts.given, test=parts.test, asks=asks)


def later_sessions(fraction: float, at: int | None, min_length: int) -> str:
    """Which sessions are asked, for a sentence."""
    which = f"the latest {fraction:.0%} of the sessions" if at is None else f"the sessions that begin at {at} or later"
    return f"{which} (those of {min_length} items or more)"
