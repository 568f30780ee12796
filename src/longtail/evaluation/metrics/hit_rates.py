"""Hit rates: is the held-out item in the list, and how high up?"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import RatingPredictions, TopN
from longtail.errors import ConfigError
from longtail.evaluation.metrics.hits import Hits
from longtail.evaluation.metrics.value import MetricValue
from longtail.types import BoolArray, FloatArray

__all__ = [
    "Over",
    "arhr",
    "cumulative_hit_rate",
    "cumulative_hit_rate_by_prediction",
    "hit_rate",
    "rating_hit_rate",
    "rating_hit_rate_by_prediction",
]

Over = Literal["users", "interactions"]


def hit_rate(lists: TopN, test: Interactions, *, over: Over = "users") -> MetricValue:
    """The share of test users with at least one of their test items in their list; higher is better.

    HR = |{u: L(u) and T(u) share an item}| / |{u: T(u) not empty}|. A test user without a list is a miss; lists of
    users without a test item do not count. With one test item a user (`splits.leave_one_out`) this is the hit rate of
    Karypis 2001, "Evaluation of item-based top-N recommendation algorithms", and Deshpande & Karypis 2004.

    Args:
        lists: the lists, one a user.
        test: the held-out interactions.
        over: what is counted: "users" with a hit, or held-out "interactions" found (each of them asks for one item,
            and a user's value is the share of theirs). With one test item a user they are the same.

    Raises:
        UnknownIdError: if the lists hold a user or item that `test` has no id for (splits of one data set share ids).
        DataError: if a user has more than one list.
        ConfigError: if `over` is neither.

    Examples:
        Ann's item is second on her list, bob's is not on his: 1 of 2.

        >>> test = Interactions.from_frame({"user": ["ann", "bob"], "item": [10, 30], "rating": [5.0, 2.0]})
        >>> lists = TopN([0, 1], [[1, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> hit_rate(lists, test), hit_rate(lists, test).per_user.tolist()
        (0.5, [1.0, 0.0])
    """
    if over not in get_args(Over):
        raise ConfigError(f"over must be users or interactions, not {over!r}")
    hits = Hits.of(lists, test)
    if over == "users":
        return _hit_rate("hit_rate", hits, np.ones(len(test), dtype=bool))
    share = float(hits.found.mean()) if len(test) else np.nan
    asked = hits.total(np.ones(len(test)))
    return MetricValue(share, "hit_rate", hits.users, hits.total(hits.found) / asked)


def cumulative_hit_rate(lists: TopN, test: Interactions, threshold: float = 4.0) -> MetricValue:
    """The hit rate over the test items that the user ACTUALLY rated at `threshold` or above; higher is better.

    cHR = |{u: L(u) and T'(u) share an item}| / |{u: T'(u) not empty}|, T'(u) = {i in T(u): actual_ui >= threshold}.
    Users without such an item are undefined (NaN) and left out of the mean. This reading asks whether people find
    what they like; it is the one in the code of Kane's course framework ("Building Recommender Systems with Machine
    Learning and AI", 2018), whose text describes `cumulative_hit_rate_by_prediction`.

    Examples:
        Ann rated her test item 5 and it is listed, bob rated his 2 and does not count: 1 of 1.

        >>> test = Interactions.from_frame({"user": ["ann", "bob"], "item": [10, 30], "rating": [5.0, 2.0]})
        >>> lists = TopN([0, 1], [[1, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> cumulative_hit_rate(lists, test, threshold=4.0)
        1.0
    """
    return _hit_rate("cumulative_hit_rate", Hits.of(lists, test), test.values >= float(threshold))


def cumulative_hit_rate_by_prediction(
    lists: TopN, predictions: RatingPredictions, threshold: float = 4.0
) -> MetricValue:
    """The hit rate over the test items whose PREDICTED rating is `threshold` or above; higher is better.

    As `cumulative_hit_rate`, with T'(u) = {i in T(u): estimated_ui >= threshold}. This reading asks for hits on items
    the model itself believes in; it is how Kane's course describes the metric in words. It depends on the model in the
    denominator too, so two models are measured on different users.

    Args:
        lists: the lists, one a user.
        predictions: the model's estimates for the held-out interactions (impossible ones count with their fallback).
        threshold: the lowest estimate that counts.

    Examples:
        Ann's item was estimated at 3 and does not count; bob's at 4, and it is not listed: 0 of 1.

        >>> test = Interactions.from_frame({"user": ["ann", "bob"], "item": [10, 30], "rating": [5.0, 2.0]})
        >>> lists = TopN([0, 1], [[1, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> predictions = RatingPredictions(
        ...     test.users, test.items, test.values, np.array([3.0, 4.0]), np.array([False, False]),
        ...     test.user_ids, test.item_ids,
        ... )
        >>> cumulative_hit_rate_by_prediction(lists, predictions, threshold=4.0)
        0.0
    """
    counted = np.asarray(predictions.estimated >= float(threshold))
    return _hit_rate("cumulative_hit_rate_by_prediction", Hits.of(lists, predictions), counted)


def rating_hit_rate(lists: TopN, test: Interactions) -> dict[float, MetricValue]:
    """The hit rate for each ACTUAL rating, over the test items that were given it.

    rHR(r) = |{u: L(u) and T_r(u) share an item}| / |{u: T_r(u) not empty}|, T_r(u) = {i in T(u): actual_ui = r}.
    Wanted: high at the upper ratings. Half stars are kept apart. The code of Kane's course framework groups this way;
    see `rating_hit_rate_by_prediction` for the other reading.

    Returns:
        The hit rate of each rating that occurs, lowest first; `users` are those with a test item of that rating.

    Examples:
        >>> test = Interactions.from_frame({"user": ["ann", "bob"], "item": [10, 30], "rating": [4.5, 2.0]})
        >>> lists = TopN([0, 1], [[1, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> rating_hit_rate(lists, test)
        {2.0: 0.0, 4.5: 1.0}
    """
    return _grouped("rating_hit_rate", Hits.of(lists, test), test.values)


def rating_hit_rate_by_prediction(lists: TopN, predictions: RatingPredictions) -> dict[float, MetricValue]:
    """The hit rate for each PREDICTED rating, rounded to the nearest half star (a quarter rounds up).

    As `rating_hit_rate`, with T_r(u) = {i in T(u): floor(2 estimated_ui + 1/2) / 2 = r}. Kane's course describes the
    metric so in words ("by predicted rating").

    Returns:
        The hit rate of each half star that occurs, lowest first; `users` are those with a test item estimated there.

    Examples:
        >>> test = Interactions.from_frame({"user": ["ann", "bob"], "item": [10, 30], "rating": [4.5, 2.0]})
        >>> lists = TopN([0, 1], [[1, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> predictions = RatingPredictions(
        ...     test.users, test.items, test.values, np.array([3.8, 4.25]), np.array([False, False]),
        ...     test.user_ids, test.item_ids,
        ... )
        >>> rating_hit_rate_by_prediction(lists, predictions)
        {4.0: 1.0, 4.5: 0.0}
    """
    half_stars = np.floor(np.asarray(predictions.estimated) * 2 + 0.5) / 2
    return _grouped("rating_hit_rate_by_prediction", Hits.of(lists, predictions), half_stars)


def arhr(lists: TopN, test: Interactions) -> MetricValue:
    """Average reciprocal hit rank: a hit at place p counts 1/p; higher is better.

    ARHR = 1/|U| sum over test users u of sum over hits of 1/rank (Karypis 2001; Deshpande & Karypis 2004).
    A miss adds 0. With one test item a user it lies in 0..1 and equals `mrr`; with several, the reciprocal ranks of all
    hits are summed, so that a user can reach 1 + 1/2 + ... + 1/n (`mrr` takes the first hit only).

    Examples:
        Ann's item is second on her list, bob's is not on his: (1/2 + 0) / 2.

        >>> test = Interactions.from_frame({"user": ["ann", "bob"], "item": [10, 30], "rating": [5.0, 2.0]})
        >>> lists = TopN([0, 1], [[1, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> arhr(lists, test)
        0.25
    """
    hits = Hits.of(lists, test)
    return MetricValue.over_users("arhr", hits.users, hits.total(hits.reciprocal_ranks))


def _hit_rate(name: str, hits: Hits, counted: BoolArray) -> MetricValue:
    """The hit rate over the counted rows; NaN for the users without one."""
    asked = hits.total(counted)
    found = hits.total(counted & hits.found)
    return MetricValue.over_users(name, hits.users, np.where(asked > 0, found > 0, np.nan))


def _grouped(name: str, hits: Hits, ratings: FloatArray) -> dict[float, MetricValue]:
    rates = {}
    for rating in np.sort(np.unique(ratings)):
        whole = _hit_rate(name, hits, ratings == rating)
        has_one = ~np.isnan(whole.per_user)
        # The shortest text of a float32, so that 4.1 is found under 4.1 and not under 4.099999904632568.
        rates[float(str(rating))] = MetricValue.over_users(name, whole.users[has_one], whole.per_user[has_one])
    return rates
