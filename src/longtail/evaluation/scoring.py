"""All the metrics that fit what is at hand: saved lists, predictions, and held-out interactions."""

from __future__ import annotations

import dataclasses
import math
from functools import reduce

import numpy as np

from longtail.data import columns, delimited
from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.data.results import RatingPredictions, TopN
from longtail.errors import ConfigError
from longtail.evaluation import measures, metrics
from longtail.evaluation.metrics.similarity import ItemSimilarity
from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.primitive import popular_lists

__all__ = ["read_lists", "score"]


def read_lists(path: str) -> TopN:
    """Lists saved as a file of separated text: a user and an item column and, for the order, a `rank` or a score.

    Without either, a user's items count as listed best first.

    Raises:
        DataError: if the file cannot be read, or lists an item twice for a user.
    """
    by_rank = columns.RANK in delimited.sniff(path).names
    rows = Interactions.from_csv(path, rating=columns.RANK if by_rank else None, duplicates="error")
    badness = rows.values if by_rank else -rows.values
    order = np.lexsort((badness, rows.users))
    users, first, lengths = np.unique(rows.users[order], return_index=True, return_counts=True)
    line = np.repeat(np.arange(len(users)), lengths)
    place = np.arange(len(rows)) - np.repeat(first, lengths)
    items = np.full((len(users), int(lengths.max(initial=0))), -1, dtype=np.int32)
    scores = np.full(items.shape, -np.inf, dtype=np.float32)
    items[line, place], scores[line, place] = rows.items[order], -badness[order]
    return TopN(users, items, scores, rows.user_ids, rows.item_ids)


def score(
    test: Interactions,
    *,
    lists: TopN | None = None,
    predictions: RatingPredictions | None = None,
    train: Interactions | None = None,
    similarity: ItemSimilarity | None = None,
    min_rating: float | None = None,
) -> dict[str, MetricValue]:
    """Every metric of lists and predictions against held-out data, by name.

    Args:
        test: the held-out interactions; their ids and those of the lists need not be the same.
        lists: top-N lists, from any source.
        predictions: predicted ratings of the test pairs.
        train: what the lists were learned from, with a catalog where there is one: needed for what lies beyond accuracy
            (novelty, diversity, surprise, popularity, calibration, exposure).
        similarity: of items, for diversity, in the ids of `train`; by default by the ratings of common raters, without
            ratings by who met both.
        min_rating: test ratings from here on count as relevant; None counts all. `hit_rate` and `arhr` count all in
            any case: the hit rate of what is relevant is `cumulative_hit_rate`, which comes with it.

    Raises:
        ConfigError: if `min_rating` is not a finite number.

    Examples:
        >>> import longtail as lt
        >>> data = lt.datasets.synthetic(users=50, items=40, ratings=800)
        >>> train, test = lt.splits.random_holdout(data)
        >>> model = lt.make("bias").fit(train)
        >>> sorted(score(test, predictions=model.predict_ratings(test)))
        ['mae', 'prediction_coverage', 'rmse']
        >>> len(score(test, lists=model.recommend())), len(score(test, lists=model.recommend(), train=train))
        (9, 24)
    """
    if min_rating is not None and not math.isfinite(min_rating):
        raise ConfigError(f"min_rating must be a finite number, not {min_rating!r}")
    found = {} if predictions is None else measures.accuracy(predictions)
    if lists is not None:
        shared = (lists, test) if train is None else (train, lists, test)  # its order breaks ties of popularity
        user_ids = reduce(Ids.union, [part.user_ids for part in shared])
        item_ids = reduce(Ids.union, [part.item_ids for part in shared])
        lists, test = lists.aligned_to(user_ids, item_ids), _with_ids(test, user_ids, item_ids)
        found |= _of_lists(lists, test, min_rating)
        if train is not None:
            found |= _beyond(lists, test, _with_ids(train, user_ids, item_ids), similarity, min_rating)
    return found


def _of_lists(lists: TopN, test: Interactions, min_rating: float | None) -> dict[str, MetricValue]:
    ordered = (metrics.precision, metrics.recall, metrics.ndcg, metrics.mean_average_precision, metrics.mrr)
    liked = {} if min_rating is None else {"cumulative_hit_rate": metrics.cumulative_hit_rate(lists, test, min_rating)}
    return {
        "hit_rate": metrics.hit_rate(lists, test),
        **liked,
        "arhr": metrics.arhr(lists, test),
        **{metric.__name__: metric(lists, test, min_rating=min_rating) for metric in ordered},
        "user_coverage": metrics.user_coverage(lists),
        "catalogue_coverage": metrics.catalogue_coverage(lists),
    }


def _beyond(
    lists: TopN, test: Interactions, train: Interactions, similarity: ItemSimilarity | None, min_rating: float | None
) -> dict[str, MetricValue]:
    if similarity is None:
        similarity = metrics.rating_cosine(train) if train.feedback == "explicit" else metrics.vector_cosine(train)
    expected = popular_lists(lists, train)
    by_user = metrics.ndcg(lists, test, min_rating=min_rating)
    return {
        "serendipity": metrics.serendipity(lists, test, expected, min_rating=min_rating),
        "serendipity_by_popularity": metrics.serendipity_by_popularity(lists, test, train, min_rating=min_rating),
        **measures.beyond_accuracy(lists, train, similarity, expected=expected),
        "mean_inverse_user_frequency": metrics.mean_inverse_user_frequency(lists, train),
        "exposure_disparity": metrics.exposure_disparity(lists, metrics.popularity_groups(train)),
        "user_group_gap": metrics.user_group_gap(by_user, metrics.activity_groups(train)),
    }


def _with_ids(data: Interactions, user_ids: Ids, item_ids: Ids) -> Interactions:
    """The same data with more ids, so that whatever stands in the lists has an index."""
    if data.user_ids == user_ids and data.item_ids == item_ids:
        return data
    users = user_ids.index(data.user_ids.values)[data.users]
    items = item_ids.index(data.item_ids.values)[data.items]
    return dataclasses.replace(data, users=users, items=items, user_ids=user_ids, item_ids=item_ids)
