"""What is said of the metrics that compare two sets of lists."""

from __future__ import annotations

from longtail.evaluation.metrics.glossary.info import MetricInfo

__all__ = ["COMPARISON"]

COMPARISON = (
    MetricInfo(
        "rank_biased_overlap",
        "RBO",
        "rank-biased overlap with other lists",
        None,
        "share of agreement",
        "mean over users of (1 - p) sum over d of p^(d-1) A_d, A_d the common part of the first d places",
        "High: both lists hold the same items near the top. Two equally bad lists can agree perfectly.",
    ),
    MetricInfo(
        "top_n_change",
        "Chg",
        "change of the list",
        None,
        "share of the list",
        "mean over users of |L(u) without L'(u)| / |L(u)|",
        "High: much of the list is new. Whether it is better is another question, and order does not count.",
    ),
    MetricInfo(
        "kendall_tau_top",
        "tau",
        "agreement in order with other lists",
        None,
        "1 - share of pairs",
        "mean over users of 1 - K / K_max, K the pairs of items that L(u) and L'(u) order differently",
        "High: the lists hold the same items in the same order. The last places count as much as the first.",
    ),
)
