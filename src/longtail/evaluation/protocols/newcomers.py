"""`StrongGeneralization` and `UserColdStart`: people who are not in train, known by part of their history or less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from longtail import params
from longtail.data import splits
from longtail.data.interactions import Interactions
from longtail.data.splits import GivenSplit, Which
from longtail.evaluation.protocols.base import ANY_TIME, Cold, Protocol
from longtail.evaluation.protocols.fold import Fold, Question
from longtail.evaluation.protocols.wording import MIXES_TIMES, NO_RATINGS, every_hidden

__all__ = ["StrongGeneralization", "UserColdStart"]

FOLDED_IN = (
    "Nobody who is asked is in train: what is given of them is folded in without learning anew, as well as each "
    "algorithm can."
)
OTHERS_LATER = "Of the people in train an algorithm knows everything, also what they did after the moments asked about."


@dataclass(frozen=True, kw_only=True)
class StrongGeneralization(Protocol):
    """Unseen users, part of each one's history given and the rest hidden.

    Attributes:
        share: share of the users who are kept from train and asked.
        given: share of each one's rows that is given; at least one is given and one hidden.
        which: hide rows at "random", or the "last" by time.
        min_history: users with fewer rows are not asked.

    Source: Marlin 2004, "Collaborative filtering: a machine learning perspective"; Liang, Krishnan, Hoffman and Jebara
    2018, "Variational autoencoders for collaborative filtering".

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 1, 2, 2, 2], "item": [1, 2, 3, 1, 2, 3]})
        >>> fold = StrongGeneralization(share=0.5, given=0.7).folds(data)[0]
        >>> len(fold.train), len(fold.given), len(fold.test), len(fold.asked)
        (3, 2, 1, 1)
    """

    name: ClassVar[str] = "strong-generalization"
    question: ClassVar[str] = "are people served whom the model has never seen?"
    leaks: ClassVar[str] = "the future: other users' later rows and, unless the last rows are hidden, one's own"
    suits: ClassVar[str] = (
        "a service that answers new people between two trainings; figures beside papers on autoencoders"
    )
    asks: ClassVar[tuple[Question, ...]] = ("ranking", "beyond")
    accepts: ClassVar[frozenset[str]] = ANY_TIME
    shares: ClassVar[tuple[str, ...]] = ("share", "given")

    share: float = 0.2
    given: float = 0.8
    which: Which = "random"
    min_history: int = params.hyper(2, at_least=2)

    def _folds(self, data: Interactions) -> list[Fold]:
        parts = splits.unseen_users(
            data, self.share, given=self.given, which=self.which, min_history=self.min_history, seed=self.seed
        )
        return [_fold("unseen users", parts, self.asks)]

    def _questions(self, *, explicit: bool) -> list[str]:
        given = f"{self.given:.0%} of the interactions of each, {_drawn(self.which)},"
        return [
            f"Ranking: {self.share:.0%} of the users with {self.min_history} interactions or more, drawn at random, "
            f"are kept from train; {given} are given and the rest hidden. {every_hidden(self._listed())}"
        ]

    def _caveats(self, *, explicit: bool) -> list[str]:
        mixed = MIXES_TIMES if self.which == "random" else OTHERS_LATER
        return [*([] if explicit else [NO_RATINGS]), FOLDED_IN, mixed]


@dataclass(frozen=True, kw_only=True)
class UserColdStart(Protocol):
    """Unseen users of whom only a few rows are given, or none.

    Attributes:
        share: share of the users who are kept from train and asked.
        given: rows of each that are given, from 0.
        which: hide rows at "random", or the "last" by time, so that the first ones are given.

    Source: Kluver and Konstan 2014, "Evaluating recommender behavior for new users".

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 1, 2, 2, 2], "item": [1, 2, 3, 1, 2, 3]})
        >>> fold = UserColdStart(share=0.5, given=1).folds(data)[0]
        >>> len(fold.train), len(fold.given), len(fold.test), len(fold.asked)
        (3, 1, 2, 1)
    """

    name: ClassVar[str] = "user-cold-start"
    question: ClassVar[str] = "what do people see on their first visits?"
    leaks: ClassVar[str] = StrongGeneralization.leaks
    suits: ClassVar[str] = "choosing what greets newcomers, and after how many ratings lists become personal"
    asks: ClassVar[tuple[Question, ...]] = ("ranking", "beyond")
    accepts: ClassVar[frozenset[str]] = ANY_TIME
    cold: ClassVar[Cold | None] = "users"
    shares: ClassVar[tuple[str, ...]] = ("share",)

    share: float = 0.2
    given: int = params.hyper(0, at_least=0)
    which: Which = "random"

    def _folds(self, data: Interactions) -> list[Fold]:
        parts = splits.cold_users(data, self.share, given=self.given, which=self.which, seed=self.seed)
        return [_fold("first visits", parts, self.asks)]

    def _questions(self, *, explicit: bool) -> list[str]:
        plural = self.given != 1
        given = "nothing is given of them and everything"
        if self.given:
            few = f"{self.given} of the interactions of each, {_drawn(self.which)},"
            given = f"{few} {'are' if plural else 'is'} given and the rest"
        return [
            f"Ranking: {self.share:.0%} of the users with more than {self.given} interaction{'s' * plural}, drawn at "
            f"random, are kept from train; {given} hidden. {every_hidden(self._listed())}"
        ]

    def _caveats(self, *, explicit: bool) -> list[str]:
        alike = "With nothing given, an algorithm can only show everyone the same; the popular is hard to beat there."
        mixed = MIXES_TIMES if self.which == "random" else OTHERS_LATER
        return [*([] if explicit else [NO_RATINGS]), FOLDED_IN, *([] if self.given else [alike]), mixed]


def _fold(name: str, parts: GivenSplit, asks: tuple[Question, ...]) -> Fold:
    return Fold(name=name, train=parts.train, given=parts.given, test=parts.test, asks=asks)


def _drawn(which: Which) -> str:
    return "drawn at random" if which == "random" else "the first by time"
