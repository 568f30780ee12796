"""`MetricValue`: what every metric returns; `METRICS`: what every metric is called, measures and hides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

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

    Examples:
        >>> value = MetricValue.over_users("hit_rate", users=[0, 2, 3], per_user=[1.0, 0.0, np.nan])
        >>> value, value + 1, value.name, value.users.tolist()
        (0.5, 1.5, 'hit_rate', [0, 2, 3])
    """

    name: str
    per_user: RealArray
    users: IntArray

    def __new__(cls, value: float, name: str, users: Any, per_user: Any) -> MetricValue:
        self = super().__new__(cls, value)
        self.name = name
        self.users = _read_only(users, np.int32)
        self.per_user = _read_only(per_user, np.float64)
        return self

    def __getnewargs__(self) -> tuple[float, str, IntArray, RealArray]:  # type: ignore[override]
        return float(self), self.name, self.users, self.per_user

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


@dataclass(frozen=True)
class MetricInfo:
    """What a table, a legend and a page of documentation say about a metric.

    Attributes:
        name: the function in `longtail.evaluation.metrics`.
        short: the code people know it by, for a table heading.
        title: the name in words.
        higher_is_better: True, False, or None where neither end is good in itself.
        unit: what one unit of the value is.
        formula: the definition as text; `u` a user, `T(u)` the user's test items, `L(u)` the list, `n` its places.
        meaning: what a high value tells, and what it hides.

    Examples:
        >>> METRICS["rmse"].short, METRICS["rmse"].direction, METRICS["novelty"].direction
        ('RMSE', 'lower is better', 'depends')
    """

    name: str
    short: str
    title: str
    higher_is_better: bool | None
    unit: str
    formula: str
    meaning: str

    @property
    def direction(self) -> str:
        """In words: higher is better, lower is better, or depends."""
        if self.higher_is_better is None:
            return "depends"
        return "higher is better" if self.higher_is_better else "lower is better"


METRICS: dict[str, MetricInfo] = {
    info.name: info
    for info in (
        MetricInfo(
            "rmse",
            "RMSE",
            "root mean squared error",
            False,
            "rating points",
            "sqrt(mean((estimated - actual)^2)) over all predictions",
            "High: some predictions are far off. A low one says nothing of the few items at the top of a list.",
        ),
        MetricInfo(
            "mae",
            "MAE",
            "mean absolute error",
            False,
            "rating points",
            "mean(|estimated - actual|) over all predictions",
            "High: the usual prediction is far off. Being wrong by 4 once and by 1 four times look alike.",
        ),
        MetricInfo(
            "prediction_coverage",
            "pCov",
            "prediction coverage",
            True,
            "share of predictions",
            "predictions made from evidence / predictions asked for",
            "High: the model rarely falls back on the overall mean. It may still be wrong every time.",
        ),
        MetricInfo(
            "hit_rate",
            "HR",
            "hit rate",
            True,
            "share of test users",
            "users with an item of T(u) in L(u) / users with a test item",
            "High: many users find something they went on to use. Lists of the most popular items score well.",
        ),
        MetricInfo(
            "cumulative_hit_rate",
            "cHR",
            "cumulative hit rate, by actual rating",
            True,
            "share of test users",
            "hit rate with T(u) cut to the test items the user rated at the threshold or above",
            "High: users find things they like. It is measured on fewer users, so it varies more than HR.",
        ),
        MetricInfo(
            "cumulative_hit_rate_by_prediction",
            "cHR(pred)",
            "cumulative hit rate, by predicted rating",
            True,
            "share of test users",
            "hit rate with T(u) cut to the test items whose predicted rating is at the threshold or above",
            "High: what the model rates highly it also lists. A model that rates only hits highly flatters itself.",
        ),
        MetricInfo(
            "rating_hit_rate",
            "rHR",
            "hit rate by actual rating",
            True,
            "share of test users, one for each rating",
            "for each rating r: hit rate with T(u) cut to the test items the user rated r",
            "High at the upper ratings is good; high at the lower ones means listing what people come to dislike.",
        ),
        MetricInfo(
            "rating_hit_rate_by_prediction",
            "rHR(pred)",
            "hit rate by predicted rating",
            True,
            "share of test users, one for each half star",
            "for each half star r: hit rate with T(u) cut to the test items whose predicted rating rounds to r",
            "High at the upper half stars only says that the list follows the predictions, not that they are right.",
        ),
        MetricInfo(
            "arhr",
            "ARHR",
            "average reciprocal hit rank",
            True,
            "reciprocal rank",
            "mean over test users of the sum over hits of 1 / rank",
            "High: hits stand near the top. The first place counts ten times the tenth, which a page may not justify.",
        ),
        MetricInfo(
            "precision",
            "P",
            "precision",
            True,
            "share of places",
            "mean over users of |L(u) and T(u)| / n",
            "High: little of the list is wasted. A good item nobody has rated yet counts as waste.",
        ),
        MetricInfo(
            "recall",
            "R",
            "recall",
            True,
            "share of relevant items",
            "mean over users of |L(u) and T(u)| / |T(u)|",
            "High: most of what the user wanted is listed. Users with more test items than places cannot reach 1.",
        ),
        MetricInfo(
            "ndcg",
            "NDCG",
            "normalised discounted cumulative gain",
            True,
            "share of the ideal list",
            "mean over users of DCG / ideal DCG, DCG = sum over hits of gain / log2(1 + rank), ideal cut at n",
            "High: relevant items come first. Being relative to the best list possible, it hides how few are relevant.",
        ),
        MetricInfo(
            "mean_average_precision",
            "MAP",
            "mean average precision",
            True,
            "precision",
            "mean over users of sum over hits of (hits so far / rank) / min(n, |T(u)|)",
            "High: hits are many and early. Its scale depends on n and on the number of test items: compare like only.",
        ),
        MetricInfo(
            "mrr",
            "MRR",
            "mean reciprocal rank",
            True,
            "reciprocal rank",
            "mean over users of 1 / rank of the first hit",
            "High: the first good item comes early. Whatever follows the first hit is ignored.",
        ),
        MetricInfo(
            "user_coverage",
            "uCov",
            "user coverage",
            True,
            "share of lists",
            "lists with at least one item / lists",
            "High: nearly everyone gets something. It says nothing of how good that something is.",
        ),
        MetricInfo(
            "catalogue_coverage",
            "cCov",
            "catalogue coverage",
            True,
            "share of the catalogue",
            "distinct items in all lists / items in the catalogue",
            "High: much of the catalogue is shown to someone. Random lists are the best at it.",
        ),
        MetricInfo(
            "diversity",
            "Div",
            "diversity",
            None,
            "1 - similarity",
            "1 - mean similarity of two items of one list, over all pairs of all lists pooled",
            "High: lists hold unlike items. So do random lists, and lists of obscure items that share no raters.",
        ),
        MetricInfo(
            "novelty",
            "Nov",
            "novelty as mean popularity rank",
            None,
            "popularity rank",
            "mean over all recommendations of the item's popularity rank, 1 = most rated",
            "High: lists leave the beaten track. People trust a list that shows some things they know.",
        ),
        MetricInfo(
            "self_information",
            "Info",
            "novelty as self-information",
            None,
            "bits",
            "mean over all recommendations of -log2(users who rated the item / users)",
            "High: the listed items are a surprise to most users. Random lists are the most surprising.",
        ),
    )
}
