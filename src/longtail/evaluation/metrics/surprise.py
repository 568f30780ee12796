"""Serendipity and unexpectedness: what a list holds beyond what people would have met anyway.

Two things are called serendipity, both relevance times surprise: surprise by a list of the obvious, or by popularity.
Two things are called unexpectedness: not standing on a list of the obvious, or being unlike what the user knows.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import ConfigError
from longtail.evaluation.metrics.hits import Hits
from longtail.evaluation.metrics.per_list import histories, lengths, ratio, unexpected
from longtail.evaluation.metrics.similarity import ItemSimilarity
from longtail.evaluation.metrics.value import MetricValue
from longtail.kernels.list_pairs import history_similarities
from longtail.types import RealArray

__all__ = ["History", "serendipity", "serendipity_by_popularity", "unexpectedness", "unexpectedness_by_history"]

History = Literal["mean", "nearest"]
Divisor = Literal["places", "list"]


def serendipity(lists: TopN, test: Interactions, expected: TopN, *, min_rating: float | None = None) -> MetricValue:
    """The share of the n places with a relevant item that a primitive recommender would not list; higher is better.

    Ser@n = mean over users of |(L(u) without E(u)) and T(u)| / n, with E(u) the user's list of expected items, such as
    the most popular ones. A user without a list of expected items expects nothing. As for `precision`, the divisor is
    n, a test user without a list scores 0, and a user without a relevant test item is undefined.
    Source: Ge, Delgado-Battenfeld & Jannach 2010, "Beyond accuracy: evaluating recommender systems by coverage and
    serendipity", after Murakami, Mori & Orihara 2008, "Metrics for evaluating the serendipity of recommendation lists"
    (the primitive recommender). RecTools calls `serendipity_by_popularity` serendipity.

    Args:
        lists: the lists, one a user.
        test: the held-out interactions.
        expected: what a primitive recommender lists for the same users, such as `popular`, of any length.
        min_rating: the lowest actual rating of a relevant item; None makes every test item relevant.

    Raises:
        UnknownIdError: if the lists hold a user or item that `test` has no id for (splits of one data set share ids).
        DataError: if a user has more than one list.

    Examples:
        Ann's list holds both her items, but 1 is what everybody is shown; bob's holds none of his: (1/2 + 0) / 2.

        >>> test = Interactions.from_frame({"user": ["ann", "ann", "bob"], "item": [1, 2, 3], "rating": [5, 4, 2]})
        >>> lists = TopN([0, 1], [[1, 0], [0, -1]], [[2, 1], [1, -np.inf]], test.user_ids, test.item_ids)
        >>> popular = TopN([0, 1], [[0], [0]], [[1], [1]], test.user_ids, test.item_ids)
        >>> serendipity(lists, test, popular)
        0.25
    """
    hits = Hits.of(lists, test)
    relevant = hits.relevant(test, min_rating)
    surprising = hits.read(unexpected(lists, expected), missing=False)
    found = hits.total(relevant & surprising) / max(hits.n, 1)
    return MetricValue.over_users("serendipity", hits.users, hits.where_any(relevant, found))


def serendipity_by_popularity(
    lists: TopN,
    test: Interactions,
    train: Interactions,
    *,
    min_rating: float | None = None,
    divisor: Divisor = "places",
) -> MetricValue:
    """Relevance weighted by how much higher an item is listed than its popularity explains; higher is better.

    SerPop@n = mean over users of 1/n sum over hits of max(p_u(i) - p(i), 0), with p_u(i) = (m + 1 - rank of i in L(u))
    / m and p(i) = (m + 1 - popularity rank of i) / m; m is the number of items with an id in `train`, equally popular
    items share a rank (1, 1, 2, ...), and p(i) = 0 for an item nobody met in `train`.
    Source: the definition of RecTools, whose users are those with a list, whose divisor is the length of the list, and
    whose m is the catalog given; it follows the idea of Murakami, Mori & Orihara 2008, sum of max(P_i - Prim_i, 0)
    isrel_i.

    Args:
        lists: the lists, one a user.
        test: the held-out interactions.
        train: what popularity is counted in.
        min_rating: the lowest actual rating of a relevant item; None makes every test item relevant.
        divisor: the "places" n, or the length of the "list" (an empty one has 0).

    Raises:
        UnknownIdError: if the lists hold a user or item that `test` has no id for.
        DataError: if a user has more than one list.
        ConfigError: if the divisor is neither.

    Examples:
        Item 10 has two raters and rank 1, item 20 one and rank 2, item 30 none. Of three items, ann's hit 20 at place 1
        is worth 3/3 - 2/3, bob's 30 at place 2 2/3 - 0, each divided by two places: (1/6 + 2/6) / 2.

        >>> data = Interactions.from_frame(
        ...     {"user": ["ann", "bob", "bob", "ann", "bob"], "item": [10, 10, 20, 20, 30], "rating": [3, 4, 5, 4, 4]}
        ... )
        >>> train, test = data.take([0, 1, 2]), data.take([3, 4])
        >>> lists = TopN([0, 1], [[1, 2], [0, 2]], [[2, 1], [2, 1]], data.user_ids, data.item_ids)
        >>> serendipity_by_popularity(lists, test, train)
        0.25
    """
    if divisor not in get_args(Divisor):
        raise ConfigError(f"divisor must be places or list, not {divisor!r}")
    hits = Hits.of(lists, test)
    relevant = hits.relevant(test, min_rating) & hits.found
    n_items = train.n_items
    to_user = (n_items + 1.0 - hits.ranks) / n_items
    index = train.item_ids.index(test.item_ids.values, missing=-1)
    to_anyone = np.append(_chance(train), 0.0)[index[test.items]]
    worth = np.where(relevant, np.maximum(to_user - to_anyone, 0.0), 0.0)
    asked = hits.relevant(test, min_rating)
    found = hits.total(worth) / np.maximum(hits.lengths if divisor == "list" else hits.n, 1)
    return MetricValue.over_users("serendipity_by_popularity", hits.users, hits.where_any(asked, found))


def unexpectedness(lists: TopN, expected: TopN) -> MetricValue:
    """The share of a list that a primitive recommender would not have listed; whether higher is better depends.

    Unexp = mean over users of |L(u) without E(u)| / |L(u)|, with E(u) the user's list of expected items, such as the
    most popular ones; a user without one expects nothing. An empty list is undefined.
    Source: Ge, Delgado-Battenfeld & Jannach 2010; Adamopoulos & Tuzhilin 2014, "On unexpectedness in recommender
    systems: or how to better expect the unexpected", after Murakami, Mori & Orihara 2008.

    Args:
        lists: the lists.
        expected: what a primitive recommender lists for the same users, such as `popular`, of any length.

    Raises:
        DataError: if a user has more than one list of expected items.

    Examples:
        Everybody is shown item 1: it is one of ann's two items, and all that bob gets.

        >>> from longtail.data.ids import Ids
        >>> users, items = Ids(["ann", "bob"]), Ids([1, 2, 3])
        >>> lists = TopN([0, 1], [[1, 0], [0, -1]], [[2, 1], [1, -np.inf]], users, items)
        >>> popular = TopN([0, 1], [[0], [0]], [[1], [1]], users, items)
        >>> unexpectedness(lists, popular), unexpectedness(lists, popular).per_user.tolist()
        (0.25, [0.5, 0.0])
    """
    strange = np.count_nonzero(unexpected(lists, expected), axis=1)
    return MetricValue.over_users("unexpectedness", lists.users, ratio(strange, lengths(lists)))


def unexpectedness_by_history(
    lists: TopN, train: Interactions, similarity: ItemSimilarity, *, to: History = "mean"
) -> MetricValue:
    """How unlike the listed items are to what their user knows; whether higher is better depends.

    UnexpHist = mean over users of the mean over i in L(u) of d(i, u), where d(i, u) is the "mean" over the user's items
    j of `train` of 1 - sim(i, j) (Vargas & Castells 2011, "Rank and relevance in novelty and diversity metrics for
    recommender systems", content-based unexpectedness), or its smallest value, to the "nearest" item known (Kaminskas &
    Bridge 2014, "Measuring surprise in recommender systems"). An empty list or history is undefined.

    Args:
        lists: the lists.
        train: what each user knows.
        similarity: of two items, such as `genre_jaccard(train)`.
        to: "mean" or "nearest".

    Raises:
        UnknownIdError: if the lists or `train` hold an item the similarity has no id for.
        ConfigError: if `to` is neither.

    Examples:
        Ann knows a war drama and a comedy, and is listed a drama: 1 - 1/2 from the first, 1 from the second.

        >>> import polars as pl
        >>> from longtail.data.catalog import Catalog
        >>> from longtail.evaluation.metrics.similarity import genre_jaccard
        >>> genres = [["Drama", "War"], ["Comedy"], ["Drama"]]
        >>> data = Interactions.from_frame(
        ...     {"user": ["ann", "ann", "bob"], "item": [1, 2, 3], "rating": [4.0, 5.0, 3.0]},
        ...     catalog=Catalog(pl.DataFrame({"item": [1, 2, 3], "genres": genres})),
        ... )
        >>> lists = TopN([0], [[2]], [[1]], data.user_ids, data.item_ids)
        >>> alike = genre_jaccard(data)
        >>> unexpectedness_by_history(lists, data, alike), unexpectedness_by_history(lists, data, alike, to="nearest")
        (0.75, 0.5)
    """
    if to not in get_args(History):
        raise ConfigError(f"to must be mean or nearest, not {to!r}")
    items = lists.aligned_to(lists.user_ids, similarity.item_ids).items
    starts, sizes = histories(lists, train)
    known = similarity.item_ids.index(train.item_ids.values)[train.by_user.indices]
    alike = history_similarities(items, starts, sizes, known, similarity.pairs, nearest=to == "nearest")
    distances = np.where(lists.filled, 1.0 - alike, 0.0).sum(axis=1)
    return MetricValue.over_users("unexpectedness_by_history", lists.users, ratio(distances, lengths(lists)))


def _chance(train: Interactions) -> RealArray:
    """(n_items,) how likely an item is listed to anyone, by popularity rank (equal counts share one)."""
    distinct = np.unique(train.item_counts[train.item_counts > 0])
    ranks = len(distinct) - np.searchsorted(distinct, train.item_counts)
    chance: RealArray = np.where(train.item_counts > 0, (train.n_items + 1.0 - ranks) / train.n_items, 0.0)
    return chance
