"""Popularity bias: how popular what is listed is, and how unevenly the catalogue is shown."""

from __future__ import annotations

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import ConfigError
from longtail.evaluation.metrics.per_list import mean_of_items
from longtail.evaluation.metrics.value import MetricValue
from longtail.types import BoolArray, LongArray, RealArray

__all__ = [
    "average_recommendation_popularity",
    "exposures",
    "gini",
    "head_items",
    "long_tail_share",
    "lorenz_curve",
]


def average_recommendation_popularity(lists: TopN, train: Interactions, *, normalized: bool = False) -> MetricValue:
    """ARP, the mean number of training interactions of what is listed; whether higher is better depends.

    ARP = mean over users of 1/|L(u)| sum over i in L(u) of n_i, n_i the interactions with i in `train`. An empty list
    is undefined. Source: Yin et al. 2012, "Challenging the long tail recommendation"; the name is that of
    Abdollahpouri, Burke & Mobasher 2019, "Managing popularity bias in recommender systems with personalized
    re-ranking". RecTools and Elliot compute the same.

    Args:
        lists: the lists.
        train: what popularity is counted in.
        normalized: divide by the number of all interactions, so that the unit is a share of them.

    Raises:
        UnknownIdError: if the lists hold an item that `train` has no id for.

    Examples:
        Item 10 has two raters, 20 and 30 one: (2 + 1) / 2 for ann, 1 for bob.

        >>> train = Interactions.from_frame({"user": [1, 1, 2, 2], "item": [10, 20, 30, 10], "rating": [3, 4, 2, 5]})
        >>> lists = TopN([0, 1], [[0, 2], [1, -1]], [[2, 1], [1, -np.inf]], train.user_ids, train.item_ids)
        >>> average_recommendation_popularity(lists, train)
        1.25
    """
    whole = max(len(train), 1) if normalized else 1
    means = mean_of_items(lists, train.item_ids, train.item_counts / whole)
    return MetricValue.over_users("average_recommendation_popularity", lists.users, means)


def long_tail_share(lists: TopN, train: Interactions, head: float = 0.8) -> MetricValue:
    """APLT, the share of a list outside the head of the most popular items; whether higher is better depends.

    APLT = mean over users of |{i in L(u): i not in head}| / |L(u)|. The head is the fewest most popular items that hold
    the share `head` of the interactions of `train` (see `head_items`); the tail is all others, items nobody met
    included. An empty list is undefined. Source: Abdollahpouri, Burke & Mobasher 2017, "Controlling popularity bias in
    learning-to-rank recommendation", and 2019 (average percentage of long-tail items, with the head at 80 % of the
    ratings); Elliot cuts the head in the same way.

    Args:
        lists: the lists.
        train: what popularity is counted in.
        head: share of the interactions that the head holds, above 0 and at most 1.

    Raises:
        UnknownIdError: if the lists hold an item that `train` has no id for.
        ConfigError: if `head` is no such share.

    Examples:
        Item 10 has two of four interactions and is the head at 50 %: one of ann's items is outside, and bob's only one.

        >>> train = Interactions.from_frame({"user": [1, 1, 2, 2], "item": [10, 20, 30, 10], "rating": [3, 4, 2, 5]})
        >>> lists = TopN([0, 1], [[0, 2], [1, -1]], [[2, 1], [1, -np.inf]], train.user_ids, train.item_ids)
        >>> long_tail_share(lists, train, head=0.5)
        0.75
    """
    shares = mean_of_items(lists, train.item_ids, ~head_items(train, head))
    return MetricValue.over_users("long_tail_share", lists.users, shares)


