"""`ItemColdStart`: items nobody has met yet."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from longtail.data import splits
from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.data.splits import Arrivals
from longtail.evaluation.protocols.base import ANY_TIME, Cold, Protocol
from longtail.evaluation.protocols.fold import Fold, Question
from longtail.evaluation.protocols.wording import MIXES_TIMES, NO_RATINGS, every_hidden
from longtail.rng import generator

__all__ = ["ItemColdStart"]

Competitors = Literal["new", "all"]


@dataclass(frozen=True, kw_only=True)
class ItemColdStart(Protocol):
    """Items wholly kept from train: are they recommended to those who went on to like them?

    Attributes:
        share: share of the items that are kept from train.
        which: items drawn at "random", or the "newest", whose first row is the latest.
        candidates: list "new" items only, or let them compete with "all".

    Source: Schein, Popescul, Ungar and Pennock 2002, "Methods and metrics for cold-start recommendations".

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 2, 2], "item": [1, 2, 1, 3], "timestamp": [10, 20, 30, 40]})
        >>> fold = ItemColdStart(share=0.4, which="newest").folds(data)[0]
        >>> fold.asked, fold.train.item_ids[fold.candidates].tolist()
        ([2], [3])
    """

    name: ClassVar[str] = "item-cold-start"
    question: ClassVar[str] = "are items found that nobody has met?"
    leaks: ClassVar[str] = "the future: rows of the other items may be later than hidden ones"
    suits: ClassVar[str] = "catalogues that change quickly: news, jobs, second-hand goods"
    asks: ClassVar[tuple[Question, ...]] = ("ranking", "beyond")
    accepts: ClassVar[frozenset[str]] = ANY_TIME
    cold: ClassVar[Cold | None] = "items"
    shares: ClassVar[tuple[str, ...]] = ("share",)

    share: float = 0.2
    which: Arrivals = "random"
    candidates: Competitors = "new"

    def view(self, data: Interactions) -> Interactions:
        """The data with their items in an order drawn at random.

        Ties go to the lower index, and data sets often list the well known first: without this, an algorithm that
        scores all new items alike would do well by the order of the ids alone.
        """
        ranked = np.argsort(data.item_ids.values, kind="stable")  # whatever order they come in, the same is drawn
        order = ranked[generator(self.seed, "protocol", "item-order").permutation(data.n_items)]
        if np.array_equal(order, np.arange(data.n_items)):
            return data
        place = np.empty(data.n_items, dtype=np.int32)
        place[order] = np.arange(data.n_items, dtype=np.int32)
        item_ids = Ids(data.item_ids.values[order], kind=data.item_ids.kind)
        return dataclasses.replace(data, items=place[data.items], item_ids=item_ids)

    def _folds(self, data: Interactions) -> list[Fold]:
        train, test = splits.cold_items(data, self.share, which=self.which, seed=self.seed)
        new = np.flatnonzero(test.item_counts).astype(np.int32) if self.candidates == "new" else None
        return [Fold(name="new items", train=train, test=test, asks=self.asks, candidates=new)]

    def _questions(self, *, explicit: bool) -> list[str]:
        items = "drawn at random" if self.which == "random" else "those met first the latest"
        compete = " Only these items may be listed." if self.candidates == "new" else " They compete with all others."
        return [
            f"Ranking: {self.share:.0%} of the items, {items}, are kept from train with all their interactions."
            f"{compete} {every_hidden(self._listed())}"
        ]

    def _caveats(self, *, explicit: bool) -> list[str]:
        content = (
            "Only what is known of an item besides its interactions can lead to it: without a catalog no algorithm "
            "tells new items apart. The items stand in an order drawn at random, so that one that scores all new items "
            "alike does not do well by the order of the ids."
        )
        later = (
            "Of the other items an algorithm knows everything, also what happened after the interactions it has to "
            "foresee, so figures are kinder than life."
        )
        return [*([] if explicit else [NO_RATINGS]), content, MIXES_TIMES if self.which == "random" else later]
