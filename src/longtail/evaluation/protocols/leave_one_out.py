"""`LeaveOneOut` and `LeaveLastOut`: one hidden item of each user, drawn at random or the latest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from longtail import params
from longtail.data import splits
from longtail.data.interactions import Interactions
from longtail.data.splits import Which
from longtail.evaluation.protocols.base import ANY_TIME, Protocol
from longtail.evaluation.protocols.fold import Fold, Question
from longtail.evaluation.protocols.wording import MIXES_TIMES, NO_RATINGS, ONE_RIGHT_ANSWER, one_hidden

__all__ = ["LeaveLastOut", "LeaveOneOut"]


@dataclass(frozen=True, kw_only=True)
class LeaveOneOut(Protocol):
    """One random row of each user hidden: is it found?

    Attributes:
        min_history: users with fewer rows are not asked.

    Source: Breese, Heckerman and Kadie 1998, "Empirical analysis of predictive algorithms for collaborative filtering"
    ("all but one").

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 2, 2, 3], "item": [1, 2, 1, 2, 1]})
        >>> LeaveOneOut().folds(data)[0].asked
        [1, 2]
    """

    name: ClassVar[str] = "leave-one-out"
    question: ClassVar[str] = "is a hidden favourite found?"
    leaks: ClassVar[str] = "the future: training rows may be later than hidden ones"
    suits: ClassVar[str] = "data without times, or so few rows that each is needed to learn from"
    asks: ClassVar[tuple[Question, ...]] = ("hits", "ranking", "beyond")
    accepts: ClassVar[frozenset[str]] = ANY_TIME
    which: ClassVar[Which] = "random"

    min_history: int = params.hyper(2, at_least=2)

    def _folds(self, data: Interactions) -> list[Fold]:
        train, test = splits.leave_one_out(data, which=self.which, min_history=self.min_history, seed=self.seed)
        return [Fold(name="one left out", train=train, test=test, asks=self.asks)]

    def _questions(self, *, explicit: bool) -> list[str]:
        hidden = "one random interaction" if self.which == "random" else "the latest interaction"
        asked = f"Hit rates and ranking: {hidden} of every user with {self.min_history} or more is hidden."
        judged = one_hidden(self._listed(), explicit=explicit, relevant=self.relevant)
        return [f"{asked} Each algorithm learns from the rest. {judged}"]

    def _caveats(self, *, explicit: bool) -> list[str]:
        return [*([] if explicit else [NO_RATINGS]), MIXES_TIMES, ONE_RIGHT_ANSWER]


@dataclass(frozen=True, kw_only=True)
class LeaveLastOut(LeaveOneOut):
    """The latest row of each user hidden: is what they did next foreseen?

    Attributes:
        min_history: users with fewer rows are not asked.

    Source: Rendle, Freudenthaler and Schmidt-Thieme 2010, "Factorizing personalized Markov chains"; what it leaks: Ji,
    Sun, Zhang and Li 2023, "A critical study on data leakage in recommender system offline evaluation".

    Examples:
        >>> rows = {"user": [1, 1, 2, 2], "item": [1, 2, 1, 2], "timestamp": [20, 10, 30, 40]}
        >>> LeaveLastOut().folds(Interactions.from_frame(rows))[0].test.to_frame()["item"].to_list()
        [1, 2]
    """

    name: ClassVar[str] = "leave-last-out"
    question: ClassVar[str] = "what does each user do next?"
    leaks: ClassVar[str] = "other users' later rows: each user is cut at a moment of their own"
    suits: ClassVar[str] = "sequential models, and figures to hold beside papers on them"
    accepts: ClassVar[frozenset[str]] = frozenset({"future"})
    which: ClassVar[Which] = "last"

    def _caveats(self, *, explicit: bool) -> list[str]:
        mixed = (
            "Each user is cut at a moment of their own: of the others an algorithm may know what they did later, so "
            "trends of the future help it. Only a cut at one moment for all, as temporal makes it, keeps them out."
        )
        return [*([] if explicit else [NO_RATINGS]), mixed, ONE_RIGHT_ANSWER]
