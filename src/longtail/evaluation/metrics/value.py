"""`MetricValue`: what every metric returns, a number that remembers the users it was made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from longtail.evaluation.metrics.glossary import METRICS, MetricInfo
from longtail.types import AnyArray, IntArray, RealArray

__all__ = ["METRICS", "MetricInfo", "MetricValue"]


class MetricValue(float):
    """A number that remembers the users it was made of.

    It is a float in every respect (it prints, compares, averages and writes to JSON as one), and NaN where the metric
    is undefined for everybody.

    Attributes:
        name: the metric, a key of `METRICS`.
        per_user: (n,) float64, the metric of each user; NaN where it is undefined for that user.
        users: (n,) int32, the user index of each entry of `per_user`. Where the metric takes a truth (`test`,
            `predictions`), its users in increasing order, in its ids; otherwise the users of the lists, as they stand.
        weights: (n,) float64, how many predictions stand behind each entry, where the value is made of all predictions
            rather than of the users' values. None for metrics of lists: what compares them counts each user once, those
            too that are pooled over all places (`novelty`, say), of which `user_mean` is that reading.

    Examples:
        >>> value = MetricValue.over_users("hit_rate", users=[0, 2, 3], per_user=[1.0, 0.0, np.nan])
        >>> value, value + 1, value.name, value.users.tolist()
        (0.5, 1.5, 'hit_rate', [0, 2, 3])
    """

    name: str
    per_user: RealArray
    users: IntArray
    weights: RealArray | None

    def __new__(cls, value: float, name: str, users: Any, per_user: Any, weights: Any = None) -> MetricValue:
        self = super().__new__(cls, value)
        self.name = name
        self.users = _read_only(users, np.int32)
        self.per_user = _read_only(per_user, np.float64)
        self.weights = None if weights is None else _read_only(weights, np.float64)
        return self

    def __getnewargs__(self) -> tuple[float, str, IntArray, RealArray, RealArray | None]:  # type: ignore[override]
        return float(self), self.name, self.users, self.per_user, self.weights

    @classmethod
    def over_users(cls, name: str, users: Any, per_user: Any) -> MetricValue:
        """The mean of the users for whom the metric is defined, each counting once."""
        values = np.asarray(per_user, dtype=np.float64)
        defined = values[~np.isnan(values)]
        return cls(float(defined.mean()) if len(defined) else np.nan, name, users, values)

    @property
    def user_mean(self) -> float:
        """The mean of the users for whom the metric is defined, each counting once.

        For metrics pooled over all ratings or all places, where who has more of them weighs more, this is the other
        reading: `rmse(predictions).user_mean` is the mean of the users' RMSEs. For the others it is the value itself.

        Examples:
            >>> MetricValue(0.9, "rmse", [0, 1, 2], [1.0, 0.5, np.nan]).user_mean
            0.75
        """
        return float(MetricValue.over_users(self.name, self.users, self.per_user))

    def counting_undefined(self, worth: float = 0.0) -> MetricValue:
        """The mean over all users, those for whom the metric is undefined counting `worth`.

        Some programs (trec_eval, scikit-learn) let a user without a relevant item count as 0 where others leave the
        user out.

        Examples:
            >>> MetricValue.over_users("recall", [0, 1], [0.5, np.nan]).counting_undefined()
            0.25
        """
        return MetricValue.over_users(self.name, self.users, np.nan_to_num(self.per_user, nan=worth))

    @property
    def info(self) -> MetricInfo:
        """Title, direction and formula of the metric."""
        return METRICS[self.name]


def _read_only(values: Any, dtype: Any) -> AnyArray:
    column = np.ascontiguousarray(values, dtype=dtype).view()
    column.flags.writeable = False
    return column
