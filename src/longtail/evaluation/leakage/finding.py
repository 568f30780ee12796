"""What a check says: a `Finding`, or why it could not look (`Unseen`); and what a `Check` is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from longtail.evaluation.leakage.cut import Cut

__all__ = ["Answer", "Check", "Found", "Severity", "Unseen", "share"]

Severity = Literal["fail", "note"]

EXAMPLES = 3
"""How many examples a finding names."""


@dataclass(frozen=True)
class Found:
    """What a check found.

    Attributes:
        sentence: what it is, with its counts, in words.
        count: how many rows, users, items or models it concerns.
        examples: some of them, in the user's own ids.
        severity: "fail" or "note" where it is not the check's own.
    """

    sentence: str
    count: int
    examples: Sequence[dict[str, Any]] = ()
    severity: Severity | None = None


@dataclass(frozen=True)
class Unseen:
    """That a check could not look, and why.

    Attributes:
        why: what is missing.
    """

    why: str


Answer: TypeAlias = list[Found] | Unseen


@dataclass(frozen=True)
class Check:
    """One kind of leak.

    Attributes:
        name: what it is called, also where it is accepted.
        title: what it is, in a few words.
        meaning: why it matters, in a sentence.
        fix: what to do about it.
        look: finds it.
        severity: "fail", or "note" for what a reader should know.
    """

    name: str
    title: str
    meaning: str
    fix: str
    look: Callable[[Cut], Answer]
    severity: Severity = "fail"


def share(count: int, total: int, noun: str) -> str:
    """How many of how many, in words.

    Examples:
        >>> share(3, 400, "test rows"), share(1, 1, "test rows")
        ('3 of 400 test rows (0.75%)', '1 of 1 test rows (100%)')
        >>> share(999, 1_000, "test rows")
        '999 of 1,000 test rows (over 99%)'
    """
    percent = 100 * count / max(total, 1)
    digits = 0 if percent >= 10 or percent == 0 else 1 if percent >= 1 else 2
    shown = "over 99" if count < total and percent >= 99.5 else f"{percent:.{digits}f}"
    return f"{count:,} of {total:,} {noun} ({shown}%)"
