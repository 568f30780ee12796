"""`METRICS`: what every metric is called, measures and hides."""

from __future__ import annotations

from longtail.evaluation.metrics.glossary.accuracy import ACCURACY
from longtail.evaluation.metrics.glossary.beyond_accuracy import BEYOND_ACCURACY
from longtail.evaluation.metrics.glossary.biases import BIASES
from longtail.evaluation.metrics.glossary.comparison import COMPARISON
from longtail.evaluation.metrics.glossary.info import MetricInfo

__all__ = ["METRICS", "MetricInfo"]

METRICS: dict[str, MetricInfo] = {info.name: info for info in (*ACCURACY, *BEYOND_ACCURACY, *BIASES, *COMPARISON)}
"""By name, in the order of the pages."""
