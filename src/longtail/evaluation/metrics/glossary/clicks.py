"""Metrics of predicted clicks."""

from __future__ import annotations

from longtail.evaluation.metrics.glossary.info import MetricInfo

__all__ = ["CLICKS"]

CLICKS = (
    MetricInfo(
        "auc",
        "AUC",
        "area under the ROC curve",
        True,
        "share of pairs",
        "share of pairs of a click and no click in which the click has the higher probability, equal ones half",
        "High: clicks are told from the rest. Who clicks often and what is clicked often is enough for a high one; "
        "it says nothing of whether the probabilities are right.",
    ),
    MetricInfo(
        "log_loss",
        "LogLoss",
        "logarithmic loss",
        False,
        "nats",
        "mean of -ln of the probability given to what happened",
        "High: clicks come where they were thought unlikely. Its scale is that of the share of clicks: compare on one "
        "data set only.",
    ),
)
