"""Metrics of what accuracy does not see."""

from __future__ import annotations

from longtail.evaluation.metrics.glossary.info import MetricInfo

__all__ = ["BEYOND_ACCURACY"]

BEYOND_ACCURACY = (
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
    MetricInfo(
        "mean_inverse_user_frequency",
        "MIUF",
        "novelty as mean inverse user frequency",
        None,
        "bits",
        "mean over users of the mean over L(u) of -log2(users who rated the item / users)",
        "High: as for self-information, but users with short lists count as much as others.",
    ),
    MetricInfo(
        "intra_list_diversity",
        "ILD",
        "intra-list diversity",
        None,
        "1 - similarity",
        "mean over users of the mean over pairs of items of L(u) of 1 - similarity",
        "High: a user's list holds unlike items. So do random lists; never compare values of different similarities.",
    ),
)
