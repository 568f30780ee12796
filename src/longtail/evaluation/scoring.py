"""All the metrics that fit what is at hand: saved lists, predictions, and held-out interactions."""

from __future__ import annotations

from longtail.data.interactions import Interactions
from longtail.data.results import RatingPredictions, TopN
from longtail.evaluation import metrics
from longtail.evaluation.value import MetricValue

__all__ = ["score"]


def score(
    test: Interactions,
    *,
    lists: TopN | None = None,
    predictions: RatingPredictions | None = None,
    min_rating: float | None = None,
) -> dict[str, MetricValue]:
    """Every metric of lists and predictions against held-out data, by name.

    Args:
        test: the held-out interactions.
        lists: top-N lists, from any source.
        predictions: predicted ratings of the test pairs.
        min_rating: test ratings from here on count as relevant; None counts all.

    Examples:
        >>> import longtail as lt
        >>> data = lt.datasets.synthetic(users=50, items=40, ratings=800)
        >>> train, test = lt.splits.random_holdout(data)
        >>> model = lt.make("bias").fit(train)
        >>> sorted(score(test, predictions=model.predict_ratings(test)))
        ['mae', 'prediction_coverage', 'rmse']
    """
    found: dict[str, MetricValue] = {}
    if predictions is not None:
        for measure in (metrics.rmse, metrics.mae, metrics.prediction_coverage):
            found[measure.__name__] = measure(predictions)
    if lists is not None:
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
