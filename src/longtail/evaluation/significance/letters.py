"""A letter display: algorithms that share a letter cannot be told apart."""

from __future__ import annotations

from collections.abc import Sequence

from longtail.evaluation.significance.comparison import Comparison

__all__ = ["letters"]


def letters(comparisons: Sequence[Comparison], labels: Sequence[str]) -> dict[str, str]:
    """The letters of each algorithm; "a" stands beside the first of `labels`, which should be the best.

    Two algorithms share a letter if and only if they are not told apart. Found by insertion and absorption (Piepho
    2004, "An algorithm for a letter-based representation of all-pairwise comparisons"): begin with one group of all,
    split each group that holds two told apart, and drop a group that lies within another.

    Args:
        comparisons: of all pairs, by one figure.
        labels: best first.

    Examples:
        >>> pairs = [("x", "y", "cannot be told apart"), ("y", "z", "cannot be told apart"), ("x", "z", "told apart")]
        >>> made = [Comparison("", "ndcg", a, b, 9, 0, 0.1, 0.95, verdict=verdict) for a, b, verdict in pairs]
        >>> letters(made, ["x", "y", "z"])
        {'x': 'a', 'y': 'ab', 'z': 'b'}
    """
    groups = [frozenset(labels)]
    for pair in comparisons:
        if pair.verdict == "told apart":
            split = [part for group in groups for part in _without_both(group, pair.a, pair.b)]
            groups = [part for part in dict.fromkeys(split) if not any(part < other for other in split)]
    place = {label: number for number, label in enumerate(labels)}
    groups.sort(key=lambda group: sorted(place[label] for label in group))
    return {
        label: "".join(_letter(number) for number, group in enumerate(groups) if label in group) for label in labels
    }


def _without_both(group: frozenset[str], a: str, b: str) -> list[frozenset[str]]:
    return [group - {a}, group - {b}] if {a, b} <= group else [group]


def _letter(number: int) -> str:
    return chr(ord("a") + number) if number < 26 else f"({number + 1})"
