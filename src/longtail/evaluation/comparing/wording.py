"""A comparison in words: what a difference looks like, and what the runs say, in sentences."""

from __future__ import annotations

from longtail.evaluation.comparing.comparison import Comparison, Difference
from longtail.evaluation.measures import COLUMNS, FLOORED, Column

__all__ = ["heading", "nature", "sentences", "shown"]

COSTS = {column.key for column in COLUMNS if column.group == "cost"}


def heading(column: Column) -> str:
    """A figure in words; those with the floor under the lists say so."""
    return f"{column.title}{', with the floor' if column.key.startswith(FLOORED) else ''}"


def shown(column: Column, difference: Difference) -> str:
    """A difference with its sign and the digits of its figure; the interval behind it where there is one.

    Examples:
        >>> from longtail.evaluation.measures import COLUMNS
        >>> shown(COLUMNS[0], Difference(-0.01234, "better")), shown(COLUMNS[0], Difference(None, "unknown"))
        ('-0.0123', '-')
    """
    if difference.value is None:
        return "-"
    unit = " points" if column.digits in ("percent", "share") else ""
    text = _signed(column, difference.value)
    if difference.low is not None and difference.high is not None:
        text = f"{text} ({_signed(column, difference.low)} to {_signed(column, difference.high)})"
    return text + unit


def _signed(column: Column, value: float) -> str:
    """With its sign; a difference of shares without the %, since it is one of percentage points."""
    size = column.show(abs(value)).removesuffix("%")
    zero = column.show(0.0).removesuffix("%") == size
    return size if zero else f"{'+' if value > 0 else '-'}{size}"


def nature(comparison: Comparison) -> str:
    """What kind of differences these are, in a sentence."""
    costs = "Costs are measured once: only those at least a quarter apart count as different."
    if comparison.paired:
        return (
            "In brackets: the paired 95% interval over the users of both runs. Better and worse are said where the "
            "randomization test finds more than chance, after Holm's correction for all algorithms and figures; a "
            f"difference without brackets is plain, and whether it is chance is not known. {costs}"
        )
    return (
        "These are plain differences of means: the values of single users are not at hand, so whether a difference is "
        f"chance is not known. {costs}"
    )


def sentences(comparison: Comparison) -> list[str]:
    """The comparison for someone who will read nothing else."""
    first, others = comparison.names[0], comparison.names[1:]
    count = _count(len(comparison.algorithms), "algorithm")
    said = [f"This compares {_and(others)} with {first}: {count} in at least two of the runs."]
    if not comparison.changes:
        said.append("Data, protocol, versions, machine and algorithms are the same.")
    said += filter(None, (_tally(comparison, place, name) for place, name in enumerate(others)))
    if comparison.alone:
        said.append(f"In one run only, and left out: {', '.join(comparison.alone)}.")
    return said


def _tally(comparison: Comparison, place: int, name: str) -> str:
    """How many figures moved which way; costs and what cannot be compared do not count."""
    rows = [
        row[place]
        for one in comparison.algorithms
        for key, row in one.differences.items()
        if comparison.comparable(key) and key not in COSTS
    ]
    rows = [one for one in rows if one.sense in ("better", "worse", "alike")]
    if not rows:
        return ""
    unsure = sum(one.told_apart is False for one in rows)
    sure = [one.sense for one in rows if one.told_apart is not False]
    counts = [
        f"better in {sure.count('better'):,}",
        f"worse in {sure.count('worse'):,}",
        f"alike in {sure.count('alike'):,}",
    ]
    text = f"Of {_count(len(rows), 'figure')} with a better end, costs aside, {name} is {', '.join(counts)}"
    return f"{text}; in {unsure:,} the difference may be chance." if unsure else f"{text}."


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
