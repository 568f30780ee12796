"""Extra powers of a recommender, found with `isinstance`: never a method that exists only to raise.

`PredictsRatings` estimates stars, `SimilarItems` answers "more like this", `Explains` says why, `LearnsOnline` takes in
one more rating without a refit. `NeedsCatalog` and `NeedsTimes` mark what cannot be learned from ratings alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from scipy import sparse

from longtail import params
from longtail.algorithms.base import Recommender, Scores
from longtail.algorithms.histories import appended, grown
from longtail.algorithms.lists import best_items, dense
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.data.results import RatingPredictions, TopN
from longtail.errors import DataError
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, LongArray, RealArray

__all__ = [
    "Explains",
    "Explanation",
    "LearnsOnline",
    "NeedsCatalog",
    "NeedsTimes",
    "PredictsRatings",
    "Reason",
    "SimilarItems",
]


class PredictsRatings(Recommender, ABC):
    """A recommender that predicts ratings, clipped to the rating scale."""

    predicts_ratings: ClassVar[bool] = True

    @abstractmethod
    def _predict_pairs(self, users: IntArray, items: IntArray) -> tuple[FloatArray, BoolArray]:
        """Estimates (n,) before clipping, and where the model had nothing to go by (impossible)."""

    def predict(self, users: Sequence[Any] | AnyArray, items: Sequence[Any] | AnyArray) -> FloatArray:
        """Predicted ratings (n,) float32 for pairs of external ids.

        Raises:
            UnknownIdError: for a user or item the model has not seen.
            DataError: if the two are not equally long.
        """
        self._require_fitted()
        rows, columns = self.user_ids_.index(users), self.item_ids_.index(items)
        if rows.shape != columns.shape:
            raise DataError(f"users and items must be equally long, not {len(rows)} and {len(columns)}")
        return self._estimate(rows, columns)[0]

    def predict_for(self, history: Mapping[Any, float], items: Sequence[Any] | AnyArray) -> FloatArray:
        """Predicted ratings (n,) float32 of external item ids by somebody new, who rated {item id: rating}.

        Examples:
            >>> import longtail as lt
            >>> data = lt.Interactions.from_frame({"user": [1, 1, 2], "item": [10, 20, 10], "rating": [5.0, 3.0, 4.0]})
            >>> model = lt.Bias(reg_user=1.0, reg_item=1.0, epochs=1).fit(data)
            >>> [round(float(rating), 4) for rating in model.predict_for({10: 5.0}, [20])]
            [3.8333]

        Raises:
            UnknownIdError: for an item the model has not seen.
        """
        ratings = dense(self._rate_histories(self.fold([history])))[0, self.item_ids_.index(items)]
        return self._on_scale(np.where(np.isfinite(ratings), ratings, np.float32(self.mean_)))

    def predict_ratings(self, test: Interactions) -> RatingPredictions:
        """Predictions beside the true ratings of a test set, in the test set's own ids.

        A user or item that the training data do not know is impossible and gets the mean of the training ratings. A
        model that knows of time is asked at the times of the test set, where it has any.
        """
        self._require_fitted()
        same = test.user_ids == self.user_ids_ and test.item_ids == self.item_ids_
        users = test.users if same else self.user_ids_.index(test.user_ids.values, missing=-1)[test.users]
        items = test.items if same else self.item_ids_.index(test.item_ids.values, missing=-1)[test.items]
        known = (users >= 0) & (items >= 0)
        estimated = np.full(len(test), self.mean_, dtype=np.float32)
        impossible = ~known
        times = test.times[known] if test.times is not None else None
        estimated[known], impossible[known] = self._estimate(users[known], items[known], times)
        return RatingPredictions(
            test.users, test.items, test.values, estimated, impossible, test.user_ids, test.item_ids
        )

    def _predict_at(self, users: IntArray, items: IntArray, times: LongArray) -> tuple[FloatArray, BoolArray]:
        """As `_predict_pairs`, asked at these times (n,); for most models time makes no difference."""
        return self._predict_pairs(users, items)

    def _estimate(
        self, users: IntArray, items: IntArray, times: LongArray | None = None
    ) -> tuple[FloatArray, BoolArray]:
        raw, impossible = self._predict_pairs(users, items) if times is None else self._predict_at(users, items, times)
        return self._on_scale(raw), impossible

    def _on_scale(self, ratings: FloatArray) -> FloatArray:
        if self.scale_ is not None:
            ratings = np.clip(ratings, np.float32(self.scale_[0]), np.float32(self.scale_[1]))
        return ratings.astype(np.float32, copy=False)


class SimilarItems(Recommender, ABC):
    """A recommender that knows how alike two items are."""

    @abstractmethod
    def _item_similarities(self, items: IntArray) -> Scores:
        """(n, n_items) similarity of each given item to every item; -inf where there is nothing to go by."""

    def similar_items(self, items: Sequence[Any] | AnyArray, n: int = 10) -> TopN:
        """The n items most like each given item (itself left out); the lists are keyed by that item.

        Raises:
            UnknownIdError: for an item the model has not seen.
            ConfigError: for n below 1.
        """
        self._require_fitted()
        n = params.positive("n", n)
        index, n_items = self.item_ids_.index(items), len(self.item_ids_)
        itself = np.ones(len(index), dtype=np.bool_), index, np.arange(len(index) + 1)
        found, scores = best_items(
            lambda lo, hi: self._item_similarities(index[lo:hi]),
            n,
            seen=sparse.csr_array(itself, shape=(len(index), n_items)),
            blocked=np.zeros(n_items, dtype=np.bool_),
        )
        return TopN(index, found, scores, self.item_ids_, self.item_ids_, self.titles_)


@dataclass(frozen=True)
class Reason:
    """One thing that spoke for (weight > 0) or against (< 0) an item: a rated item, or a neighbor."""

    kind: Literal["item", "user"]
    id: Any
    label: str
    weight: float


@dataclass(frozen=True)
class Explanation:
    """Why an item was recommended: the reasons, weightiest first, and a sentence to show.

    The sentence names only items rated at or above the person's mean: a low rating may speak for an item too, but
    nobody liked what they rated low.
    """

    item: Any
    reasons: list[Reason]
    text: str


class Explains(Recommender, ABC):
    """A recommender that can say why."""

    reason_kind: ClassVar[Literal["item", "user"]] = "item"

    @abstractmethod
    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        """What spoke for `item` given one history row (1, n_items): indices of items (or users), and weights."""

    def explain(self, user: Any, item: Any, n: int = 3) -> Explanation:
        """The n weightiest reasons to recommend `item` to a user of the training data."""
        self._require_fitted()
        return self._explained(self.histories_[self.user_ids_.index([user])], item, n)

    def explain_for(self, history: Mapping[Any, float], item: Any, n: int = 3) -> Explanation:
        """The n weightiest reasons to recommend `item` to someone with this history."""
        return self._explained(self.fold([history]), item, n)

    def _explained(self, history: sparse.csr_array, item: Any, n: int) -> Explanation:
        n = params.positive("n", n)
        wanted = int(self.item_ids_.index([item])[0])
        indices, weights = self._reasons(history, wanted)
        ids = self.item_ids_ if self.reason_kind == "item" else self.user_ids_
        titles = self.titles_ if self.reason_kind == "item" else None
        top = np.lexsort((indices, -weights))
        itself = (indices[top] == wanted) & (self.reason_kind == "item")
        top = top[(weights[top] > 0) & ~itself]
        reasons = [
            Reason(
                self.reason_kind,
                ids.values[indices[place]].item(),
                titles[indices[place]] if titles else str(ids.values[indices[place]]),
                float(weights[place]),
            )
            for place in top[:n]
        ]
        if self.reason_kind == "user":
            people = "one person" if len(top) == 1 else f"{len(top):,} people"
            return Explanation(item, reasons, f"liked by {people} with your taste" if len(top) else "")
        rated = dict(zip(history.indices.tolist(), history.data.tolist(), strict=True))
        fair = float(history.data.mean()) if rated else 0.0
        liked = [self._label(int(place)) for place in indices[top] if rated[int(place)] >= fair]
        return Explanation(item, reasons, "because you liked " + " and ".join(liked[:2]) if liked else "")

    def _label(self, item: int) -> str:
        return self.titles_[item] if self.titles_ else str(self.item_ids_[item])


class LearnsOnline(Recommender, ABC):
    """A recommender that takes in new ratings without a refit."""

    @abstractmethod
    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        """Take in ratings, in order; `histories_` holds them already. Replace arrays, never write into them."""

    def learn(
        self, users: Sequence[Any] | AnyArray, items: Sequence[Any] | AnyArray, ratings: Sequence[float] | AnyArray
    ) -> Self:
        """Take in new ratings (or clicks, of value 1) of users and items it was fitted with. Returns itself.

        A pair rated before is rated anew; for an algorithm that reads order it is one more event, the latest. What is
        learned online may differ from what a refit would learn; each class says how. An error leaves the model as it
        was.

        Examples:
            >>> import longtail as lt
            >>> data = lt.Interactions.from_frame({"user": [1, 1, 2], "item": [10, 20, 10], "rating": [5.0, 3.0, 4.0]})
            >>> model = lt.Popular().fit(data).learn([2], [20], [1.0])
            >>> model.recommend([2]).of(2)
            []

        Raises:
            UnknownIdError: for a user or item the model has not seen.
            DataError: if the three are not equally long, or a rating is not a finite number.
        """
        self._require_fitted()
        rows, columns = self.user_ids_.index(users), self.item_ids_.index(items)
        values = np.asarray(ratings, dtype=np.float32)
        if not rows.shape == columns.shape == values.shape:
            raise DataError(
                f"users, items and ratings must be equally long: {len(rows)}, {len(columns)}, {len(values)}"
            )
        if not np.isfinite(values).all():
            raise DataError("a rating is not a finite number")
        before = dict(vars(self))
        try:
            self.histories_ = (appended if self.reads_order else grown)(self.histories_, rows, columns, values)
            self._learn(rows, columns, values)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise
        return self


class NeedsCatalog(Recommender, ABC):
    """A recommender that learns from what is known of the items."""

    @classmethod
    def require_data(cls, train: Interactions, catalog: Catalog | None = None) -> None:
        """As `Recommender.require_data`.

        Raises:
            DataError: also if there is no catalog, neither given nor with the data.
        """
        super().require_data(train, catalog)
        if catalog is None and train.catalog is None:
            lack = "needs a catalog of the items, and these data have none"
            raise DataError(f"{cls.__name__} {lack}; a MovieLens folder brings one, else pass fit(train, catalog)")


class NeedsTimes(Recommender, ABC):
    """A recommender that learns from when things happened."""

    @classmethod
    def require_data(cls, train: Interactions, catalog: Catalog | None = None) -> None:
        """As `Recommender.require_data`.

        Raises:
            DataError: also if the interactions have no times.
        """
        super().require_data(train, catalog)
        if train.times is None:
            raise DataError(f"{cls.__name__} needs to know when things happened; the data have no timestamp")
