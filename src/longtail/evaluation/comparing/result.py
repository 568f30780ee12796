"""`compare`: set runs side by side, figure by figure, for each algorithm that several of them hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType

from longtail.errors import ConfigError
from longtail.evaluation import export
from longtail.evaluation.comparing.comparison import Compared, Comparison, Difference, Sense
from longtail.evaluation.comparing.paired import paired
from longtail.evaluation.comparing.settings import changes, warnings, written
from longtail.evaluation.comparing.table import Tables
from longtail.evaluation.findings import Findings, Outcome
from longtail.evaluation.measures import COLUMNS, Column

__all__ = ["ComparisonResult", "compare"]

COST_RATIO = 1.25
"""A cost is measured once: one less than this many times another is alike."""
LEAST = {True: 0.05, False: 10.0}
"""Seconds, and megabytes, below which a difference of costs is no difference."""
_BY_KEY = {column.key: column for column in COLUMNS}


@dataclass
class ComparisonResult(Comparison):
    """What `compare` returns: the comparison, and the ways to look at it."""

    def to_html(self, path: str | Path) -> Path:
        """Write the page: one file that works from disk, without a network."""
        from longtail.evaluation.report.comparison import render  # brings plotly along

        return export.write_text(path, render(self))

    def table(self) -> RenderableType:
        """What changed, and the differences, for a terminal."""
        return Tables(self)

    def show(self, console: Console | None = None) -> None:
        """Print `table`."""
        (console or Console()).print(self.table())


def compare(runs: Sequence[Findings], names: Sequence[str] | None = None) -> ComparisonResult:
    """Set runs side by side; the first is what the others are compared with.

    An algorithm is the same in two runs if its label is; else, if each run holds only one of that name left over, it is
    the same algorithm with other parameters, and the parameters are shown.

    Args:
        runs: at least two.
        names: what to call them; by default "run 1", "run 2" and so on.

    Raises:
        ConfigError: for fewer than two runs, or names that do not fit them.
    """
    if len(runs) < 2:
        raise ConfigError("a comparison needs at least two runs")
    called = list(names) if names is not None else [f"run {number}" for number in range(1, len(runs) + 1)]
    if len(called) != len(runs) or len(set(called)) != len(called):
        raise ConfigError(f"{len(runs)} runs need as many different names, not {', '.join(called)}")
    found = changes(runs)
    matched = _matched(runs)
    made = ComparisonResult(called, [f"{run.headline}; {run.setting}" for run in runs], found, warnings(found), [])
    several = [row for row in matched if sum(outcome is not None for outcome in row) > 1]
    made.alone = [outcome.label for row in matched if row not in several for outcome in row if outcome is not None]
    made.algorithms = [_compared(row) for row in several]
    if not {"figures", "chance"} & {change.effect for change in found}:
        _pair(made.algorithms, several)
    return made


def _pair(algorithms: list[Compared], rows: list[list[Outcome | None]]) -> None:
    """Put intervals into the differences where the values of single users are known."""
    for place in range(1, len(rows[0]) if rows else 0):
        plain = [{key: found[place - 1] for key, found in one.differences.items()} for one in algorithms]
        made = paired(plain, [row[0] for row in rows], [row[place] for row in rows])
        for one, differences in zip(algorithms, made, strict=True):
            for key, difference in differences.items():
                one.differences[key][place - 1] = difference


def _matched(runs: Sequence[Findings]) -> list[list[Outcome | None]]:
    """A row for each algorithm, its outcome in each run or None."""
    left = [{outcome.label: outcome for outcome in run.outcomes if outcome.error is None} for run in runs]
    labels = dict.fromkeys(label for own in left for label in own)
    shared = [label for label in labels if sum(label in own for own in left) > 1]
    rows = [[own.pop(label, None) for own in left] for label in shared]
    for name in dict.fromkeys(outcome.algorithm for own in left for outcome in own.values()):
        same = [[outcome for outcome in own.values() if outcome.algorithm == name] for own in left]
        if all(len(ones) < 2 for ones in same):
            rows.append([ones[0] if ones else None for ones in same])
        else:
            rows += [
                [one if at == place else None for place in range(len(left))]
                for at, ones in enumerate(same)
                for one in ones
            ]
    return rows


def _compared(row: list[Outcome | None]) -> Compared:
    labels = [None if outcome is None else outcome.label for outcome in row]
    values = {
        column.key: [None if outcome is None else outcome.values.get(column.key) for outcome in row]
        for column in COLUMNS
    }
    values = {key: found for key, found in values.items() if any(value is not None for value in found)}
    return Compared(
        label=_name([outcome for outcome in row if outcome is not None]),
        labels=labels,
        parameters=_parameters(row),
        values=values,
        differences={
            key: [_difference(_BY_KEY[key], found[0], value) for value in found[1:]] for key, found in values.items()
        },
    )


def _name(outcomes: list[Outcome]) -> str:
    first = outcomes[0]
    return first.label if all(outcome.label == first.label for outcome in outcomes) else first.algorithm


def _parameters(row: list[Outcome | None]) -> dict[str, list[str]]:
    tables: list[dict[str, Any]] = [{} if outcome is None else outcome.parameters for outcome in row]
    names = dict.fromkeys(name for table in tables for name in table)
    found = {name: [written(table[name]) if name in table else "-" for table in tables] for name in names}
    present = [at for at, outcome in enumerate(row) if outcome is not None]
    return {name: shown for name, shown in found.items() if len({shown[at] for at in present}) > 1}


def _difference(column: Column, first: float | None, other: float | None) -> Difference:
    if first is None or other is None:
        return Difference(None, "unknown")
    return Difference(other - first, _sense(column, first, other))


def _sense(column: Column, first: float, other: float) -> Sense:
    if column.show(first) == column.show(other) or (column.group == "cost" and _within_noise(column, first, other)):
        return "alike"
    if column.higher_is_better is None:
        return "moved"
    return "better" if (other > first) == column.higher_is_better else "worse"


def _within_noise(column: Column, first: float, other: float) -> bool:
    """Whether two costs, each measured once, are too close to tell."""
    low, high = sorted((first, other))
    return high < COST_RATIO * low or high - low < LEAST[column.digits == "seconds"]
