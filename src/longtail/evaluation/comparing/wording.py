"""A comparison in words: what a difference looks like, and what the runs say, in sentences."""

from __future__ import annotations

from longtail.evaluation.comparing.comparison import Comparison, Difference
from longtail.evaluation.measures import Column

__all__ = ["nature", "sentences", "shown"]


def shown(column: Column, difference: Difference) -> str:
    """A difference with its sign and the digits of its figure; the interval behind it where there is one.

    Examples:
        >>> from longtail.evaluation.measures import COLUMNS
        >>> shown(COLUMNS[0], Difference(-0.01234, "better")), shown(COLUMNS[0], Difference(None, "unknown"))
        ('-0.0123', '-')
    """
    if difference.value is None:
        return "-"
    text = _signed(column, difference.value)
    if difference.low is None or difference.high is None:
        return text
    return f"{text} ({_signed(column, difference.low)} to {_signed(column, difference.high)})"


def _signed(column: Column, value: float) -> str:
    size = column.show(abs(value))
    zero = column.show(0.0) == size
    return size if zero else f"{'+' if value > 0 else '-'}{size}"


def nature(comparison: Comparison) -> str:
    """What kind of differences these are, in a sentence."""
    if comparison.paired:
        return (
            "In brackets: the paired 95% interval over the users of both runs. Where it holds 0, the runs cannot be told "
            "apart in that figure. A difference without brackets is plain: whether it is chance is not known."
        )
    return (
        "These are plain differences of means: the values of single users are not at hand, so whether a difference is "
        "chance is not known."
    )


def sentences(comparison: Comparison) -> list[str]:
    """The comparison for someone who will read nothing else."""
    first, others = comparison.names[0], comparison.names[1:]
    count = len(comparison.algorithms)
    said = [f"This compares {_and(others)} with {first}: {_count(count, 'algorithm')} in both or more of the runs."]
    if not comparison.changes:
        said.append("Data, protocol, versions, machine and algorithms are the same.")
    for place, name in enumerate(others):
        moved = {"better": 0, "worse": 0, "alike": 0}
        for one in comparison.algorithms:
            for key, row in one.differences.items():
                if row[place].sense in moved and comparison.comparable(key):
                    moved[row[place].sense] += 1
        if sum(moved.values()):
            said.append(
                f"Of {_count(sum(moved.values()), 'figure')} that can be compared, {name} is better in {moved['better']:,}, "
                f"worse in {moved['worse']:,} and alike, as shown, in {moved['alike']:,}."
            )
    if comparison.alone:
        said.append(f"In one run only, and left out: {', '.join(comparison.alone)}.")
    return said


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
