"""`Comparison`: runs side by side, as plain values."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from longtail.evaluation import export
from longtail.evaluation.comparing.settings import Change
from longtail.evaluation.measures import COLUMNS, Column

__all__ = ["Compared", "Comparison", "Difference", "Sense"]

KIND, FORMAT = "longtail comparison", 1
Sense = Literal["better", "worse", "alike", "moved", "unknown"]
ALPHA = 0.05
"""The chance of calling a difference real where there is none, that is accepted."""
_BY_KEY = {column.key: column for column in COLUMNS}


@dataclass(frozen=True)
class Difference:
    """How far a figure moved from the first run to another.

    Attributes:
        value: in the other run minus in the first; None where one of them has no such figure.
        sense: "better", "worse", "alike" (the same as shown; of costs, also within noise), "moved" (neither end is
            better), or "unknown".
        low: lower end of the paired 95 % interval of the difference; None where nobody is paired.
        high: upper end.
        p: of the randomization test, corrected for everything compared between the two runs; None likewise.
        users: how many users are paired.
    """

    value: float | None
    sense: Sense
    low: float | None = None
    high: float | None = None
    p: float | None = None
    users: int = 0

    @property
    def paired(self) -> bool:
        """Whether there is an interval over users."""
        return self.low is not None

    @property
    def told_apart(self) -> bool | None:
        """Whether the difference is more than chance, after the correction; None where nobody is paired."""
        return None if self.p is None else self.p <= ALPHA


@dataclass(frozen=True)
class Compared:
    """An algorithm that stands in several runs.

    Attributes:
        label: how it is called where that is the same in every run, else the name of the algorithm.
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
