"""All the metrics that fit what is at hand: saved lists, predictions, and held-out interactions."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from longtail.data import columns, delimited
from longtail.data.interactions import Interactions
from longtail.data.results import RatingPredictions, TopN
from longtail.errors import ConfigError
from longtail.evaluation import metrics
from longtail.evaluation.value import MetricValue

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
    min_rating: float | None = None,
) -> dict[str, MetricValue]:
    """Every metric of lists and predictions against held-out data, by name.

    Args:
        test: the held-out interactions; their ids and those of the lists need not be the same.
        lists: top-N lists, from any source.
        predictions: predicted ratings of the test pairs.
        min_rating: test ratings from here on count as relevant; None counts all.

    Raises:
        ConfigError: if `min_rating` is not a finite number.

    Examples:
        >>> import longtail as lt
        >>> data = lt.datasets.synthetic(users=50, items=40, ratings=800)
        >>> train, test = lt.splits.random_holdout(data)
        >>> model = lt.make("bias").fit(train)
        >>> sorted(score(test, predictions=model.predict_ratings(test)))
        ['mae', 'prediction_coverage', 'rmse']
    """
    if min_rating is not None and not math.isfinite(min_rating):
        raise ConfigError(f"min_rating must be a finite number, not {min_rating!r}")
    found: dict[str, MetricValue] = {}
    if predictions is not None:
        for measure in (metrics.rmse, metrics.mae, metrics.prediction_coverage):
            found[measure.__name__] = measure(predictions)
    if lists is not None:
        test = _with_ids_of(lists, test)
        found["hit_rate"] = metrics.hit_rate(lists, test)
        found["arhr"] = metrics.arhr(lists, test)
        for relevance in (
            metrics.precision,
            metrics.recall,
            metrics.ndcg,
            metrics.mean_average_precision,
            metrics.mrr,
        ):
            found[relevance.__name__] = relevance(lists, test, min_rating=min_rating)
        found["user_coverage"] = metrics.user_coverage(lists)
        found["catalogue_coverage"] = metrics.catalogue_coverage(lists)
    return found


def _with_ids_of(lists: TopN, test: Interactions) -> Interactions:
    """The test data with the ids of the lists first, so that a listed item the test never met has an index too."""
    user_ids, item_ids = lists.user_ids.union(test.user_ids), lists.item_ids.union(test.item_ids)
    return dataclasses.replace(
        test,
        users=user_ids.index(test.user_ids.values)[test.users],
        items=item_ids.index(test.item_ids.values)[test.items],
        user_ids=user_ids,
        item_ids=item_ids,
    )
