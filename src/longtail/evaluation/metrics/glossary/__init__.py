"""`METRICS`: what every metric is called, measures and hides."""

from __future__ import annotations

from longtail.evaluation.metrics.glossary.accuracy import ACCURACY
from longtail.evaluation.metrics.glossary.beyond_accuracy import BEYOND_ACCURACY
from longtail.evaluation.metrics.glossary.biases import BIASES
from longtail.evaluation.metrics.glossary.clicks import CLICKS
from longtail.evaluation.metrics.glossary.comparison import COMPARISON
from longtail.evaluation.metrics.glossary.info import MetricInfo

__all__ = ["METRICS", "MetricInfo"]

_ALL = (*ACCURACY, *CLICKS, *BEYOND_ACCURACY, *BIASES, *COMPARISON)

METRICS: dict[str, MetricInfo] = {info.name: info for info in _ALL}
"""By name, in the order of the pages."""
