"""Bake-offs side by side: what changed between runs, whether they may be compared, and how far each figure moved.

>>> from longtail.evaluation.comparing import compare
"""

from longtail.evaluation.comparing.comparison import Compared, Comparison, Difference
from longtail.evaluation.comparing.result import ComparisonResult, compare
from longtail.evaluation.comparing.settings import Change

__all__ = ["Change", "Compared", "Comparison", "ComparisonResult", "Difference", "compare"]
