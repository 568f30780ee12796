"""A world as Longtail sees it, and its figures as plain dicts: user -> value, and "all" where there is one for all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

import longtail as lt
from agreement.worlds import LIKED, Pair, World
from longtail.data.catalog import Catalog
from longtail.data.ids import Ids
from longtail.data.results import ClickPredictions, RatingPredictions, TopN
from longtail.evaluation.metrics import Groups, MetricValue

Figures = dict[int | str, float]
TIERS = ("first", "second", None)


@dataclass(frozen=True, eq=False)
class View:
    """The containers of one world."""

    world: World

    @cached_property
    def user_ids(self) -> Ids:
        return Ids(self.world.users, kind="user")

    @cached_property
    def item_ids(self) -> Ids:
        return Ids(self.world.items, kind="item")

    @cached_property
    def catalog(self) -> Catalog:
        genres = [[f"genre {k}" for k, has in enumerate(self.world.features[item]) if has] for item in self.world.items]
        frame = {"item": self.world.items, "genres": pl.Series(genres, dtype=pl.List(pl.String))}
        return Catalog(pl.DataFrame(frame))

    @cached_property
    def train(self) -> lt.Interactions:
        return self._interactions(self.world.train)

    @cached_property
    def test(self) -> lt.Interactions:
        return self._interactions(self.world.test)

    @cached_property
    def doubled(self) -> lt.Interactions:
        """The test part with whole numbers for half stars."""
        return self._interactions({pair: 2 * rating for pair, rating in self.world.test.items()})

    @cached_property
    def predictions(self) -> RatingPredictions:
        pairs = list(self.world.test)
        return RatingPredictions(
            users=self.test.users,
            items=self.test.items,
            actual=self.test.values,
            estimated=np.array([self.world.estimates[pair] for pair in pairs], dtype=np.float64),
            impossible=np.array([pair in self.world.impossible for pair in pairs]),
            user_ids=self.user_ids,
            item_ids=self.item_ids,
        )

    @cached_property
    def clicks(self) -> ClickPredictions:
        """What is liked as clicked, and a tenth of the estimate as its probability."""
        clicked = [float(rating >= LIKED) for rating in self.world.test.values()]
        probability = np.array([self.world.estimates[pair] for pair in self.world.test]) / 10.0
        return ClickPredictions(np.array(clicked), probability, self.test.users, self.user_ids)

    @cached_property
    def lists(self) -> TopN:
        return self._top_n(self.world.lists)

    @cached_property
    def after(self) -> TopN:
        return self._top_n(self.world.after)

    @cached_property
    def features(self) -> np.ndarray:
        return np.array([self.world.features[item] for item in self.world.items], dtype=np.float64)

    @cached_property
    def item_groups(self) -> Groups:
        """Every third item is in no group."""
        labels = {item: TIERS[place % 3] for place, item in enumerate(self.world.items)}
        return Groups.from_labels(self.item_ids, labels)

    @cached_property
    def user_groups(self) -> Groups:
        labels = {user: TIERS[place % 3] for place, user in enumerate(self.world.users)}
        return Groups.from_labels(self.user_ids, labels)

    def figures(self, value: MetricValue, *, whole: bool = True) -> Figures:
        """The value of each user, and of all."""
        users = self.user_ids[value.users].tolist()
        found: Figures = dict(zip(users, value.per_user.tolist(), strict=True))
        return found | {"all": float(value)} if whole else found

    def _interactions(self, rows: dict[Pair, float]) -> lt.Interactions:
        return lt.Interactions(
            users=self.user_ids.index([user for user, _ in rows]),
            items=self.item_ids.index([item for _, item in rows]),
            values=np.array(list(rows.values()), dtype=np.float32),
            user_ids=self.user_ids,
            item_ids=self.item_ids,
            catalog=self.catalog,
        )

    def _top_n(self, lists: dict[int, list[tuple[int, float]]]) -> TopN:
        items = np.full((len(lists), self.world.n), -1, dtype=np.int32)
        scores = np.full(items.shape, -np.inf)
        for row, listed in enumerate(lists.values()):
            items[row, : len(listed)] = self.item_ids.index([item for item, _ in listed])
            scores[row, : len(listed)] = [score for _, score in listed]
        return TopN(self.user_ids.index(list(lists)), items, scores, self.user_ids, self.item_ids)


def mean(values: list[float]) -> float:
    """The mean of those that are defined; NaN of none."""
    defined = [value for value in values if value == value]
    return sum(defined) / len(defined) if defined else float("nan")
