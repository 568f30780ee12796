"""`EveryClick`: later sessions, each asked after every one of its clicks, as session models are usually judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from longtail import params
from longtail.data import splits
from longtail.data.interactions import Interactions
from longtail.evaluation.protocols.base import Protocol
from longtail.evaluation.protocols.fold import Fold, Question, Ties
from longtail.evaluation.protocols.sessions import NOBODY_KNOWN, later_sessions
from longtail.evaluation.protocols.wording import NO_RATINGS, one_hidden

__all__ = ["EveryClick"]

REPEATS = (
    "Repeats count: what a session has met already is given, may be listed and may be the right answer; load the log "
    "with duplicates=keep, or a second click on an item is merged into the last before anything is asked."
)
LONG_SESSIONS = (
    "A session counts as often as it has clicks after the first, so long ones weigh most; intervals and tests take the "
    "questions for independent, which those of one session are not: they are too narrow."
)
ONE_SESSION = (
    "The beginnings of a session are asked as if they were different visitors: each is answered by itself, so that the "
    "audit may find the same clicks under two of them without anything being given away."
)
KNOWN_ITEMS = "Clicks on items that no session before the cut has met are left out, as is usual: no list can hold them."
TIES = "Of items with the same score the hidden one comes last, so nobody gains by the order of the items."


@dataclass(frozen=True, kw_only=True)
class EveryClick(Protocol):
    """The click that follows every beginning of a session, in sessions later than all that is learned.

    Attributes:
        n: places in a list; 20, as in most papers on sessions.
        fraction: as of `NextItem`.
        at: as of `NextItem`.
        min_length: sessions of fewer clicks are not asked.
        exclude: what lists leave out: nothing ("none"), or what the session has met ("seen"), so that a second click
            on an item is never foreseen.
        ties: where the hidden item stands among those of the same score: last ("worst"), or in order of the items
            ("index"), as in other protocols.

    Source: Hidasi, Karatzoglou, Baltrunas and Tikk 2016, "Session-based recommendations with recurrent neural
    networks"; Ludewig and Jannach 2018, "Evaluation of session-based recommendation algorithms".

    Examples:
        >>> rows = {"session": [1, 1, 2, 2, 2], "item": [5, 6, 6, 6, 5], "timestamp": [10, 11, 20, 21, 22]}
        >>> fold = EveryClick(fraction=0.5).folds(Interactions.from_frame(rows, duplicates="keep"))[0]
        >>> fold.asked, fold.test.to_frame()["item"].to_list()
        (['2:1', '2:2'], [6, 5])
    """

    name: ClassVar[str] = "every-click"
    question: ClassVar[str] = "what does a visitor do next, click by click?"
    leaks: ClassVar[str] = "nothing"
    suits: ClassVar[str] = "comparing session models, and figures to hold beside papers on them"
    asks: ClassVar[tuple[Question, ...]] = ("hits", "ranking", "beyond")
    accepts: ClassVar[frozenset[str]] = frozenset({"given-hidden", "twin-users"})
    shares: ClassVar[tuple[str, ...]] = ("fraction",)
    keeps_repeats: ClassVar[bool] = True

    n: int = params.hyper(20, at_least=1)
    fraction: float = 0.2
    at: int | None = None
    min_length: int = params.hyper(2, at_least=2)
    exclude: Literal["none", "seen"] = "none"
    ties: Ties = "worst"

    def view(self, data: Interactions) -> Interactions:
        """The data with each session a user, known by its id as text."""
        return splits.named_sessions(splits.sessions_as_users(data))

    def _folds(self, data: Interactions) -> list[Fold]:
        parts = splits.every_click(data, fraction=self.fraction, at=self.at, min_length=self.min_length)
        return [
            Fold(
                name="every click", train=parts.train, given=parts.given, test=parts.test, asks=self.asks,
                exclude=self.exclude, ties=self.ties,
            )
        ]  # fmt: skip

    def _questions(self, *, explicit: bool) -> list[str]:
        after = later_sessions(self.fraction, self.at, self.min_length)
        start = (
            f"Hit rates and ranking: of {after}, every click but the first is hidden in turn and those before it are"
        )
        which = "the session has not met" if self.exclude == "seen" else "of all"
        judged = one_hidden(self._listed(which), explicit=explicit, relevant=self.relevant)
        return [f"{start} given. Each algorithm learns from the sessions that ended before them. {judged}"]

    def _caveats(self, *, explicit: bool) -> list[str]:
        told = [] if explicit else [NO_RATINGS]
        tied = [TIES] if self.ties == "worst" else []
        return [*told, NOBODY_KNOWN, ONE_SESSION, REPEATS, KNOWN_ITEMS, LONG_SESSIONS, *tied]
