"""The leakage audit: what a split lets a model know that it could not have known, kind by kind.

`audit` looks at any two parts, `CHECKS` names the kinds, and a bake-off makes the audit of all its folds before it fits
anything.
"""

from longtail.evaluation.leakage.auditing import Audit, Finding, audit, look
from longtail.evaluation.leakage.checks import CHECKS, named
from longtail.evaluation.leakage.cut import Cut
from longtail.evaluation.leakage.finding import Check
from longtail.evaluation.leakage.folds import accepted_in_words, of_folds
from longtail.evaluation.leakage.seen import Seen, mark, seen_by

__all__ = [
    "CHECKS",
    "Audit",
    "Check",
    "Cut",
    "Finding",
    "Seen",
    "accepted_in_words",
    "audit",
    "look",
    "mark",
    "named",
    "of_folds",
    "seen_by",
]
