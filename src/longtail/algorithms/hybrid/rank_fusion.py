"""Rank fusion: one list made of the lists of others, by the places of the items or by their scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse

from longtail.algorithms.base import Scores
from longtail.algorithms.hybrid.hybrid import Hybrid
from longtail.algorithms.hybrid.places import places
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.params import hyper
from longtail.types import FloatArray, IntArray

__all__ = ["RankFusion"]


@dataclass(kw_only=True)
class RankFusion(Hybrid):
    """Mixed hybrid: every member hands in its `depth` best unseen items, and an item gets points from each list.

    With p_m(i) the place of item i in the list of member m, from 1, and w_m the member's weight, the score is the sum
    over the lists that hold i of

        reciprocal   w_m / (smoothing + p_m(i))              (Cormack, Clarke and Buettcher 2009, k = smoothing)
        borda        w_m (depth + 1 - p_m(i))                (Borda count; Aslam and Montague 2001)
        scores       w_m (s_m(i) - low) / (high - low)       (CombSUM, scores brought to 0..1; Fox and Shaw 1994)

    with s_m(i) the member's score, high and low its best and its last listed. An item in no list is not recommended.
    Members may be of any kind: their scores need not be comparable, nor be ratings.

    Sources: G. Cormack, C. Clarke and S. Buettcher, "Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank
    Learning Methods", SIGIR 2009; J. Aslam and M. Montague, "Models for Metasearch", SIGIR 2001; E. Fox and J. Shaw,
    "Combination of Multiple Searches", TREC-2, 1994.

    Attributes:
        members: specs of the members.
        method: how points are given: "reciprocal", "borda" or "scores".
        depth: items a member hands in.
        smoothing: the larger, the less the first places stand out ("reciprocal" alone).
        weights: one for each member; by default all count the same.

    Examples:
        >>> import longtail as lt
        >>> rows = {"user": [1, 1, 2, 2, 3, 3], "item": [1, 2, 1, 3, 1, 3], "rating": [5.0, 4.0, 5.0, 2.0, 4.0, 3.0]}
        >>> data = lt.Interactions.from_frame(rows)
        >>> model = lt.RankFusion(members=["popular", "bias"], method="borda", depth=3).fit(data)
        >>> model.recommend_for([{}]).to_frame()["score"].to_list()
        [6.0, 3.0, 3.0]
    """

    scores_are_ratings: ClassVar[bool] = False

    members: tuple[str, ...] = ("implicit-als", "ease", "warp")
    method: Literal["reciprocal", "borda", "scores"] = "reciprocal"
    depth: int = hyper(100, at_least=1, search=(20, 500), log=True)
    smoothing: float = hyper(60.0, at_least=0.0, search=(1.0, 200.0), log=True)
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_weights(self.weights)

    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        self._fit_members(train, catalog)

    def _score_users(self, users: IntArray) -> FloatArray:
        return self._fused([member._score_users(users) for member in self.members_], self.histories_[users])

    def _score_histories(self, histories: sparse.csr_array) -> FloatArray:
        return self._fused([member._score_histories(histories) for member in self.members_], histories)

    def _fused(self, scores: list[Scores], histories: sparse.csr_array) -> FloatArray:
        total = np.zeros(histories.shape, dtype=np.float32)
        listed = np.zeros(histories.shape, dtype=np.bool_)
        for weight, own in zip(self.weights or [1.0] * len(scores), scores, strict=True):
            place, best = places(own, histories, self.depth)
            total += np.float32(weight) * np.where(place > 0, self._points(place, best), 0)
            listed |= place > 0
        return np.where(listed, total, np.float32(-np.inf))

    def _points(self, place: IntArray, best: FloatArray) -> FloatArray:
        if self.method == "reciprocal":
            return (1.0 / (self.smoothing + np.maximum(place, 1))).astype(np.float32)
        if self.method == "borda":
            return (self.depth + 1 - place).astype(np.float32)
        share = _shares(best)
        return np.take_along_axis(share, np.clip(place - 1, 0, share.shape[1] - 1), axis=1)


def _shares(best: FloatArray) -> FloatArray:
    """Listed scores (n_rows, n), best first, as parts of the way from the last to the best; 1 where all are equal."""
    listed = np.isfinite(best)
    high = np.max(best, axis=1, keepdims=True, initial=-np.inf, where=listed)
    low = np.min(best, axis=1, keepdims=True, initial=np.inf, where=listed)
    flat = ~(high > low)
    span = np.where(flat, np.float32(1.0), high - np.where(flat, 0, low))
    shares: FloatArray = np.where(flat, np.float32(1.0), (np.where(listed, best, 0) - np.where(flat, 0, low)) / span)
    return shares
