"""One metric over several folds, as if they were one: each user once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.significance.paired import POWERS
from longtail.types import RealArray

__all__ = ["over_folds"]


def over_folds(values: Sequence[MetricValue]) -> MetricValue:
    """The users of all folds together, each with the mean over the folds that ask for them.

    Where the metric is pooled over predictions, the predictions of all folds are pooled; else the figure is the mean
    over users, which is not quite the mean over folds where these differ in size.

    Examples:
        Ann has 1 prediction in a first fold and 3 in a second: sqrt((1 * 2^2 + 3 * 0^2) / 4).

        >>> first = MetricValue(2.0, "rmse", [0], [2.0], weights=[1])
        >>> second = MetricValue(0.0, "rmse", [0], [0.0], weights=[3])
        >>> value = over_folds([first, second])
        >>> value, value.per_user.tolist(), value.weights.tolist()
        (1.0, [1.0], [4.0])
    """
    if len(values) == 1:
        return values[0]
    users, owner = np.unique(np.concatenate([value.users for value in values]), return_inverse=True)
    per_user = np.concatenate([value.per_user for value in values])
    weights = np.concatenate([_weights(value) for value in values])
    defined = ~np.isnan(per_user)
    power = 1.0 if values[0].weights is None else POWERS.get(values[0].name, 1.0)
    parts, owner = per_user[defined] ** power * weights[defined], owner[defined]
    sums = np.bincount(owner, weights=parts, minlength=len(users))
    counts = np.bincount(owner, weights=weights[defined], minlength=len(users))
    means = np.divide(sums, counts, out=np.full(len(users), np.nan), where=counts > 0)
    if values[0].weights is None:
        return MetricValue.over_users(values[0].name, users, means)
    figure = float(sums.sum() / counts.sum()) if counts.any() else np.nan
    return MetricValue(figure ** (1.0 / power), values[0].name, users, means ** (1.0 / power), counts)


def _weights(value: MetricValue) -> RealArray:
    return np.ones(len(value.users)) if value.weights is None else value.weights
