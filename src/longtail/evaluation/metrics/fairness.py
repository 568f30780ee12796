"""Who is shown, and who is served: exposure of groups of items, and the gap of any metric between groups of users."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import ConfigError, DataError
from longtail.evaluation.metrics.groups import Groups
from longtail.evaluation.metrics.per_list import ratio
from longtail.evaluation.metrics.value import MetricValue
from longtail.types import IntArray, RealArray

__all__ = ["Discount", "exposure_disparity", "exposure_ratios", "item_exposure", "per_user_group", "user_group_gap"]

Discount = Literal["log", "none"]


def item_exposure(lists: TopN, groups: Groups, *, discount: Discount = "log") -> dict[str, MetricValue]:
    """The share of all exposure that each group of items gets; whether higher is better depends.

    Exp(g) = sum over places of v_r [item in g] / sum over places of v_r, pooled over all lists, with v_r = 1 / log2(1 +
    r) for the place of rank r ("log"), or 1 ("none"). A user's value is the same share within their own list, NaN for
    an empty one. Items in no group count below the line only.
    Source: Singh & Joachims 2018, "Fairness of exposure in rankings" (v is its position bias).

    Args:
        lists: the lists.
        groups: of items, such as `popularity_groups(train)` or `catalog_groups(train, "studio")`.
        discount: "log" or "none".

    Raises:
        ConfigError: if `discount` is neither.

    Examples:
        Each of two lists has the indie film in its second place: 0.6309 of 1.6309.

        >>> from longtail.data.ids import Ids
        >>> items = Ids([10, 20, 30])
        >>> lists = TopN([0, 1], [[0, 1], [2, 1]], [[2, 1], [2, 1]], Ids(["ann", "bob"]), items)
        >>> groups = Groups.from_labels(items, {10: "studio", 20: "indie", 30: "studio"})
        >>> {name: round(share, 4) for name, share in item_exposure(lists, groups).items()}
        {'indie': 0.3869, 'studio': 0.6131}
    """
    group, weights = _exposure(lists, groups, discount)
    of_list = lists.filled @ weights
    whole = of_list.sum()
    found = {}
    for place, name in enumerate(groups.names):
        seen = (group == place) @ weights
        share = seen.sum() / whole if whole else np.nan
        found[name] = MetricValue(share, "item_exposure", lists.users, ratio(seen, of_list))
    return found


def exposure_ratios(
    lists: TopN, groups: Groups, *, merit: Interactions | None = None, discount: Discount = "log"
) -> dict[str, float]:
    """Each group's share of the exposure over its share of what it deserves; 1 is just that.

    By demographic parity it deserves its share of the items; with `merit` it deserves its share of these interactions
    (disparate treatment: exposure in proportion to relevance). Shares are among the items that have a group. NaN for a
    group that deserves nothing, or when nothing with a group is listed. Arguments as for `exposure_disparity`.

    Examples:
        Indie films are a third of the items and get 0.3869 of the exposure.

        >>> from longtail.data.ids import Ids
        >>> items = Ids([10, 20, 30])
        >>> lists = TopN([0, 1], [[0, 1], [2, 1]], [[2, 1], [2, 1]], Ids(["ann", "bob"]), items)
        >>> groups = Groups.from_labels(items, {10: "studio", 20: "indie", 30: "studio"})
        >>> {name: round(found, 4) for name, found in exposure_ratios(lists, groups).items()}
        {'indie': 1.1606, 'studio': 0.9197}
    """
    group, weights = _exposure(lists, groups, discount)
    at_place = np.broadcast_to(weights, group.shape)
    exposure = np.bincount(group.ravel() + 1, weights=at_place.ravel(), minlength=len(groups.names) + 1)[1:]
    deserved = groups.sizes.astype(np.float64) if merit is None else _merit(groups, merit)
    shares = exposure / exposure.sum() if exposure.sum() else np.full(len(exposure), np.nan)
    ratios = ratio(shares * deserved.sum(), deserved)
    return {name: float(found) for name, found in zip(groups.names, ratios, strict=True)}


def exposure_disparity(
    lists: TopN, groups: Groups, *, merit: Interactions | None = None, discount: Discount = "log"
) -> MetricValue:
    """How far the worst served group of items is behind the best served one; lower is better, 0 is parity.

    ExpDisp = 1 - min over groups of rho_g / max over groups of rho_g, rho_g = (g's share of the exposure) / (g's share
    of what it deserves), see `exposure_ratios`. With two groups, 1 - ExpDisp is the ratio of Singh & Joachims 2018,
    "Fairness of exposure in rankings", the smaller over the larger: of demographic parity by default,
    of disparate treatment with `merit`. 1 means that a group gets nothing. Groups that deserve nothing are left
    out; with fewer than two others it is undefined. Not defined for one user: `per_user` is NaN.

    Args:
        lists: the lists.
        groups: of items, such as `popularity_groups(train)` or `catalog_groups(train, "studio")`.
        merit: interactions whose number is what a group deserves, such as the test data; None for the number of items.
        discount: the exposure of rank r, "log" for 1 / log2(1 + r) or "none" for 1.

    Raises:
        ConfigError: if `discount` is neither.

    Examples:
        The studios get 0.9197 of their share of the catalogue, the indies 1.1606: 1 - 0.9197 / 1.1606.

        >>> from longtail.data.ids import Ids
        >>> items = Ids([10, 20, 30])
        >>> lists = TopN([0, 1], [[0, 1], [2, 1]], [[2, 1], [2, 1]], Ids(["ann", "bob"]), items)
        >>> groups = Groups.from_labels(items, {10: "studio", 20: "indie", 30: "studio"})
        >>> round(exposure_disparity(lists, groups), 4)
        0.2075
    """
    found = np.array(list(exposure_ratios(lists, groups, merit=merit, discount=discount).values()))
    found = found[~np.isnan(found)]
    behind = 1.0 - found.min() / found.max() if len(found) > 1 and found.max() > 0 else np.nan
    return MetricValue(behind, "exposure_disparity", lists.users, np.full(len(lists), np.nan))


def per_user_group(value: MetricValue, groups: Groups) -> dict[str, MetricValue]:
    """A metric for each group of users: the mean over the group's users for whom it is defined.

    Args:
        value: the metric, with per-user values.
        groups: of users, in the ids of the metric's users.

    Raises:
        DataError: if the groups know fewer users than the metric has.

    Examples:
        >>> from longtail.data.ids import Ids
        >>> hits = MetricValue.over_users("hit_rate", users=[0, 1, 2], per_user=[1.0, 0.0, 0.0])
        >>> groups = Groups.from_labels(Ids(["ann", "bob", "cy"]), ["light", "heavy", "light"])
        >>> per_user_group(hits, groups)
        {'heavy': 0.0, 'light': 0.5}
    """
    if len(value.users) and value.users.max() >= len(groups.ids):
        raise DataError(f"groups of {len(groups.ids)} users do not fit a metric of user {value.users.max()}")
    of = groups.of[value.users]
    return {
        name: MetricValue.over_users(value.name, value.users[of == place], value.per_user[of == place])
        for place, name in enumerate(groups.names)
    }


def user_group_gap(value: MetricValue, groups: Groups) -> MetricValue:
    """The largest difference of a metric between two groups of users; lower is better, 0 is equal service.

    Gap = max over groups of m_g - min over groups of m_g, m_g the mean of the metric over the users of g for whom it is
    defined. Groups without such a user are left out; with fewer than two others it is undefined. Not defined for one
    user: `per_user` is NaN. The unit is that of the metric.
    Source: Ekstrand et al. 2018, "All the cool kids, how do they fit in?" (a metric by group); Li et al. 2021,
    "User-oriented fairness in recommendation", whose UGF of two groups this is.

    Args:
        value: any metric whose value is the mean of its per-user values, such as `ndcg(lists, test)`.
        groups: of users, in the ids of the metric's users, such as `activity_groups(train)`.

    Raises:
        DataError: if the groups know fewer users than the metric has.

    Examples:
        Half of the light users have a hit, and no heavy user.

        >>> from longtail.data.ids import Ids
        >>> hits = MetricValue.over_users("hit_rate", users=[0, 1, 2], per_user=[1.0, 0.0, 0.0])
        >>> groups = Groups.from_labels(Ids(["ann", "bob", "cy"]), ["light", "heavy", "light"])
        >>> user_group_gap(hits, groups)
        0.5
    """
    means = np.array([float(mean) for mean in per_user_group(value, groups).values()])
    means = means[~np.isnan(means)]
    gap = means.max() - means.min() if len(means) > 1 else np.nan
    return MetricValue(gap, "user_group_gap", value.users, np.full(len(value.users), np.nan))


def _exposure(lists: TopN, groups: Groups, discount: Discount) -> tuple[IntArray, RealArray]:
    """(n_lists, n) the group of the item at each place, -1 for none; and (n,) the exposure of each place."""
    if discount not in get_args(Discount):
        raise ConfigError(f"discount must be log or none, not {discount!r}")
    places = np.arange(1, lists.n + 1)
    weights = 1.0 / np.log2(places + 1.0) if discount == "log" else np.ones(lists.n)
    group: IntArray = np.append(groups.aligned_to(lists.item_ids).of, np.int32(-1))[lists.items]
    return group, weights


def _merit(groups: Groups, merit: Interactions) -> RealArray:
    """(n_groups,) the interactions with items of each group."""
    of = groups.aligned_to(merit.item_ids).of
    counts = np.bincount(of + 1, weights=merit.item_counts, minlength=len(groups.names) + 1)
    return counts[1:].astype(np.float64)
