"""`RatingHoldout` and `KFold`: how well hidden ratings are predicted, once or in turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from longtail import params
from longtail.data import splits
from longtail.data.interactions import Interactions
from longtail.data.splits import Per
from longtail.errors import DataError
from longtail.evaluation.protocols.base import ANY_TIME, Protocol
from longtail.evaluation.protocols.fold import Fold, Question
from longtail.evaluation.protocols.wording import MIXES_TIMES, NO_RATINGS, every_hidden

__all__ = ["KFold", "RatingHoldout"]


@dataclass(frozen=True, kw_only=True)
class RatingHoldout(Protocol):
    """Rating accuracy on a random part of the ratings.

    Attributes:
        holdout: share of the ratings hidden.
        per: whose: that share of all the "data" whoever they belong to, of each "user", or of each "item".

    Source: Herlocker, Konstan, Terveen and Riedl 2004, "Evaluating collaborative filtering recommender systems".

    Examples:
        >>> RatingHoldout(holdout=0.1).questions(explicit=True)[0][:45]
        'Rating accuracy: 10% of the ratings, drawn at'
    """

    name: ClassVar[str] = "rating-holdout"
    question: ClassVar[str] = "how well are missing ratings filled in?"
    leaks: ClassVar[str] = "the future: training ratings may be later than hidden ones"
    suits: ClassVar[str] = "predicted ratings are shown to people, or figures are to be held beside older papers"
    asks: ClassVar[tuple[Question, ...]] = ("ratings",)
    accepts: ClassVar[frozenset[str]] = ANY_TIME
    shares: ClassVar[tuple[str, ...]] = ("holdout",)

    holdout: float = 0.25
    per: Per = "data"

    def _folds(self, data: Interactions) -> list[Fold]:
        _require_ratings(data, self.name)
        train, test = splits.random_holdout(data, self.holdout, per=self.per, seed=self.seed)
        return [Fold(name="hidden ratings", train=train, test=test, asks=self.asks)]

    def _questions(self, *, explicit: bool) -> list[str]:
        whose = {"data": "the ratings", "user": "each user's ratings", "item": "each item's ratings"}[self.per]
        return [
            f"Rating accuracy: {self.holdout:.0%} of {whose}, drawn at random, are hidden. Each algorithm learns from "
            "the rest and predicts them."
        ]

    def _caveats(self, *, explicit: bool) -> list[str]:
        return [
            MIXES_TIMES,
            "People rate what they chose to see: errors on those ratings say little of the items nobody asked about.",
        ]


@dataclass(frozen=True, kw_only=True)
class KFold(Protocol):
    """Every rating hidden once, in k turns: rating accuracy, and lists that look for all of a user's hidden items.

    Attributes:
        k: turns, at least 2.
        lists: whether lists are judged as well as ratings; data without ratings have nothing else.

    Source: Kohavi 1995, "A study of cross-validation and bootstrap for accuracy estimation and model selection".

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 2, 2], "item": [1, 2, 1, 2], "rating": [5, 4, 3, 2]})
        >>> [fold.name for fold in KFold(k=2).folds(data)]
        ['fold 1 of 2', 'fold 2 of 2']
    """

    name: ClassVar[str] = "k-fold"
    question: ClassVar[str] = "how well are missing ratings filled in and hidden items found, with less chance in it?"
    leaks: ClassVar[str] = "the future: training rows may be later than hidden ones"
    suits: ClassVar[str] = "small data, where one split is a matter of luck; it takes k times as long"
    asks: ClassVar[tuple[Question, ...]] = ("ratings", "ranking")
    accepts: ClassVar[frozenset[str]] = ANY_TIME

    k: int = params.hyper(5, at_least=2)
    lists: bool = True

    def _folds(self, data: Interactions) -> list[Fold]:
        if not self.lists:
            _require_ratings(data, f"{self.name}:lists=false")
        if self.k > len(data):
            raise DataError(f"{self.name} hides every row in one of {self.k:,} turns, and there are {len(data):,} rows")
        asks: tuple[Question, ...] = ("ratings",) if data.feedback == "explicit" else ()
        asks += ("ranking",) if self.lists else ()
        return [
            Fold(name=f"fold {number} of {self.k}", train=train, test=test, asks=asks)
            for number, (train, test) in enumerate(splits.k_fold(data, self.k, seed=self.seed), start=1)
        ]

    def _questions(self, *, explicit: bool) -> list[str]:
        rows = "ratings" if explicit else "interactions"
        turns = (
            f"All {rows} are dealt into {self.k} parts at random; each part is hidden once, from algorithms that learn"
        )
        accuracy = f"Rating accuracy: {turns[0].lower()}{turns[1:]} from the others and predict it."
        ranking = f"Ranking: {turns[0].lower()}{turns[1:]} from the others. {every_hidden(self._listed())}"
        return [*([accuracy] if explicit else []), *([ranking] if self.lists else [])]

    def _caveats(self, *, explicit: bool) -> list[str]:
        spread = f"Figures are means over the {self.k} parts, which share most of what they learn from."
        return [*([] if explicit else [NO_RATINGS]), MIXES_TIMES, spread]


def _require_ratings(data: Interactions, name: str) -> None:
    if data.feedback != "explicit":
        raise DataError(f"{name} asks for ratings, and these data have none; choose leave-one-out or temporal, say")
