"""Switching: for each person the first recommender that has enough to go by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.histories import row_numbers
from longtail.algorithms.hybrid.hybrid import Hybrid
from longtail.algorithms.lists import dense
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError
from longtail.params import hyper
from longtail.types import BoolArray, FloatArray, IntArray

__all__ = ["Switching"]


@dataclass(kw_only=True)
class Switching(Hybrid):
    """Switching hybrid: the first member that knows enough of a person makes the list (Burke 2002, section 3.2).

    Member m takes those with a history of at least `min_history[m]` items for whom it can score an unseen item; whom
    nobody takes goes to the last member. A list has one maker, so its scores are comparable, those of two people need
    not be.

    Attributes:
        members: specs of the members, in order.
        min_history: items a history must hold, one number a member; for members beyond its end, none.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = lt.Switching(members=["item-knn", "popular"], min_history=(2,)).fit(data)
        >>> lists = model.recommend_for([{1: 5.0}, {1: 5.0, 2: 1.0}], n=3)
        >>> [item % 2 for item in lists.of(0)], [item % 2 for item in lists.of(1)]
        ([0, 1, 0], [1, 1, 1])
    """

    scores_are_ratings: ClassVar[bool] = False

    members: tuple[str, ...] = ("ease", "popular")
    min_history: tuple[int, ...] = hyper((3,), at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.min_history) > len(self.members):
            raise ConfigError(
                f"Switching: min_history has {len(self.min_history)} entries, members {len(self.members)}"
            )

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self._fit_members(train, catalog)

    def _score_users(self, users: IntArray) -> FloatArray:
        return self._switched(self.histories_[users], users)

    def _score_histories(self, histories: sparse.csr_array) -> FloatArray:
        return self._switched(histories, None)

    def _switched(self, histories: sparse.csr_array, users: IntArray | None) -> FloatArray:
        """Scores of histories, those of training users where `users` says whose they are."""
        scores = np.full(histories.shape, -np.inf, dtype=np.float32)
        counts, waiting = np.diff(histories.indptr), np.ones(histories.shape[0], dtype=np.bool_)
        least = [*self.min_history, *[0] * (len(self.members) - len(self.min_history))]
        for member, enough in zip(self.members_, least, strict=True):
            last = member is self.members_[-1]
            rows = np.flatnonzero(waiting & (last | (counts >= enough)))
            if not len(rows):
                continue
            own = dense(member._score_histories(histories[rows]) if users is None else member._score_users(users[rows]))
            taken = _has_something(own, histories[rows]) | last
            scores[rows[taken]] = own[taken]
            waiting[rows[taken]] = False
        return scores


def _has_something(scores: FloatArray, histories: sparse.csr_array) -> BoolArray:
    """(n_rows,) whether a row scores an item that is not in its history."""
    finite = np.isfinite(scores)
    finite[row_numbers(histories), histories.indices] = False
    return np.asarray(finite.any(axis=1))
