"""What models return: `TopN` lists, `RatingPredictions`, `ClickPredictions`. Metrics take these, never a model."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from longtail import params
from longtail.data import columns
from longtail.data.ids import Ids
from longtail.errors import DataError
from longtail.types import BoolArray, FloatArray, IntArray, RealArray

__all__ = ["ClickPredictions", "RatingPredictions", "TopN"]


@dataclass(frozen=True, eq=False, repr=False)
class TopN:
    """Ranked lists, one row a user.

    Attributes:
        users: (n_lists,) int32, index into `user_ids`.
        items: (n_lists, n) int32, index into `item_ids`, best first; -1 where the list is shorter than n.
        scores: (n_lists, n) float32, not increasing along a row; -inf where the list is shorter.
        user_ids: external ids of the users.
        item_ids: external ids of the items.
        titles: the title of every item in index order, or None.

    Examples:
        >>> lists = TopN(np.array([0]), np.array([[1, -1]]), np.array([[4.5, -np.inf]]), Ids(["ann"]), Ids([10, 20]))
        >>> lists.to_frame().rows()
        [('ann', 1, 20, 4.5)]
        >>> lists.of("ann")
        [20]
    """

    users: IntArray
    items: IntArray
    scores: FloatArray
    user_ids: Ids
    item_ids: Ids
    titles: list[str] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "users", np.asarray(self.users, dtype=np.int32))
        object.__setattr__(self, "items", np.asarray(self.items, dtype=np.int32))
        object.__setattr__(self, "scores", np.asarray(self.scores, dtype=np.float32))
        if self.items.ndim != 2 or self.items.shape != self.scores.shape or len(self.items) != len(self.users):
            raise DataError(f"lists of shape {self.items.shape} do not fit {len(self.users)} users")

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        return f"TopN({len(self):,} lists of up to {self.n} items)"

    @property
    def n(self) -> int:
        """The length of the longest list possible."""
        return int(self.items.shape[1])

    @property
    def filled(self) -> BoolArray:
        """(n_lists, n): whether the place holds an item."""
        return self.items >= 0

    def of(self, user: Any) -> list[Any]:
        """The external item ids recommended to one user, best first."""
        row = np.flatnonzero(self.users == self.user_ids.index([user])[0])
        if not len(row):
            raise DataError(f"no list was made for user {user}")
        listed: list[Any] = self.item_ids[self.items[row[0]][self.filled[row[0]]]].tolist()
        return listed

    def head(self, n: int) -> TopN:
        """The same lists cut to their first n places."""
        n = params.positive("n", n)
        return dataclasses.replace(self, items=self.items[:, :n], scores=self.scores[:, :n])

    def aligned_to(self, user_ids: Ids, item_ids: Ids) -> TopN:
        """The same lists with indices into other ids (no copy when the ids are the same).

        Raises:
            UnknownIdError: if a user or item of the lists is not among those ids.
        """
        if self.user_ids == user_ids and self.item_ids == item_ids:
            return self
        items = np.full_like(self.items, -1)
        items[self.filled] = item_ids.index(self.item_ids[self.items[self.filled]])
        users = user_ids.index(self.user_ids[self.users])
        return dataclasses.replace(self, users=users, items=items, user_ids=user_ids, item_ids=item_ids, titles=None)

    def to_frame(self) -> pl.DataFrame:
        """One row a recommendation: user, rank (from 1), item, score and, where known, title."""
        rows, places = np.nonzero(self.filled)
        found = self.items[rows, places]
        frame = {
            columns.USER: self.user_ids[self.users[rows]],
            columns.RANK: places + 1,
            columns.ITEM: self.item_ids[found],
            columns.SCORE: self.scores[rows, places],
        }
        table = pl.DataFrame(frame)
        if self.titles is not None:
            table = table.with_columns(pl.Series(columns.TITLE, [self.titles[item] for item in found], dtype=pl.String))
        return table

    def to_json(self) -> str:
        """The rows of `to_frame` as a JSON list of objects."""
        return json.dumps(self.to_frame().to_dicts(), ensure_ascii=False)


@dataclass(frozen=True, eq=False, repr=False)
class RatingPredictions:
    """Predicted ratings beside the true ones.

    Attributes:
        users: (n,) int32 user indices.
        items: (n,) int32 item indices.
        actual: (n,) float32 true ratings.
        estimated: (n,) float32 predictions.
        impossible: (n,) bool, True where the model had nothing to go by and fell back.
        user_ids: external ids of the users.
        item_ids: external ids of the items.
    """

    users: IntArray
    items: IntArray
    actual: FloatArray
    estimated: FloatArray
    impossible: BoolArray
    user_ids: Ids
    item_ids: Ids

    def __post_init__(self) -> None:
        for name in ("items", "actual", "estimated", "impossible"):
            if np.shape(getattr(self, name)) != np.shape(self.users):
                raise DataError(f"{name} has shape {np.shape(getattr(self, name))}, users has {np.shape(self.users)}")

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        return f"RatingPredictions({len(self):,} ratings, {int(self.impossible.sum()):,} impossible)"

    def to_frame(self) -> pl.DataFrame:
        """One row a rating: user, item, actual, estimated, impossible."""
        return pl.DataFrame(
            {
                columns.USER: self.user_ids[self.users],
                columns.ITEM: self.item_ids[self.items],
                "actual": self.actual,
                "estimated": self.estimated,
                "impossible": self.impossible,
            }
        )

    def to_json(self) -> str:
        """The rows of `to_frame` as a JSON list of objects."""
        return json.dumps(self.to_frame().to_dicts())


@dataclass(frozen=True, eq=False, repr=False)
class ClickPredictions:
    """Predicted probabilities of a click beside what happened.

    Attributes:
        clicked: (n,) 1 where there was a click, else 0.
        probability: (n,) float64.
        users: (n,) int32, index into `user_ids`; one beyond the last for users unknown there. None where nobody says.
        user_ids: external ids of the users, or None.

    Raises:
        DataError: columns of unequal length, something else than 0 and 1, a probability outside 0 to 1.
    """

    clicked: FloatArray
    probability: RealArray
    users: IntArray | None = None
    user_ids: Ids | None = None

    def __post_init__(self) -> None:
        clicked, probability = np.asarray(self.clicked), np.asarray(self.probability)
        users = clicked if self.users is None else np.asarray(self.users)
        if not np.shape(clicked) == np.shape(probability) == np.shape(users) or clicked.ndim != 1:
            raise DataError(f"{np.shape(probability)} probabilities do not fit clicks of shape {np.shape(clicked)}")
        if not np.isin(clicked, (0, 1)).all():
            raise DataError("clicked must be 0 or 1")
        if not ((probability >= 0) & (probability <= 1)).all():
            raise DataError("a probability lies between 0 and 1")

    def __len__(self) -> int:
        return len(self.clicked)

    def __repr__(self) -> str:
        return f"ClickPredictions({len(self):,} impressions, {int(np.sum(self.clicked)):,} clicked)"

    def to_frame(self) -> pl.DataFrame:
        """One row an impression: clicked, probability and, where known, user (null for an unknown one)."""
        frame = pl.DataFrame({"clicked": np.asarray(self.clicked, dtype=np.int8), "probability": self.probability})
        if self.users is None or self.user_ids is None:
            return frame
        known = [*self.user_ids.values.tolist(), None]
        return frame.with_columns(pl.Series(columns.USER, [known[user] for user in self.users.tolist()]))

    def to_json(self) -> str:
        """The rows of `to_frame` as a JSON list of objects."""
        return json.dumps(self.to_frame().to_dicts(), ensure_ascii=False)
