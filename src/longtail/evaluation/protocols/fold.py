"""`Fold`: one training set, and what is asked of a model that learned it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from longtail.data.interactions import Interactions
from longtail.errors import ConfigError
from longtail.types import IntArray

__all__ = ["Fold", "Question", "Ties", "ready", "sizes"]

Question = Literal["ratings", "hits", "ranking", "beyond"]
"""Predict the hidden ratings; list the hidden items and count hits, or judge the order as well; look at the lists."""


Ties = Literal["index", "worst"]
"""Where a hidden item stands among items of the same score."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Fold:
    """One training set, and what is asked of a model that learned it.

    Attributes:
        name: what it is called in reports, unlike the others of its protocol.
        train: what an algorithm learns from.
        asks: the questions, in order.
        test: what is hidden; None where nothing is.
        given: histories of people who are not in `train`, to be folded in (`recommend_for`); None where everyone who
            is asked is a user of `train`.
        candidates: (n,) int32 indices of the only items that may be listed; None for all.
        negatives: (n_asked, m) int32 item indices, the only wrong answers that compete with a user's hidden items, a
            row for each of `asked` in index order, -1 where there are fewer; None for the full ranking.
        exclude: what lists leave out, as `Recommender.recommend` takes it: what was "seen", or "none".
        ties: where a hidden item stands among equally scored ones: in order of their "index", or last ("worst").

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 2], "item": [1, 2, 1], "rating": [5.0, 4.0, 3.0]})
        >>> fold = Fold(name="all", train=data.take([0, 2]), test=data.take([1]), asks=("hits",))
        >>> fold.asked, fold.sizes()["test_rows"]
        ([1], 1)
    """

    name: str
    train: Interactions
    asks: tuple[Question, ...]
    test: Interactions | None = None
    given: Interactions | None = None
    candidates: IntArray | None = None
    negatives: IntArray | None = None
    exclude: Literal["seen", "none"] = "seen"
    ties: Ties = "index"

    def __post_init__(self) -> None:
        if self.test is None and set(self.asks) - {"beyond"}:
            raise ConfigError(f"the fold {self.name} hides nothing, so it can only ask for what lies beyond accuracy")

    @property
    def asked(self) -> list[Any] | None:
        """External ids of those whose lists are judged, in index order: users of `test`; None for all of `train`."""
        return None if self.test is None else self.test.users_present()

    @cached_property
    def allowed(self) -> Any:
        """The only items that may be listed, as `Recommender.recommend` takes its candidates; None for all.

        External ids, or, where negatives are sampled, `Interactions` that hold for each of `asked` its hidden items and
        its negatives.
        """
        if self.negatives is not None and self.test is not None:
            rows, places = np.nonzero(self.negatives >= 0)
            asked = np.flatnonzero(self.test.user_counts)
            users = np.concatenate([self.test.users, asked[rows]])
            items = np.concatenate([self.test.items, self.negatives[rows, places]])
            ones = np.ones(len(users), np.float32)
            return dataclasses.replace(self.test, users=users, items=items, values=ones, times=None, sessions=None)
        return None if self.candidates is None else self.train.item_ids[self.candidates]

    def sizes(self) -> dict[str, int]:
        """Rows of both parts, test users and items, and those of them that the training part has never seen."""
        return sizes(self.train, self.test)


def sizes(train: Interactions, test: Interactions | None) -> dict[str, int]:
    """Rows of both parts, test users and items, and those of them that the training part has never seen."""
    if test is None:
        return {"train_rows": len(train)}
    return {
        "train_rows": len(train),
        "test_rows": len(test),
        "test_users": int(np.count_nonzero(test.user_counts)),
        "test_items": int(np.count_nonzero(test.item_counts)),
        "cold_users": int(np.count_nonzero((test.user_counts > 0) & (train.user_counts == 0))),
        "cold_items": int(np.count_nonzero((test.item_counts > 0) & (train.item_counts == 0))),
    }


def ready(folds: Iterable[Fold]) -> list[Fold]:
    """The folds, with the views that every algorithm reads already built, so that none of them pays for it."""
    made = list(folds)
    for fold in made:
        train = fold.train
        train.by_user, train.by_item, train.user_counts, train.item_counts, train.fingerprint, fold.allowed  # noqa: B018
        if fold.given is not None:
            fold.given.by_user  # noqa: B018
    return made
