"""Feature combination: what others estimate, what is known of user and item, and genres, as the input of one model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.algorithms.histories import row_numbers
from longtail.algorithms.hybrid.profiles import LEVEL, centered_genres, profiles
from longtail.algorithms.hybrid.stacking import Stack
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.types import BoolArray, FloatArray, RealArray

__all__ = ["FeatureCombination"]


@dataclass(kw_only=True)
class FeatureCombination(Stack):
    """Feature combination and augmentation: members' estimates are features beside others (Burke 2002, 3.5 and 3.7).

    One ridge regression predicts r_ui - mu from

    - the members' estimates less mu;
    - of the user and of the item: log(1 + number of ratings), damped mean and damped standard deviation of the ratings;
    - how well the item's genres suit the user: the mean over its genres g of t_ug, with N_g the rated items of genre g,
      q_jg the share of g in the genres of j, and mu_u the user's damped mean,

          t_ug = sum over j in N_g of q_jg (r_uj - mu_u) / (5 + sum of q_jg)

    Every feature of a rating is computed without that rating, see `longtail.algorithms.hybrid.stacking`. Where the data
    have no genres, that feature is zero.

    Attributes:
        members: specs of the members, all of which predict ratings.
        folds: parts for learning the regression; 1 learns nothing and takes the plain mean of the members.
        regularization: how strongly the coefficients are drawn towards the plain mean.
        non_negative: forbid a coefficient below zero for a member's estimate.
        seed: of the cut into parts.

    Examples:
        >>> import polars as pl
        >>> import longtail as lt
        >>> rows = [(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u in range(20) for i in range(20) if (u + i) % 5]
        >>> users, items, ratings = zip(*rows, strict=True)
        >>> kinds = [["even"] if item % 2 == 0 else ["odd"] for item in range(20)]
        >>> catalog = lt.Catalog(pl.DataFrame({"item": range(20), "genres": kinds}))
        >>> data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings}, catalog=catalog)
        >>> model = lt.FeatureCombination(members=["bias"]).fit(data)
        >>> (model.predict([0, 0], [10, 5]) > 3).tolist()
        [True, False]
    """

    members: tuple[str, ...] = ("svd", "item-knn")

    def _fit_facts(self, train: Interactions, catalog: Catalog | None) -> FloatArray:
        facts = super()._fit_facts(train, catalog)
        found = catalog.genres(train.item_ids) if catalog is not None else [()] * train.n_items
        names = sorted({genre for genres in found for genre in genres})
        self.genres_ = np.zeros((train.n_items, len(names)), dtype=np.float32)
        for item, genres in enumerate(found):
            self.genres_[item, [names.index(genre) for genre in genres]] = 1.0 / max(len(genres), 1)
        return np.concatenate([facts, self.genres_], axis=1)

    def _user_facts(self, histories: sparse.csr_array) -> FloatArray:
        facts = super()._user_facts(histories)
        rows = row_numbers(histories)
        own = profiles(rows, histories.data, histories.shape[0], self.mean_, self.deviation_)[:, LEVEL]
        return np.concatenate([facts, centered_genres(histories, self.genres_, self.mean_ + own)], axis=1)

    def _columns(self, estimates: list[FloatArray], user: FloatArray, item: FloatArray) -> list[FloatArray]:
        taste = np.einsum("...g,...g->...", user[..., 3:], item[..., 3:])
        known = [side[..., place] for side in (user, item) for place in range(3)]
        return [np.ones((), dtype=np.float32), *estimates, *known, taste]

    def _prior(self) -> tuple[RealArray, BoolArray]:
        n = len(self.members)
        place = np.arange(1 + n + 7)
        own = (place > 0) & (place <= n)
        return own / n, own
