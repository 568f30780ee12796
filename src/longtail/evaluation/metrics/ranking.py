"""How well lists are ordered: precision, recall, NDCG, MAP and MRR.

Each takes `min_rating`: only test items the user rated at least that are relevant, by default all of them. A user
without a relevant test item is undefined (NaN) and left out of the mean; a test user without a list scores 0. The cut
n is the number of places in the lists: `lists.head(5)` measures at 5. Where libraries give one name to several
formulas, a parameter says which; the pages of the documentation say who uses which.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import ConfigError, DataError
from longtail.evaluation.metrics.hits import Hits
from longtail.evaluation.metrics.value import MetricValue
from longtail.types import AnyArray, BoolArray, RealArray

__all__ = [
    "APDivisor",
    "Discount",
    "Gains",
    "Ideal",
    "PrecisionDivisor",
    "RecallDivisor",
    "mean_average_precision",
    "mrr",
    "ndcg",
    "precision",
    "recall",
]

PrecisionDivisor = Literal["places", "list", "reachable"]
RecallDivisor = Literal["relevant", "reachable"]
APDivisor = Literal["reachable", "relevant", "places", "hits"]
Gains = Literal["binary", "linear", "exponential"]
Discount = Literal["log2(1 + rank)", "log2(rank)"]
Ideal = Literal["cut", "all", "full"]

HIGHEST_EXPONENT = 50.0


def precision(
    lists: TopN, test: Interactions, *, min_rating: float | None = None, divisor: PrecisionDivisor = "places"
) -> MetricValue:
    """The share of the n places that hold a relevant test item; higher is better.

    P@n = mean over users of |L(u) and T(u)| / n. The divisor is n even where a list is shorter: an empty place is no
    success. Source: Manning, Raghavan & Schütze 2008, "Introduction to Information Retrieval", section 8.4.

    Args:
        lists: the lists, one a user.
        test: the held-out interactions.
        min_rating: the lowest actual rating of a relevant item; None makes every test item relevant.
        divisor: the "places" n; the length of the "list" (0 for an empty one); or what is "reachable",
            min(n, |T(u)|), so that a perfect list has 1.

    Raises:
        UnknownIdError: if the lists hold a user or item that `test` has no id for (splits of one data set share ids).
        DataError: if a user has more than one list.
        ConfigError: if the divisor is none of these.

    Examples:
        Ann's list holds one of her two items, bob's one place filled of two holds none of his: (1/2 + 0) / 2.

        >>> test = Interactions.from_frame({"user": ["ann", "ann", "bob"], "item": [1, 2, 3], "rating": [5, 4, 2]})
        >>> lists = TopN([0, 1], [[2, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> precision(lists, test)
        0.25
    """
    hits, relevant = _look_up(lists, test, min_rating)
    divisors = _divisors(_one_of("divisor", divisor, PrecisionDivisor), hits, relevant)
    return _per_relevant_user("precision", hits, relevant, hits.total(relevant & hits.found) / divisors)


def recall(
    lists: TopN, test: Interactions, *, min_rating: float | None = None, divisor: RecallDivisor = "relevant"
) -> MetricValue:
    """The share of a user's relevant test items that are listed; higher is better.

    R@n = mean over users of |L(u) and T(u)| / |T(u)|. Source: Manning, Raghavan & Schütze 2008, chapter 8. Arguments
    and errors as for `precision`; the divisor is |T(u)| ("relevant") or min(n, |T(u)|) ("reachable").

    Examples:
        Ann's list holds one of her two items, bob's none of his: (1/2 + 0) / 2. Among items rated 5: (1 of 1) / 1.

        >>> test = Interactions.from_frame({"user": ["ann", "ann", "bob"], "item": [1, 2, 3], "rating": [5, 4, 2]})
        >>> lists = TopN([0, 1], [[2, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> recall(lists, test), recall(lists, test, min_rating=5.0)
        (0.25, 1.0)
    """
    hits, relevant = _look_up(lists, test, min_rating)
    divisors = _divisors(_one_of("divisor", divisor, RecallDivisor), hits, relevant)
    return _per_relevant_user("recall", hits, relevant, hits.total(relevant & hits.found) / divisors)


def ndcg(
    lists: TopN,
    test: Interactions,
    *,
    min_rating: float | None = None,
    gains: Gains = "binary",
    discount: Discount = "log2(1 + rank)",
    ideal: Ideal = "cut",
) -> MetricValue:
    """Normalised discounted cumulative gain: hits count less the lower they stand; higher is better.

    NDCG@n = mean over users of DCG(u) / IDCG(u), DCG(u) = sum over hits of gain / log2(1 + rank), and IDCG(u) the DCG
    of the best list of n places possible. The gain of a relevant item is 1 ("binary"), its rating ("linear") or
    2^rating - 1 ("exponential"). Source: Järvelin & Kekäläinen 2002, with the discount and the exponential gain of
    Burges et al. 2005.

    Args:
        lists: the lists, one a user.
        test: the held-out interactions.
        min_rating: the lowest actual rating of a relevant item; None makes every test item relevant.
        gains: "binary", "linear" (ratings from 0) or "exponential" (from 0 to 50). A user with ratings of 0 only is
            undefined for the last two.
        discount: "log2(1 + rank)" (Burges), or max(1, "log2(rank)") (Järvelin), which takes nothing from place 2.
        ideal: the best list possible, "cut" at n places; or of "all" relevant items, however many; or "full": n
            places, each with the gain 1, the same for everybody (binary gains only).

    Raises:
        ConfigError: if one of the last three is none of these, or `ideal` is "full" with other gains.
        DataError: as `precision`; for gains made of ratings also for a rating below 0 or, if exponential, above 50.

    Examples:
        Ann has two items, one of them listed at rank 2: (1 / log2 3) / (1 + 1 / log2 3) = 0.3869; bob has no hit.

        >>> test = Interactions.from_frame({"user": ["ann", "ann", "bob"], "item": [1, 2, 3], "rating": [5, 4, 2]})
        >>> lists = TopN([0, 1], [[2, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> ndcg(lists, test).per_user.round(4).tolist()
        [0.3869, 0.0]
    """
    hits, relevant = _look_up(lists, test, min_rating)
    gain = _gain(test, relevant, _one_of("gains", gains, Gains))
    _one_of("discount", discount, Discount)
    if _one_of("ideal", ideal, Ideal) == "full" and gains != "binary":
        raise ConfigError(f"ideal='full' is a list of gains of 1: it needs gains='binary', not {gains!r}")
    reached = hits.total(np.where(hits.found, gain * _discount(hits.ranks, discount), 0.0))
    best = _best(hits, gain, discount, cut=ideal != "all")
    if ideal == "full":
        best = np.where(best > 0, _discount(np.arange(1, hits.n + 1), discount).sum(), 0.0)
    undefined = np.where(hits.total(gain) > 0, 0.0, np.nan)
    worth = np.divide(reached, best, out=undefined, where=best > 0)  # lists without places have no best, and miss
    return MetricValue.over_users("ndcg", hits.users, worth)


def mean_average_precision(
    lists: TopN, test: Interactions, *, min_rating: float | None = None, divisor: APDivisor = "reachable"
) -> MetricValue:
    """The mean over users of the precision at each hit, averaged; higher is better.

    AP(u) = 1 / min(n, |T(u)|) sum over hits of (hits down to this rank) / rank, and MAP is its mean over users. The
    divisor is the number of hits a perfect list of n places has, so that 1 can be "reachable". Others divide by
    |T(u)| ("relevant"), by n ("places") or by the number of "hits" (0 without one). Source: Manning, Raghavan &
    Schütze 2008, section 8.4, cut at n. Arguments and errors as for `precision`.

    Examples:
        Ann has two items, one of them listed at rank 2: (1/2) / min(2, 2) = 0.25; bob has no hit: (0.25 + 0) / 2.

        >>> test = Interactions.from_frame({"user": ["ann", "ann", "bob"], "item": [1, 2, 3], "rating": [5, 4, 2]})
        >>> lists = TopN([0, 1], [[2, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> mean_average_precision(lists, test)
        0.125
    """
    hits, relevant = _look_up(lists, test, min_rating)
    scoring = np.flatnonzero(relevant & hits.found)
    scoring = scoring[np.lexsort((hits.ranks[scoring], hits.owners[scoring]))]
    owners = hits.owners[scoring]
    precisions = _place_within(owners) / hits.ranks[scoring]
    sums = np.bincount(owners, weights=precisions, minlength=len(hits.users))
    divisors = _divisors(_one_of("divisor", divisor, APDivisor), hits, relevant)
    return _per_relevant_user("mean_average_precision", hits, relevant, sums / divisors)


def mrr(lists: TopN, test: Interactions, *, min_rating: float | None = None) -> MetricValue:
    """Mean reciprocal rank of the first relevant item; higher is better.

    MRR = mean over users of 1 / (rank of the first hit), 0 without a hit. Source: Voorhees 1999, "The TREC-8 question
    answering track report". Arguments and errors as for `precision`.

    Examples:
        Ann's first hit is at rank 2, bob has none: (1/2 + 0) / 2.

        >>> test = Interactions.from_frame({"user": ["ann", "ann", "bob"], "item": [1, 2, 3], "rating": [5, 4, 2]})
        >>> lists = TopN([0, 1], [[2, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> mrr(lists, test)
        0.25
    """
    hits, relevant = _look_up(lists, test, min_rating)
    first = np.zeros(len(hits.users))
    np.maximum.at(first, hits.owners, hits.reciprocal_ranks * relevant)
    return _per_relevant_user("mrr", hits, relevant, first)


def _look_up(lists: TopN, test: Interactions, min_rating: float | None) -> tuple[Hits, BoolArray]:
    hits = Hits.of(lists, test)
    return hits, hits.relevant(test, min_rating)


def _per_relevant_user(name: str, hits: Hits, relevant: BoolArray, per_user: RealArray) -> MetricValue:
    return MetricValue.over_users(name, hits.users, hits.where_any(relevant, per_user))


def _one_of(name: str, given: str, allowed: Any) -> str:
    if given not in get_args(allowed):
        raise ConfigError(f"{name} must be one of {', '.join(get_args(allowed))}, not {given!r}")
    return given


def _divisors(divisor: str, hits: Hits, relevant: BoolArray) -> RealArray:
    """(n_users,) what a user's hits are divided by, at least 1."""
    wanted = hits.total(relevant)
    by_name = {
        "places": np.full(len(wanted), float(hits.n)),
        "list": hits.lengths,
        "relevant": wanted,
        "reachable": np.minimum(wanted, hits.n),
        "hits": hits.total(relevant & hits.found),
    }
    divisors: RealArray = np.maximum(by_name[divisor], 1.0)
    return divisors


def _gain(test: Interactions, relevant: BoolArray, gains: str) -> RealArray:
    if gains == "binary":
        return relevant.astype(np.float64)
    ratings = np.where(relevant, test.values, 0.0).astype(np.float64)
    highest = HIGHEST_EXPONENT if gains == "exponential" else np.inf
    outside = ratings[(ratings < 0) | (ratings > highest)]
    if len(outside):
        allowed = "0 to 50" if gains == "exponential" else "0 up"
        raise DataError(f"{gains} gains need ratings from {allowed}, not {outside[0]:g}; use gains='binary'")
    return np.exp2(ratings) - 1.0 if gains == "exponential" else ratings


def _discount(ranks: AnyArray, discount: Discount) -> RealArray:
    places = np.maximum(ranks, 1).astype(np.float64)
    logarithms = np.maximum(np.log2(places), 1.0) if discount == "log2(rank)" else np.log2(places + 1.0)
    discounts: RealArray = 1.0 / logarithms
    return discounts


def _best(hits: Hits, gain: RealArray, discount: Discount, *, cut: bool) -> RealArray:
    """(n_users,) the DCG of each user's best list, of n places or of all their items."""
    first_best = np.lexsort((-gain, hits.owners))
    place = _place_within(hits.owners[first_best])
    worth = gain[first_best] * _discount(place, discount) * (place <= hits.n if cut else 1.0)
    total = np.bincount(hits.owners[first_best], weights=worth, minlength=len(hits.users))
    return total.astype(np.float64, copy=False)


def _place_within(owners: AnyArray) -> AnyArray:
    """1, 2, 3, ... within each run of equal owners (sorted)."""
    starts = np.searchsorted(owners, owners, side="left")
    return np.arange(1, len(owners) + 1) - starts
