"""What a bake-off measures: the columns, with names, directions and digits, and their figures from lists and data."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from longtail.data.interactions import Interactions
from longtail.data.results import RatingPredictions, TopN
from longtail.evaluation import metrics
from longtail.evaluation.metrics.similarity import ItemSimilarity
from longtail.evaluation.metrics.value import METRICS, MetricValue

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
        in_terminal: whether it stands in the table of a terminal, too, and not in the report and the files only.
    """

    key: str
    short: str
    title: str
    group: str
    higher_is_better: bool | None
    digits: Digits
    meaning: str = ""
    in_terminal: bool = True

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


def _metric(name: str, digits: Digits, group: str, prefix: str = "", in_terminal: bool = True) -> Column:
    info = METRICS[name]
    heading = (info.short, info.title, group, info.higher_is_better)
    return Column(prefix + name, *heading, digits, info.meaning, in_terminal)


def _more(name: str, digits: Digits, group: str) -> Column:
    return _metric(name, digits, group, in_terminal=False)


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
    _more("serendipity", "4", "ranking"),
    _more("serendipity_by_popularity", "4", "ranking"),
    _metric("user_coverage", "share", "beyond"),
    _metric("catalogue_coverage", "share", "beyond"),
    _metric("diversity", "4", "beyond"),
    _metric("novelty", "count", "beyond"),
    _metric("self_information", "2", "beyond"),
    _metric("calibration", "4", "beyond"),
    _more("intra_list_diversity", "4", "beyond"),
    _more("unexpectedness", "share", "beyond"),
    _more("unexpectedness_by_history", "4", "beyond"),
    _more("average_recommendation_popularity", "count", "beyond"),
    _more("long_tail_share", "share", "beyond"),
    _more("gini", "4", "beyond"),
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


def ranking(
    lists: TopN, test: Interactions, train: Interactions | None = None, expected: TopN | None = None
) -> dict[str, MetricValue]:
    """How well lists are ordered, every hidden interaction being a right answer; and what of it was to be expected.

    Args:
        lists: the lists.
        test: the hidden interactions.
        train: what was learned from, for popularity.
        expected: what a primitive recommender lists (`primitive.popular_lists`).
    """
    measured = (metrics.hit_rate, metrics.arhr, metrics.precision, metrics.recall, metrics.ndcg, metrics.mrr)
    found = {metric.__name__: metric(lists, test) for metric in (*measured, metrics.mean_average_precision)}
    if expected is not None:
        found["serendipity"] = metrics.serendipity(lists, test, expected)
    if train is not None:
        found["serendipity_by_popularity"] = metrics.serendipity_by_popularity(lists, test, train)
    return found


def by_rating(lists: TopN, test: Interactions) -> list[dict[str, float]]:
    """Hit rate for each actual rating, lowest first: rating, hit rate, and the users it is a mean of."""
    if test.feedback == "implicit":
        return []
    found = metrics.rating_hit_rate(lists, test)
    return [
        {"rating": float(rating), "hit_rate": float(value), "users": len(value.users)}
        for rating, value in sorted(found.items())
    ]


def beyond_accuracy(
    lists: TopN,
    train: Interactions,
    similarity: ItemSimilarity,
    *,
    history: Interactions | None = None,
    expected: TopN | None = None,
) -> dict[str, MetricValue]:
    """What accuracy does not see of lists: coverage, diversity, novelty, popularity, surprise, calibration.

    Args:
        lists: the lists.
        train: what was learned from: popularity is counted in it, and genres are those of its catalog, if any.
        similarity: of items, for diversity.
        history: what the users of the lists know and like; `train` by default.
        expected: what a primitive recommender lists (`primitive.popular_lists`).
    """
    diverse = metrics.diversity(lists, similarity)
    found = {
        "user_coverage": metrics.user_coverage(lists),
        "catalogue_coverage": metrics.catalogue_coverage(lists),
        "diversity": diverse,
        "intra_list_diversity": MetricValue.over_users("intra_list_diversity", diverse.users, diverse.per_user),
        "novelty": metrics.novelty(lists, train),
        "self_information": metrics.self_information(lists, train),
        "average_recommendation_popularity": metrics.average_recommendation_popularity(lists, train),
        "long_tail_share": metrics.long_tail_share(lists, train),
        "gini": metrics.gini(lists),
    }
    if expected is not None:
        found["unexpectedness"] = metrics.unexpectedness(lists, expected)
    known = train if history is None else history
    if known.catalog is not None and "genres" in known.catalog.items.columns:
        found["calibration"] = metrics.calibration(lists, known)
        alike = metrics.genre_jaccard(known)
        found["unexpectedness_by_history"] = metrics.unexpectedness_by_history(lists, known, alike)
    return found
