"""What a table, a legend and a page of documentation say about a metric."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MetricInfo"]


@dataclass(frozen=True)
class MetricInfo:
    """What a table, a legend and a page of documentation say about a metric.

    Attributes:
        name: the function in `longtail.evaluation.metrics`.
        short: the code people know it by, for a table heading.
        title: the name in words.
        higher_is_better: True, False, or None where neither end is good in itself.
        unit: what one unit of the value is.
        formula: the definition as text; `u` a user, `T(u)` the user's test items, `L(u)` the list, `n` its places.
        meaning: what a high value tells, and what it hides.

    Examples:
        >>> from longtail.evaluation.metrics.glossary import METRICS
        >>> METRICS["rmse"].short, METRICS["rmse"].direction, METRICS["novelty"].direction
        ('RMSE', 'lower is better', 'depends')
    """

    name: str
    short: str
    title: str
    higher_is_better: bool | None
    unit: str
    formula: str
    meaning: str

    @property
    def direction(self) -> str:
        """In words: higher is better, lower is better, or depends."""
        if self.higher_is_better is None:
            return "depends"
        return "higher is better" if self.higher_is_better else "lower is better"
