"""Whether a difference between two algorithms is real: intervals, tests, corrections, effect sizes, verdicts."""

from longtail.evaluation.significance.comparison import Comparison, compare, compare_all

__all__ = ["Comparison", "compare", "compare_all"]
