"""What a bake-off measures: the columns, with names, directions and digits, and their figures from lists and data."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from longtail.data.interactions import Interactions
from longtail.data.results import RatingPredictions, TopN
from longtail.evaluation import metrics
from longtail.evaluation.similarity import ItemSimilarity
from longtail.evaluation.value import METRICS, MetricValue

__all__ = [
    "COLUMNS",
    "FLOORED",
    "GROUPS",
    "Column",
    "accuracy",
    "beyond_accuracy",
    "best",
    "by_rating",
    "hits",
    "ranking",
]

Digits = Literal["4", "percent", "share", "count", "2", "seconds"]
FLOORED = "floored_"

GROUPS = {
    "accuracy": "accuracy",
    "floored": "hits, with the floor",
    "hits": "hits",
    "ranking": "ranking",
    "beyond": "beyond accuracy",
    "cost": "cost",
}
"""Groups of columns, in order, with their headings."""


@dataclass(frozen=True)
class Column:
    """One column of a bake-off's table.

    Attributes:
        key: the name in JSON, CSV and frames.
        short: the heading.
        title: the name in words.
        group: a key of `GROUPS`.
        higher_is_better: None where neither end is good in itself.
        digits: how the value is shown.
        meaning: what it tells, and what it hides.
    """

    key: str
    short: str
    title: str
    group: str
    higher_is_better: bool | None
    digits: Digits
    meaning: str = ""

    @property
    def direction(self) -> str:
        """In words: higher is better, lower is better, or neither end is better."""
        if self.higher_is_better is None:
            return "neither end is better"
        return "higher is better" if self.higher_is_better else "lower is better"

    def show(self, value: float | None) -> str:
        """The value with its usual digits; a dash where there is none.

        Examples:
            >>> rmse = next(column for column in COLUMNS if column.key == "rmse")
            >>> rmse.show(0.87654), rmse.show(None)
            ('0.8765', '-')
        """
        if value is None or math.isnan(value):
            return "-"
        match self.digits:
            case "percent":
                return f"{100 * value:.2f}%"
            case "share":
                return f"{100 * value:.1f}%"
            case "count":
                return f"{value:,.0f}"
            case "seconds":
                return f"{value:,.0f}" if value >= 100 else f"{value:.{1 if value >= 10 else 2 if value >= 1 else 3}f}"
            case _:
                return f"{value:.{self.digits}f}"


def _metric(name: str, digits: Digits, group: str, prefix: str = "") -> Column:
    info = METRICS[name]
    return Column(prefix + name, info.short, info.title, group, info.higher_is_better, digits, info.meaning)


def _cost(key: str, short: str, title: str, digits: Digits = "seconds") -> Column:
    return Column(key, short, title, "cost", False, digits)


COLUMNS: tuple[Column, ...] = (
    _metric("rmse", "4", "accuracy"),
    _metric("mae", "4", "accuracy"),
    _metric("prediction_coverage", "share", "accuracy"),
    *(_metric(name, "percent", "floored", FLOORED) for name in ("hit_rate", "cumulative_hit_rate")),
    _metric("arhr", "4", "floored", FLOORED),
    *(_metric(name, "percent", "hits") for name in ("hit_rate", "cumulative_hit_rate")),
    _metric("arhr", "4", "hits"),
    *(_metric(name, "4", "ranking") for name in ("precision", "recall", "ndcg", "mean_average_precision", "mrr")),
    _metric("user_coverage", "share", "beyond"),
    _metric("catalogue_coverage", "share", "beyond"),
    _metric("diversity", "4", "beyond"),
    _metric("novelty", "count", "beyond"),
    _metric("self_information", "2", "beyond"),
    _cost("fit_seconds", "fit s", "seconds to learn"),
    _cost("predict_seconds", "pred s", "seconds to predict the hidden ratings"),
    _cost("recommend_seconds", "list s", "seconds to list items for everyone asked"),
    _cost("cpu_seconds", "CPU s", "processor seconds of every stage together"),
    _cost("peak_mb", "MB", "peak memory above what the process held before, in MB", "count"),
)
"""Every column, in order. A bake-off of data without ratings leaves the ratings' columns empty."""


def best(column: Column, values: Iterable[float | None]) -> set[str]:
    """The shown value that deserves the mark, as a set of none or one; all who show it share it, unless all do.

    Examples:
        >>> best(COLUMNS[0], [0.91234, 0.87651, 0.87649, None])
        {'0.8765'}
        >>> best(COLUMNS[0], [0.91, 0.91])
        set()
    """
    known = [value for value in values if value is not None and not math.isnan(value)]
    if column.higher_is_better is None or len({column.show(value) for value in known}) < 2:
        return set()
    return {column.show(max(known) if column.higher_is_better else min(known))}


def accuracy(predictions: RatingPredictions) -> dict[str, MetricValue]:
    """Error and coverage of predicted ratings."""
    measured = (metrics.rmse, metrics.mae, metrics.prediction_coverage)
    return {metric.__name__: metric(predictions) for metric in measured}


def hits(lists: TopN, test: Interactions, relevant: float) -> dict[str, MetricValue]:
    """Hit rates of lists against the hidden interactions; the cumulative one only where there are ratings."""
    measured = {"hit_rate": metrics.hit_rate(lists, test), "arhr": metrics.arhr(lists, test)}
    if test.feedback == "explicit":
        measured["cumulative_hit_rate"] = metrics.cumulative_hit_rate(lists, test, relevant)
    return measured


def ranking(lists: TopN, test: Interactions) -> dict[str, MetricValue]:
    """How well lists are ordered, every hidden interaction being a right answer."""
    measured = (metrics.hit_rate, metrics.precision, metrics.recall, metrics.ndcg, metrics.mean_average_precision)
    return {metric.__name__: metric(lists, test) for metric in (*measured, metrics.mrr)}


def by_rating(lists: TopN, test: Interactions) -> list[dict[str, float]]:
    """Hit rate for each actual rating, lowest first: rating, hit rate, and the users it is a mean of."""
    if test.feedback == "implicit":
        return []
    found = metrics.rating_hit_rate(lists, test)
    return [
        {"rating": float(rating), "hit_rate": float(value), "users": len(value.users)}
        for rating, value in sorted(found.items())
    ]


def beyond_accuracy(lists: TopN, data: Interactions, similarity: ItemSimilarity) -> dict[str, MetricValue]:
    """Coverage, diversity and novelty of lists made from all the data."""
    return {
        "user_coverage": metrics.user_coverage(lists),
        "catalogue_coverage": metrics.catalogue_coverage(lists),
        "diversity": metrics.diversity(lists, similarity),
        "novelty": metrics.novelty(lists, data),
        "self_information": metrics.self_information(lists, data),
    }
