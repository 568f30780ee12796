"""How well predicted probabilities of a click fit what was clicked."""

from __future__ import annotations

import numpy as np

from longtail.data.results import ClickPredictions
from longtail.evaluation.metrics.value import MetricValue
from longtail.kernels.areas import areas
from longtail.types import AnyArray, IntArray, LongArray

__all__ = ["auc", "log_loss"]

LEAST = 1e-15


def auc(predictions: ClickPredictions) -> MetricValue:
    """Area under the ROC curve: how often what was clicked is thought likelier than what was not; higher is better.

    AUC = share of all pairs of a click and an impression without, in which the click has the higher probability; equal
    ones count half. A user's value is that of the user's own pairs, undefined without a click or with nothing else;
    `user_mean` is their mean, which no longer rewards knowing who clicks more often.
    Source: Hanley & McNeil 1982; per user: Zhou et al. 2018, "Deep interest network", section 6.2.

    Examples:
        Of the four pairs, three are in order and one is even: 3.5 / 4.

        >>> predictions = ClickPredictions(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.5, 0.1]))
        >>> auc(predictions)
        0.875
    """
    users, place, counts = _users(predictions)
    each = areas(predictions.clicked, predictions.probability, place, len(users)) if len(users) else np.zeros(0)
    value = areas(predictions.clicked, predictions.probability)[0]
    return MetricValue(float(value), "auc", users, each, counts)


def log_loss(predictions: ClickPredictions) -> MetricValue:
    """Mean of minus the logarithm of the probability given to what happened, in nats; lower is better.

    LogLoss = -1/n sum of (y ln p + (1 - y) ln(1 - p)), p kept within 1e-15 of 0 and 1. A user's value is the mean of
    the user's own impressions.
    Source: Good 1952, "Rational decisions".

    Examples:
        >>> predictions = ClickPredictions(np.array([1, 0]), np.array([0.5, 0.75]))
        >>> round(log_loss(predictions), 4)  # (ln 2 + ln 4) / 2
        1.0397
    """
    p = np.clip(np.asarray(predictions.probability, dtype=np.float64), LEAST, 1.0 - LEAST)
    lost = -np.log(np.where(np.asarray(predictions.clicked) > 0, p, 1.0 - p))
    users, place, counts = _users(predictions)
    each = np.bincount(place, weights=lost, minlength=len(users)) / counts if len(users) else np.zeros(0)
    return MetricValue(float(lost.mean()) if len(lost) else np.nan, "log_loss", users, each, counts)


def _users(predictions: ClickPredictions) -> tuple[IntArray, AnyArray, LongArray]:
    """The users there are, the place of each row's among them, and how many rows each has; none where none is said."""
    if predictions.users is None:
        nothing = np.zeros(0, dtype=np.int32)
        return nothing, nothing, nothing.astype(np.int64)
    users, place, counts = np.unique(predictions.users, return_inverse=True, return_counts=True)
    return users.astype(np.int32), place, counts.astype(np.int64)
