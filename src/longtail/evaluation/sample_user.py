"""One user everybody gets to know: what they loved, what they hated, and what each algorithm would show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from longtail.data.interactions import Interactions
from longtail.types import AnyArray

__all__ = ["Pick", "RatedItem", "SampleUser", "choose"]

FAMILIAR = 85
ENOUGH = 20
SHOWN = 5


@dataclass(frozen=True)
class RatedItem:
    """An item the user has met, and the rating (or strength) they gave it."""

    item: Any
    title: str
    rating: float


@dataclass(frozen=True)
class Pick:
    """One recommendation for the sample user; `rating` is the prediction, where the score is one."""

    item: Any
    title: str
    rating: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class SampleUser:
    """The user whose recommendations stand side by side.

    Attributes:
        id: external id.
        chosen: why this user, in words.
        interactions: rows in the data.
        mean: mean rating given.
        loved: the items rated highest and above the user's mean, best known first among equals.
        hated: the items rated lowest and below the mean; empty for implicit data.
    """

    id: Any
    chosen: str
    interactions: int
    mean: float
    loved: list[RatedItem] = field(default_factory=list)
    hated: list[RatedItem] = field(default_factory=list)


def choose(data: Interactions, user: Any = None) -> SampleUser:
    """The user asked for; else user 85, if known and with at least 20 interactions; else one of median history.

    Raises:
        UnknownIdError: if the user asked for is not in the data.
    """
    if user is not None:
        wanted = data.user_ids.parse(user) if isinstance(user, str) else user
        return _portrait(data, int(data.user_ids.index([wanted])[0]), "asked for")
    for familiar in (FAMILIAR, str(FAMILIAR)):
        index = int(data.user_ids.index([familiar], missing=-1)[0])
        if index >= 0 and data.user_counts[index] >= ENOUGH:
            return _portrait(data, index, "the same in every bake-off")
    counts = data.user_counts
    present = np.flatnonzero(counts)
    median = present[np.argsort(counts[present], kind="stable")[(len(present) - 1) // 2]]
    return _portrait(data, int(median), "a history of median length")


def _portrait(data: Interactions, index: int, chosen: str) -> SampleUser:
    row = data.by_user[[index]]
    items, ratings = row.indices, row.data
    mean = float(ratings.mean()) if len(ratings) else 0.0
    known = data.item_counts[items]
    best, worst = np.lexsort((items, -known, -ratings)), np.lexsort((items, -known, ratings))
    implicit = data.feedback == "implicit"
    loved = best if implicit or np.ptp(ratings) == 0 else best[ratings[best] > mean]
    hated = best[:0] if implicit else worst[ratings[worst] < mean]
    titles = data.catalog.titles(data.item_ids) if data.catalog is not None else None

    def shown(order: AnyArray) -> list[RatedItem]:
        return [_rated(data, int(items[at]), float(ratings[at]), titles) for at in order[:SHOWN]]

    return SampleUser(data.user_ids[index].item(), chosen, len(ratings), mean, shown(loved), shown(hated))


def _rated(data: Interactions, item: int, rating: float, titles: list[str] | None) -> RatedItem:
    identity = data.item_ids[item].item()
    return RatedItem(identity, titles[item] if titles else str(identity), rating)