def gini(lists: TopN, *, corrected: bool = False) -> MetricValue:
    """How unevenly the catalogue is shown: 0 where every item is listed as often; whether higher is better depends.

    G = sum over j = 1..m of (2j - m - 1) c_j / (m sum c), with c_j how often an item is listed, in increasing order,
    and m all items the lists have ids for: those never shown count with 0. It is twice the area between `lorenz_curve`
    and the diagonal, and at most (m - 1) / m. Undefined for one user: `per_user` is NaN; undefined when nothing is
    listed. Source: Gini 1912; as here in Fleder & Hosanagar 2009, "Blockbuster culture's next rise or fall", and
    RecBole. Corrected, it is divided by m - 1 in the place of m, so that 1 can be reached: Shani & Gunawardana 2011,
    "Evaluating recommendation systems"; Elliot reports 1 - that.

    Args:
        lists: the lists.
        corrected: divide by m - 1.

    Examples:
        Of three items, one is shown twice, one once and one never: (-2 x 0 + 0 x 1 + 2 x 2) / (3 x 3).

        >>> from longtail.data.ids import Ids
        >>> lists = TopN([0, 1], [[2, 0], [0, -1]], [[2, 1], [1, -np.inf]], Ids(["ann", "bob"]), Ids([10, 20, 30]))
        >>> round(gini(lists), 4), round(gini(lists, corrected=True), 4)
        (0.4444, 0.6667)
    """
    counts = np.sort(exposures(lists)).astype(np.float64)
    m = len(counts)
    divisor = (m - 1 if corrected else m) * counts.sum()
    uneven = ((2.0 * np.arange(1, m + 1) - m - 1) * counts).sum() / divisor if divisor > 0 else np.nan
    return MetricValue(uneven, "gini", lists.users, np.full(len(lists), np.nan))


def lorenz_curve(lists: TopN, points: int = 101) -> RealArray:
    """(points, 2) float64: the share of the items, least shown first, and the share of all places that they fill.

    Evenly spread from (0, 0) to (1, 1). The diagonal is an even exposure; the further below, the higher `gini`. NaN in
    the second column when nothing is listed. Source: Lorenz 1905.

    Raises:
        ConfigError: for fewer than two points.

    Examples:
        The least shown two of three items fill a third of the places.

        >>> from longtail.data.ids import Ids
        >>> lists = TopN([0, 1], [[2, 0], [0, -1]], [[2, 1], [1, -np.inf]], Ids(["ann", "bob"]), Ids([10, 20, 30]))
        >>> lorenz_curve(lists, points=4).round(4).tolist()
        [[0.0, 0.0], [0.3333, 0.0], [0.6667, 0.3333], [1.0, 1.0]]
    """
    if points < 2:
        raise ConfigError(f"a curve has at least 2 points, not {points!r}")
    filled = np.concatenate([[0.0], np.cumsum(np.sort(exposures(lists)))])
    share = filled / filled[-1] if filled[-1] > 0 else np.full(len(filled), np.nan)
    across = np.linspace(0.0, 1.0, points)
    return np.column_stack([across, np.interp(across, np.linspace(0.0, 1.0, len(share)), share)])


def exposures(lists: TopN) -> LongArray:
    """(n_items,) int64: how many places each item fills.

    Examples:
        >>> from longtail.data.ids import Ids
        >>> exposures(TopN([0, 1], [[2, 0], [0, -1]], [[2, 1], [1, -np.inf]], Ids([1, 2]), Ids([10, 20, 30]))).tolist()
        [2, 0, 1]
    """
    counts: LongArray = np.bincount(lists.items.ravel() + 1, minlength=len(lists.item_ids) + 1)[1:]
    return counts


def head_items(train: Interactions, head: float = 0.8) -> BoolArray:
    """(n_items,) whether an item is one of the fewest most popular that hold the share `head` of the interactions.

    Ties go in order of first appearance.

    Raises:
        ConfigError: if `head` is not above 0 and at most 1.

    Examples:
        >>> train = Interactions.from_frame({"user": [1, 1, 2, 2], "item": [20, 10, 30, 10], "rating": [3, 4, 2, 5]})
        >>> dict(zip(train.item_ids.values.tolist(), head_items(train, 0.6).tolist()))
        {20: True, 10: True, 30: False}
    """
    if not 0 < head <= 1:
        raise ConfigError(f"head must be a share above 0 and at most 1, such as 0.8, not {head!r}")
    order = np.argsort(-train.item_counts, kind="stable")
    held_before = np.cumsum(train.item_counts[order]) - train.item_counts[order]
    inside = np.zeros(train.n_items, dtype=bool)
    # Of two whole numbers: 7 / 100 is 0.07 to the last bit, and 0.07 * 100 is more than 7.
    inside[order] = (held_before / max(len(train), 1) < head) & (train.item_counts[order] > 0)
    return inside
