"""The long-tail curve: how much of the interactions, and of what is recommended, falls to the most popular items."""

from __future__ import annotations

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.types import AnyArray

__all__ = ["interaction_curve", "rank_ticks", "recommendation_curve"]

POINTS = 80


def rank_ticks(n_items: int) -> list[int]:
    """Popularity ranks at which the curves are read, evenly spread on a logarithmic axis, both ends included.

    Examples:
        >>> rank_ticks(5)
        [1, 2, 3, 4, 5]
    """
    ranks: list[int] = np.unique(np.geomspace(1, max(1, n_items), POINTS).round().astype(int)).tolist()
    return ranks


def interaction_curve(data: Interactions) -> list[float]:
    """Share of all interactions that fall to the items up to each rank of `rank_ticks`.

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 2, 3, 3], "item": [7, 7, 7, 8]})
        >>> interaction_curve(data)
        [0.75, 1.0]
    """
    return _cumulative(data, data.item_counts)


def recommendation_curve(lists: TopN, data: Interactions) -> list[float]:
    """Share of all places of the lists that fall to the items up to each rank; all 0 when the lists are empty."""
    items = lists.aligned_to(lists.user_ids, data.item_ids).items
    return _cumulative(data, np.bincount(items[items >= 0], minlength=data.n_items))


def _cumulative(data: Interactions, weights: AnyArray) -> list[float]:
    by_popularity = np.argsort(-data.item_counts, kind="stable")
    share = np.cumsum(weights[by_popularity]) / max(1, weights.sum())
    return [round(float(share[rank - 1]), 5) for rank in rank_ticks(data.n_items)]
