"""Every metric, under one name: `lt.metrics.hit_rate(lists, test)`. They take lists and data, never a model."""

from __future__ import annotations

from longtail.evaluation.metrics.accuracy import mae, prediction_coverage, rmse
from longtail.evaluation.metrics.beyond_accuracy import (
    catalogue_coverage,
    diversity,
    intra_list_diversity,
    mean_inverse_user_frequency,
    novelty,
    popularity_ranks,
    self_information,
    user_coverage,
)
from longtail.evaluation.metrics.clicks import auc, log_loss
from longtail.evaluation.metrics.comparison import kendall_tau_top, rank_biased_overlap, top_n_change
from longtail.evaluation.metrics.content_similarity import embedding_cosine, feature_cosine, text_cosine
from longtail.evaluation.metrics.fairness import (
    exposure_disparity,
    exposure_ratios,
    item_exposure,
    per_user_group,
    user_group_gap,
)
from longtail.evaluation.metrics.genre_calibration import calibration
from longtail.evaluation.metrics.groups import Groups, activity_groups, catalog_groups, popularity_groups
from longtail.evaluation.metrics.hit_rates import (
    arhr,
    cumulative_hit_rate,
    cumulative_hit_rate_by_prediction,
    hit_rate,
    rating_hit_rate,
    rating_hit_rate_by_prediction,
)
from longtail.evaluation.metrics.popularity_bias import (
    average_recommendation_popularity,
    exposures,
    gini,
    head_items,
    long_tail_share,
    lorenz_curve,
)
from longtail.evaluation.metrics.ranking import mean_average_precision, mrr, ndcg, precision, recall
from longtail.evaluation.metrics.similarity import (
    ItemSimilarity,
    genre_jaccard,
    rating_cosine,
    rating_pearson_baseline,
    vector_cosine,
)
from longtail.evaluation.metrics.surprise import (
    serendipity,
    serendipity_by_popularity,
    unexpectedness,
    unexpectedness_by_history,
)
from longtail.evaluation.metrics.value import METRICS, MetricInfo, MetricValue

__all__ = [
    "METRICS",
    "Groups",
    "ItemSimilarity",
    "MetricInfo",
    "MetricValue",
    "activity_groups",
    "arhr",
    "auc",
    "average_recommendation_popularity",
    "calibration",
    "catalog_groups",
    "catalogue_coverage",
    "cumulative_hit_rate",
    "cumulative_hit_rate_by_prediction",
    "diversity",
    "embedding_cosine",
    "exposure_disparity",
    "exposure_ratios",
    "exposures",
    "feature_cosine",
    "genre_jaccard",
    "gini",
    "head_items",
    "hit_rate",
    "intra_list_diversity",
    "item_exposure",
    "kendall_tau_top",
    "log_loss",
    "long_tail_share",
    "lorenz_curve",
    "mae",
    "mean_average_precision",
    "mean_inverse_user_frequency",
    "mrr",
    "ndcg",
    "novelty",
    "per_user_group",
    "popularity_groups",
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
    "serendipity",
    "serendipity_by_popularity",
    "text_cosine",
    "top_n_change",
    "unexpectedness",
    "unexpectedness_by_history",
    "user_coverage",
    "user_group_gap",
    "vector_cosine",
]
