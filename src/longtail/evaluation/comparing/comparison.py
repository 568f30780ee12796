"""`compare`: runs side by side, figure by figure, for each algorithm that several of them hold."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich.console import Console, RenderableType

from longtail.errors import ConfigError
from longtail.evaluation import export
from longtail.evaluation.comparing.settings import Change, changes, warnings, written
from longtail.evaluation.findings import Findings, Outcome
from longtail.evaluation.measures import COLUMNS, Column

__all__ = ["Compared", "Comparison", "Difference", "compare"]

KIND, FORMAT = "longtail comparison", 1
Sense = Literal["better", "worse", "alike", "moved", "unknown"]
_BY_KEY = {column.key: column for column in COLUMNS}


@dataclass(frozen=True)
class Difference:
    """How far a figure moved from the first run to another.

    Attributes:
        value: in the other run minus in the first; None where one of them has no such figure.
        sense: "better", "worse", "alike" (the same as shown), "moved" (neither end is better), or "unknown".
        low: lower end of the paired 95 % interval of the difference; None where nobody is paired.
        high: upper end.
        users: how many users are paired.
    """

    value: float | None
    sense: Sense
    low: float | None = None
    high: float | None = None
    users: int = 0

    @property
    def paired(self) -> bool:
        """Whether there is an interval over users."""
        return self.low is not None

    @property
    def told_apart(self) -> bool | None:
        """Whether the interval leaves out no difference at all; None without one."""
        return None if self.low is None or self.high is None else bool(self.low > 0 or self.high < 0)


@dataclass(frozen=True)
class Compared:
    """An algorithm that stands in several runs.

    Attributes:
        label: how it is called, in the first run that has it.
        labels: its label in each run; None where it is missing or failed.
        parameters: hyperparameters that differ: name to what it is in each run.
        values: figures by key, one a run.
        differences: of each figure, one for each run after the first.
    """

    label: str
    labels: list[str | None]
    parameters: dict[str, list[str]]
    values: dict[str, list[float | None]]
    differences: dict[str, list[Difference]]


@dataclass
class Comparison:
    """Runs side by side; plain values, to be shown, written and put on a page.

    Attributes:
        names: of the runs; the first is what the others are compared with.
        headlines: on which data each was made, and how, in a line.
        changes: what is not the same in all of them.
        warnings: what to know before looking at a difference, in sentences; empty where the runs are comparable.
        algorithms: those in at least two runs.
        alone: labels of the algorithms in one run only.
    """

    names: list[str]
    headlines: list[str]
    changes: list[Change]
    warnings: list[str]
    algorithms: list[Compared]
    alone: list[str] = field(default_factory=list)

    def comparable(self, key: str) -> bool:
        """Whether a difference in this figure can tell about the algorithms."""
        effects = {change.effect for change in self.changes}
        if "figures" in effects:
            return False
        if _BY_KEY[key].group != "cost":
            return True
        return "seconds" not in effects and not (key == "peak_mb" and "memory" in effects)

    @property
    def columns(self) -> list[Column]:
        """The figures that some algorithm has in two runs, in the usual order."""
        return [
            column
            for column in COLUMNS
            if any(sum(value is not None for value in one.values.get(column.key, [])) > 1 for one in self.algorithms)
        ]

    @property
    def paired(self) -> bool:
        """Whether some difference has an interval over users."""
        return any(one.paired for compared in self.algorithms for row in compared.differences.values() for one in row)

    def to_json(self, path: str | Path | None = None) -> str:
        """Everything, as JSON; also written to `path` when given."""
        usable = {column.key: self.comparable(column.key) for column in self.columns}
        plain = {"kind": KIND, "format": FORMAT, "comparable": usable, **dataclasses.asdict(self)}
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=1)
        if path is not None:
            export.write_text(path, text + "\n")
        return text

    def to_html(self, path: str | Path) -> Path:
        """Write the page: one file that works from disk, without a network."""
        from longtail.evaluation.report.comparison import render  # brings plotly along

        return export.write_text(path, render(self))

    def table(self) -> RenderableType:
        """What changed, and the differences, for a terminal."""
        from longtail.evaluation.comparing.table import Tables

        return Tables(self)

    def show(self, console: Console | None = None) -> None:
        """Print `table`."""
        (console or Console()).print(self.table())


def compare(runs: Sequence[Findings], names: Sequence[str] | None = None) -> Comparison:
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
    made = Comparison(called, [f"{run.headline}; {run.setting}" for run in runs], found, warnings(found), [])
    for row in matched:
        present = [outcome.label for outcome in row if outcome is not None]
        if len(present) > 1:
            made.algorithms.append(_compared(row))
        else:
            made.alone.extend(present)
    return made


def _matched(runs: Sequence[Findings]) -> list[list[Outcome | None]]:
    """A row for each algorithm, its outcome in each run or None."""
    left = [{outcome.label: outcome for outcome in run.outcomes if outcome.error is None} for run in runs]
    rows: list[list[Outcome | None]] = []
    for label in dict.fromkeys(label for own in left for label in own):
        if sum(label in own for own in left) > 1:
            rows.append([own.pop(label, None) for own in left])
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
        label=next(label for label in labels if label is not None),
        labels=labels,
        parameters=_parameters(row),
        values=values,
        differences={
            key: [_difference(_BY_KEY[key], found[0], value) for value in found[1:]] for key, found in values.items()
        },
    )


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
    if column.show(first) == column.show(other):
        return "alike"
    if column.higher_is_better is None:
        return "moved"
    return "better" if (other > first) == column.higher_is_better else "worse"
