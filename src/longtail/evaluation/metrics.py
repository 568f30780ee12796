"""Every metric, under one name: `lt.metrics.hit_rate(lists, test)`. They take lists and data, never a model."""

from __future__ import annotations

from longtail.evaluation.accuracy import mae, prediction_coverage, rmse
from longtail.evaluation.beyond_accuracy import (
    catalogue_coverage,
    diversity,
    novelty,
    popularity_ranks,
    self_information,
    user_coverage,
)
from longtail.evaluation.comparison import kendall_tau_top, rank_biased_overlap, top_n_change
from longtail.evaluation.hit_rates import (
    arhr,
    cumulative_hit_rate,
    cumulative_hit_rate_by_prediction,
    hit_rate,
    rating_hit_rate,
    rating_hit_rate_by_prediction,
)
from longtail.evaluation.ranking import mean_average_precision, mrr, ndcg, precision, recall
from longtail.evaluation.similarity import (
    ItemSimilarity,
    genre_jaccard,
    rating_cosine,
    rating_pearson_baseline,
    vector_cosine,
)
from longtail.evaluation.value import METRICS, MetricInfo, MetricValue

__all__ = [
    "METRICS",
    "ItemSimilarity",
    "MetricInfo",
    "MetricValue",
    "arhr",
    "catalogue_coverage",
    "cumulative_hit_rate",
    "cumulative_hit_rate_by_prediction",
    "diversity",
    "genre_jaccard",
    "hit_rate",
    "kendall_tau_top",
    "mae",
    "mean_average_precision",
    "mrr",
    "ndcg",
    "novelty",
    "popularity_ranks",
    "precision",
    "prediction_coverage",
    "rank_biased_overlap",
    "rating_cosine",
    "rating_hit_rate",
    "rating_hit_rate_by_prediction",
    "rating_pearson_baseline",
    "recall",
    "rmse",
    "self_information",
    "top_n_change",
    "user_coverage",
    "vector_cosine",
]
