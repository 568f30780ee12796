"""Blend: a weighted mean of the ratings that other recommenders predict, the weights learned by stacking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from longtail.algorithms.hybrid.profiles import AMOUNT, SPREAD
from longtail.algorithms.hybrid.stacking import Stack
from longtail.types import BoolArray, FloatArray, RealArray

__all__ = ["Blend"]


@dataclass(kw_only=True)
class Blend(Stack):
    """Weighted hybrid: r_ui = mu + sum over members m of w_m(u, i) (e_m(u, i) - mu), weights learned by stacking.

    e_m is the estimate of member m; a constant counts as a member too. The weights are linear in what is known of the
    user and the item, the meta-features f (Sill et al. 2009, equation 2):

        w_m(u, i) = sum over k of v_mk f_k(u, i)

    with f_0 = 1 alone for `meta_features="none"`; f(n_u), f(n_i) and their product besides for "counts", where
    f(n) = log(1 + number of ratings); for "profiles" also the standard deviations of the ratings of u and of i.
    All but f_0 are standardized over the training ratings. `longtail.algorithms.hybrid.stacking` says how v is learned.

    Source: J. Sill, G. Takacs, L. Mackey and D. Lin, "Feature-Weighted Linear Stacking", arXiv:0911.0460, 2009.

    Attributes:
        members: specs of the members, all of which predict ratings.
        weights: fixed weights w_m, one a member; they are made to sum to one. Without them they are learned.
        meta_features: what learned weights depend on: "profiles", "counts" or "none".
        folds: parts for learning the weights; 1 learns nothing and takes the plain mean.
        regularization: how strongly the weights are drawn towards the plain mean.
        non_negative: forbid a weight v_m0 below zero.
        seed: of the cut into parts.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
        >>> model = lt.Blend(members=[lt.SVD(factors=4), "random"], meta_features="none").fit(data)
        >>> model.members
        ('svd:factors=4', 'random')
        >>> bool(model.weights_[0] > 0.9 and model.weights_[1] < 0.1)
        True
        >>> model.predict([0, 0], [10, 5]).round().tolist()
        [5.0, 1.0]
    """

    members: tuple[str, ...] = ("svdpp", "svd:biased=false", "item-knn", "bias", "popular")
    weights: tuple[float, ...] = ()
    meta_features: Literal["profiles", "counts", "none"] = "profiles"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_weights(self.weights)

    def _parts(self, n_rows: int) -> int:
        return 1 if self.weights else super()._parts(n_rows)

    def _columns(self, estimates: list[FloatArray], user: FloatArray, item: FloatArray) -> list[FloatArray]:
        one = np.ones((), dtype=np.float32)
        meta = [one, *self._meta(user, item)]
        return [feature * member for member in (one, *estimates) for feature in meta]

    def _meta(self, user: FloatArray, item: FloatArray) -> list[FloatArray]:
        """What weights depend on, beside the constant."""
        if self.meta_features == "none":
            return []
        counts = [user[..., AMOUNT], item[..., AMOUNT], user[..., AMOUNT] * item[..., AMOUNT]]
        return counts if self.meta_features == "counts" else [*counts, user[..., SPREAD], item[..., SPREAD]]

    def _prior(self) -> tuple[RealArray, BoolArray]:
        n_meta = {"none": 1, "counts": 4, "profiles": 6}[self.meta_features]
        place = np.arange(n_meta * (1 + len(self.members)))
        own = (place % n_meta == 0) & (place > 0)
        weights = np.array(self.weights or [1.0] * len(self.members))
        theta = np.zeros(len(place))
        theta[own] = weights / weights.sum()
        return theta, own
