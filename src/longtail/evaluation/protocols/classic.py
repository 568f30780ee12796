"""`Classic`: three questions, each on its own split, as courses and papers have long asked them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from longtail.data import splits
from longtail.data.interactions import Interactions
from longtail.errors import DataError
from longtail.evaluation.protocols.base import ANY_TIME, Protocol
from longtail.evaluation.protocols.fold import Fold, Question

__all__ = ["Classic"]


@dataclass(frozen=True, kw_only=True)
class Classic(Protocol):
    """The classic protocol: three questions, each on its own split.

    1. Rating accuracy, where a share of the ratings, drawn at random, is hidden (explicit data only).
    2. Hit rates, where one random rating of each user is hidden, with and without a floor under the predictions.
    3. Coverage, diversity and novelty of lists made from all the data.

    Attributes:
        floor: an item predicted to be rated lower is not listed; lists without the floor are judged as well.
        holdout: share of the ratings hidden for rating accuracy.

    Examples:
        >>> Classic(n=5).n, Classic().floor
        (5, 4.0)
    """

    name: ClassVar[str] = "classic"
    question: ClassVar[str] = "how well are ratings predicted, is a hidden favourite found, what do lists look like?"
    leaks: ClassVar[str] = "the future: training rows may be later than what is hidden"
    suits: ClassVar[str] = "a first look, and figures to hold beside those of courses and papers"
    asks: ClassVar[tuple[Question, ...]] = ("ratings", "hits", "beyond")
    accepts: ClassVar[frozenset[str]] = ANY_TIME
    shares: ClassVar[tuple[str, ...]] = ("holdout",)

    floor: float | None = 4.0
    holdout: float = 0.25

    def _folds(self, data: Interactions) -> list[Fold]:
        """Hidden ratings, one hidden row of each user, and all the data."""
        if not (data.user_counts > 1).any():
            raise DataError("no user has two interactions, so there is none to hide; a bake-off needs longer histories")
        made = []
        if data.feedback == "explicit":
            train, test = splits.random_holdout(data, self.holdout, seed=self.seed)
            made.append(Fold(name="hidden ratings", train=train, test=test, asks=("ratings",)))
        train, test = splits.leave_one_out(data, which="random", seed=self.seed)
        made.append(Fold(name="one left out", train=train, test=test, asks=("hits",)))
        made.append(Fold(name="all data", train=data, asks=("beyond",)))
        return made

    def _questions(self, *, explicit: bool) -> list[str]:
        """What is measured, in plain sentences."""
        listed = f"the {self.n} best items the user has not met"
        floor = f"predicted rating at least {self.floor:g}" if explicit and self.floor is not None else ""
        accuracy = (
            f"Rating accuracy: {self.holdout:.0%} of the ratings, drawn at random, are hidden. Each algorithm learns "
            "from the rest and predicts them."
        )
        hits = "Hit rates: one random interaction of every user with two or more is hidden. "
        hits += f"From the rest, {self._listed()} are listed; the hidden one among them is a hit."
        if explicit:
            hits += f" The cumulative hit rate counts only hidden items rated {self.relevant:g} or more."
        if floor:
            hits += f" Measured twice: with a floor ({floor}) and without."
        beyond = f"Beyond accuracy: from all the data, {listed} are listed for everyone"
        beyond += f", with the floor ({floor})." if floor else "."
        return [*([accuracy] if explicit else []), hits, beyond]

    def _caveats(self, *, explicit: bool) -> list[str]:
        """What the protocol accepts by design, in plain sentences."""
        missing = (
            "These data hold no ratings: nothing is predicted and there is no floor, so rating accuracy, the "
            "cumulative hit rate and the hit rate by rating are left out."
        )
        return [
            *([] if explicit else [missing]),
            "Random splits mix times: an algorithm may learn from what happened after the interaction it has to "
            "foresee, so every figure is kinder than life. Judge a service on a split by time.",
            "One hidden item a user is the only right answer: a good item the user has not met counts as a miss, so "
            "hit rates are low for everyone and favour what is popular.",
        ]
