"""Whether a difference between two algorithms is real: intervals, tests, corrections, effect sizes, verdicts.

>>> from longtail.evaluation.significance import compare
"""

from longtail.evaluation.significance.comparison import Comparison, compare, compare_all
from longtail.evaluation.significance.correction import benjamini_hochberg, holm
from longtail.evaluation.significance.randomization import randomization_test
from longtail.evaluation.significance.record import by_seed, read, record
from longtail.evaluation.significance.verdicts import Ranking, matrix, rankings, sentence, sentences

__all__ = [
    "Comparison",
    "Ranking",
    "benjamini_hochberg",
    "by_seed",
    "compare",
    "compare_all",
    "holm",
    "matrix",
    "randomization_test",
    "rankings",
    "read",
    "record",
    "sentence",
    "sentences",
]
