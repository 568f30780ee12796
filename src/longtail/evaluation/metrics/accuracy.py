"""How far predicted ratings are from the true ones."""

from __future__ import annotations

import numpy as np

from longtail.data.results import RatingPredictions
from longtail.evaluation.metrics.value import MetricValue
from longtail.types import IntArray, LongArray, RealArray

__all__ = ["mae", "prediction_coverage", "rmse"]


def rmse(predictions: RatingPredictions) -> MetricValue:
    """Root mean squared error, in rating points; lower is better.

    RMSE = sqrt(1/|T| sum over (u, i) in T of (estimated_ui - actual_ui)^2), over all predictions: an impossible one
    counts with its fallback, so that a model gains nothing by declining the hard cases. A user's value is the RMSE of
    that user's own predictions; their mean (`.user_mean`) is not the overall value, which weighs users by their number
    of ratings.
    Source: Herlocker et al. 2004, "Evaluating collaborative filtering recommender systems", on predictive accuracy.

    Examples:
        Errors of +1, -1 and -2 points: sqrt((1 + 1 + 4) / 3) = sqrt(2).

        >>> from longtail.data.ids import Ids
        >>> predictions = RatingPredictions(
        ...     users=np.array([0, 0, 1]), items=np.array([0, 1, 0]), actual=np.array([3, 4, 5]),
        ...     estimated=np.array([4, 3, 3]), impossible=np.array([False, False, True]),
        ...     user_ids=Ids(["ann", "bob"]), item_ids=Ids([10, 20]),
        ... )
        >>> value = rmse(predictions)
        >>> round(value, 4), value.per_user.tolist()
        (1.4142, [1.0, 2.0])
    """
    squares = _errors(predictions) ** 2
    users, means, counts = _user_means(predictions, squares)
    return MetricValue(np.sqrt(_mean(squares)), "rmse", users, np.sqrt(means), counts)


def mae(predictions: RatingPredictions) -> MetricValue:
    """Mean absolute error, in rating points; lower is better.

    MAE = 1/|T| sum over (u, i) in T of |estimated_ui - actual_ui|, over all predictions, impossible ones included as
    in `rmse`. A user's value is the mean over that user's own predictions.
    Source: Shardanand & Maes 1995; Herlocker et al. 2004, on predictive accuracy.

    Examples:
        Errors of +1, -1 and -2 points: (1 + 1 + 2) / 3.

        >>> from longtail.data.ids import Ids
        >>> predictions = RatingPredictions(
        ...     users=np.array([0, 0, 1]), items=np.array([0, 1, 0]), actual=np.array([3, 4, 5]),
        ...     estimated=np.array([4, 3, 3]), impossible=np.array([False, False, True]),
        ...     user_ids=Ids(["ann", "bob"]), item_ids=Ids([10, 20]),
        ... )
        >>> round(mae(predictions), 4)
        1.3333
    """
    sizes = np.abs(_errors(predictions))
    return MetricValue(_mean(sizes), "mae", *_user_means(predictions, sizes))


def prediction_coverage(predictions: RatingPredictions) -> MetricValue:
    """The share of predictions the model could make, without its fallback; higher is better.

    pCov = |{(u, i) in T: not impossible}| / |T|; a user's value is the share of that user's predictions.
    Source: Herlocker et al. 2004, "prediction coverage".

    Examples:
        >>> from longtail.data.ids import Ids
        >>> predictions = RatingPredictions(
        ...     users=np.array([0, 0, 1]), items=np.array([0, 1, 0]), actual=np.array([3, 4, 5]),
        ...     estimated=np.array([4, 3, 3]), impossible=np.array([False, True, True]),
        ...     user_ids=Ids(["ann", "bob"]), item_ids=Ids([10, 20]),
        ... )
        >>> round(prediction_coverage(predictions), 4), prediction_coverage(predictions).per_user.tolist()
        (0.3333, [0.5, 0.0])
    """
    possible = 1.0 - np.asarray(predictions.impossible, dtype=np.float64)
    return MetricValue(_mean(possible), "prediction_coverage", *_user_means(predictions, possible))


def _errors(predictions: RatingPredictions) -> RealArray:
    errors: RealArray = np.subtract(predictions.estimated, predictions.actual, dtype=np.float64)
    return errors


def _mean(values: RealArray) -> float:
    return float(values.mean()) if len(values) else np.nan


def _user_means(predictions: RatingPredictions, values: RealArray) -> tuple[IntArray, RealArray, LongArray]:
    """The users who have predictions, the mean value of each, and how many they are."""
    counts = np.bincount(predictions.users, minlength=len(predictions.user_ids))
    users = np.flatnonzero(counts)
    sums = np.bincount(predictions.users, weights=values, minlength=len(counts))
    return users.astype(np.int32), sums[users] / counts[users], counts[users]
