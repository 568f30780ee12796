"""Four people, six films: the data that every metric of the documentation is worked out on by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.data.results import RatingPredictions, TopN

__all__ = ["WorkedExample", "worked_example"]

_TRAIN = [
    ("ann", "Casablanca", 4.0),
    ("ann", "Dune", 3.0),
    ("bob", "Brazil", 5.0),
    ("bob", "Dune", 4.0),
    ("cy", "Alien", 3.0),
    ("cy", "Casablanca", 5.0),
    ("cy", "Emma", 4.0),
    ("dee", "Alien", 4.0),
    ("dee", "Emma", 2.0),
    ("dee", "Dune", 5.0),
]
_TEST = [("ann", "Alien", 5.0), ("ann", "Brazil", 4.0), ("bob", "Casablanca", 3.5), ("cy", "Fargo", 2.0)]
_ESTIMATED = [3.7, 4.1, 4.3, 3.9]
_GENRES = {
    "Casablanca": ["Drama", "Romance"],
    "Dune": ["Sci-Fi"],
    "Brazil": ["Comedy", "Sci-Fi"],
    "Alien": ["Horror", "Sci-Fi"],
    "Emma": ["Comedy", "Romance"],
    "Fargo": ["Comedy", "Crime"],
}


@dataclass(frozen=True, eq=False)
class WorkedExample:
    """Everything that a metric takes, small enough for pencil and paper.

    Attributes:
        ratings: fourteen ratings, with the genres of the films.
        train: ten of them, to learn from.
        test: the four held out.
        predictions: of the four; nobody in train has rated Fargo, so its prediction is the mean of train.
        lists: up to three films for ann, two for bob, an empty list for cy.
        popular: the two films with most ratings, for the same people.
        yesterday: what the same people were listed the day before.
    """

    ratings: Interactions
    train: Interactions
    test: Interactions
    predictions: RatingPredictions
    lists: TopN
    popular: TopN
    yesterday: TopN


def worked_example() -> WorkedExample:
    """The example, made anew.

    Examples:
        >>> example = worked_example()
        >>> example.train, example.lists.of("ann")
        (Interactions(10 explicit ratings, 4 users, 6 items, scale 2 to 5), ['Emma', 'Alien', 'Fargo'])
    """
    columns = ("user", "item", "rating")
    catalog = Catalog(pl.DataFrame({"item": list(_GENRES), "genres": list(_GENRES.values())}))
    frame = dict(zip(columns, zip(*_TRAIN, *_TEST, strict=True), strict=True))
    ratings = Interactions.from_frame(frame, catalog=catalog)
    test = ratings.take(np.arange(len(_TRAIN), len(ratings)))
    return WorkedExample(
        ratings=ratings,
        train=ratings.take(np.arange(len(_TRAIN))),
        test=test,
        predictions=RatingPredictions(
            users=test.users,
            items=test.items,
            actual=test.values,
            estimated=np.array(_ESTIMATED, dtype=np.float32),
            impossible=test.items == ratings.item_ids.index(["Fargo"])[0],
            user_ids=ratings.user_ids,
            item_ids=ratings.item_ids,
        ),
        lists=_lists(ratings, {"ann": ["Emma", "Alien", "Fargo"], "bob": ["Casablanca", "Alien"], "cy": []}, 3),
        popular=_lists(ratings, {name: ["Dune", "Casablanca"] for name in ("ann", "bob", "cy")}, 2),
        yesterday=_lists(
            ratings, {"ann": ["Alien", "Emma", "Brazil"], "bob": ["Casablanca", "Fargo"], "cy": ["Dune"]}, 3
        ),
    )


def _lists(ratings: Interactions, titles: dict[str, list[str]], n: int) -> TopN:
    items = np.full((len(titles), n), -1, dtype=np.int32)
    for row, listed in enumerate(titles.values()):
        items[row, : len(listed)] = ratings.item_ids.index(listed) if listed else []
    scores = np.where(items >= 0, 5.0 - 0.5 * np.arange(n), -np.inf)
    return TopN(ratings.user_ids.index(list(titles)), items, scores, ratings.user_ids, ratings.item_ids)
