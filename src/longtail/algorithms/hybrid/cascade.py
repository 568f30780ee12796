"""Cascade: one recommender proposes, another one ranks what was proposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import Scores
from longtail.algorithms.hybrid.hybrid import Hybrid
from longtail.algorithms.hybrid.places import places
from longtail.algorithms.lists import dense
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError
from longtail.params import hyper
from longtail.types import FloatArray, IntArray

__all__ = ["Cascade"]


@dataclass(kw_only=True)
class Cascade(Hybrid):
    """Cascade hybrid: the first member proposes its `candidates` best unseen items, the second one ranks them.

    The score is the second member's. A candidate that it cannot score stands below those it can, in the order of the
    first. Nothing but candidates is recommended (Burke 2002, section 3.6).

    Attributes:
        members: specs of the two members: who proposes, who ranks.
        candidates: items proposed.

    Examples:
        >>> import longtail as lt
        >>> rows = {"user": [1, 1, 2, 2, 3, 3], "item": [1, 2, 1, 3, 1, 3], "rating": [3.0, 5.0, 3.0, 4.0, 3.0, 4.0]}
        >>> data = lt.Interactions.from_frame(rows)
        >>> [lt.Cascade(members=["popular", "bias"], candidates=m).fit(data).recommend_for([{}]).of(0) for m in (2, 3)]
        [[3, 1], [2, 3, 1]]
    """

    scores_are_ratings: ClassVar[bool] = False

    members: tuple[str, ...] = ("ease", "svd")
    candidates: int = hyper(100, at_least=1, search=(20, 500), log=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.members) != 2:
            raise ConfigError(f"Cascade: members must be two, who proposes and who ranks, not {len(self.members)}")

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self._fit_members(train, catalog)

    def _score_users(self, users: IntArray) -> FloatArray:
        first, second = self.members_
        return self._cascaded(first._score_users(users), second._score_users(users), self.histories_[users])

    def _score_histories(self, histories: sparse.csr_array) -> FloatArray:
        first, second = self.members_
        return self._cascaded(first._score_histories(histories), second._score_histories(histories), histories)

    def _cascaded(self, first: Scores, second: Scores, histories: sparse.csr_array) -> FloatArray:
        place, _ = places(first, histories, self.candidates)
        scores = dense(second)
        ranked = (place > 0) & np.isfinite(scores)
        lowest = np.min(scores, axis=1, keepdims=True, initial=np.inf, where=ranked)
        below = np.where(np.isfinite(lowest), lowest, 0) - place
        return np.where(ranked, scores, np.where(place > 0, below, -np.inf)).astype(np.float32)
