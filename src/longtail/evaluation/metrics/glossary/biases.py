"""Metrics of surprise, popularity bias, calibration and fairness."""

from __future__ import annotations

from longtail.evaluation.metrics.glossary.info import MetricInfo

__all__ = ["BIASES"]

BIASES = (
    MetricInfo(
        "serendipity",
        "Ser",
        "serendipity beyond a primitive list",
        True,
        "share of places",
        "mean over users of |(L(u) without E(u)) and T(u)| / n, E(u) what a primitive recommender lists",
        "High: people find what they want and would not have been shown anyway. It depends on the primitive list: "
        "against random lists every hit is serendipitous.",
    ),
    MetricInfo(
        "serendipity_by_popularity",
        "SerPop",
        "serendipity as relevance beyond popularity",
        True,
        "share of the catalogue's ranks",
        "mean over users of sum over hits of max(p_u - p, 0) / n, p_u falling with the rank in L(u), p in popularity",
        "High: hits on unpopular items stand high up. In a large catalogue p_u is near 1 at every place, and so is p "
        "where many items share a count: values are tiny, and only to be compared on one data set.",
    ),
    MetricInfo(
        "unexpectedness",
        "Unexp",
        "unexpectedness beyond a primitive list",
        None,
        "share of the list",
        "mean over users of |L(u) without E(u)| / |L(u)|, E(u) what a primitive recommender lists",
        "High: lists are not the usual ones. Random lists are the most unexpected.",
    ),
    MetricInfo(
        "unexpectedness_by_history",
        "UnexpHist",
        "distance from what the user knows",
        None,
        "1 - similarity",
        "mean over users of the mean over L(u) of the mean (or smallest) 1 - sim to an item of the user's history",
        "High: lists are unlike what their users know. Random lists are, too; and the value is that of one similarity.",
    ),
    MetricInfo(
        "average_recommendation_popularity",
        "ARP",
        "average recommendation popularity",
        None,
        "interactions",
        "mean over users of the mean over L(u) of the interactions with the item",
        "High: lists repeat what everybody meets. A few very popular items decide the mean.",
    ),
    MetricInfo(
        "long_tail_share",
        "APLT",
        "share of long-tail items",
        None,
        "share of the list",
        "mean over users of the share of L(u) outside the fewest most popular items that hold 80 % of the interactions",
        "High: lists leave the head. Which items are in the tail depends on where the head is cut; random lists are "
        "nearly all tail.",
    ),
    MetricInfo(
        "gini",
        "Gini",
        "Gini index of item exposure",
        None,
        "0 even, 1 one item only",
        "sum over j of (2j - m - 1) c_j / (m sum c), c_j the times an item is listed, increasing, m all items",
        "High: few items fill most places. With fewer places than items it cannot be low; random lists are "
        "the evenest.",
    ),
    MetricInfo(
        "calibration",
        "Cal",
        "miscalibration of genres",
        False,
        "nats",
        "mean over users of KL(p, 0.99 q + 0.01 p), p the genre shares of what the user likes, q of the list",
        "High: lists miss genres their users like. A low one is reached by lists of the right genres and the wrong "
        "films; short lists cannot match a broad taste.",
    ),
    MetricInfo(
        "item_exposure",
        "Exp",
        "share of the exposure of a group of items",
        None,
        "share of the exposure, one for each group",
        "for each group: sum of 1 / log2(1 + rank) over its places / sum over all places",
        "High: the group is seen much. It says nothing of what the group deserves, nor of its items one by one.",
    ),
    MetricInfo(
        "exposure_disparity",
        "ExpDisp",
        "disparity of exposure between groups of items",
        False,
        "1 - ratio",
        "1 - smallest / largest over groups of (share of the exposure / share of the items, or of a merit)",
        "High: one group of items is shown far less than another for its size. Between the head and the tail "
        "of popularity nearly every model reaches 1: read `item_exposure` group by group.",
    ),
    MetricInfo(
        "user_group_gap",
        "Gap",
        "gap between groups of users",
        False,
        "that of the metric",
        "largest difference between groups of users of the mean of a metric over the group's users",
        "High: some people are served worse. A low one is also reached by serving everybody badly, and small groups "
        "differ by chance.",
    ),
)
