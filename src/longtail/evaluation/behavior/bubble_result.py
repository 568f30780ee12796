"""`FilterBubble`: what a simulation measured, round by round, and whether it narrowed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from longtail.evaluation.behavior.bubble_measures import MEASURES, PER_USER
from longtail.evaluation.intervals import of_mean
from longtail.types import RealArray

__all__ = ["FilterBubble", "Run"]


@dataclass(frozen=True, eq=False)
class Run:
    """One recommender, or one control, through all rounds.

    Attributes:
        label: name or spec.
        control: whether it is no recommender.
        per_user: measure -> (rounds + 1, n_users); row 0 is before the first round, NaN where nothing is to measure.
        whole: measure -> (rounds + 1,), of all users together.
        seconds: that it took.
    """

    label: str
    control: bool
    per_user: dict[str, RealArray]
    whole: dict[str, RealArray]
    seconds: float

    def curve(self, measure: str) -> RealArray:
        """(rounds + 1,) the measure round by round, a mean over users where it is one of each."""
        if measure in self.whole:
            return self.whole[measure]
        values = self.per_user[measure]
        known = ~np.isnan(values)
        sums, counts = np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1)
        mean: RealArray = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
        return mean

    def moved(self, measure: str) -> tuple[float, float, float]:
        """The change of a measure from its first round to the last, a mean over users with its 95 % interval."""
        values = self.per_user[measure]
        first = 0 if not np.isnan(values[0]).all() else 1
        return of_mean(values[-1] - values[first])


@dataclass(frozen=True, eq=False)
class FilterBubble:
    """What a simulation measured.

    Attributes:
        rules: of the simulation, as plain values.
        runs: the recommenders in the order given, then the controls.
    """

    rules: dict[str, Any]
    runs: list[Run]

    def __repr__(self) -> str:
        return f"FilterBubble({', '.join(run.label for run in self.runs)}; {self.rules['rounds']} rounds)"

    def run(self, label: str) -> Run:
        """The run of one recommender or control."""
        return next(run for run in self.runs if run.label == label)

    def to_frame(self) -> pl.DataFrame:
        """One row a run and round: `algorithm`, `control`, `round`, and the measures of `MEASURES`, null where none."""
        rows = []
        for run in self.runs:
            curves = {measure: run.curve(measure) for measure in MEASURES}
            for number in range(self.rules["rounds"] + 1):
                figures = {measure: _plain(curve[number]) for measure, curve in curves.items()}
                rows.append({"algorithm": run.label, "control": run.control, "round": number, **figures})
        schema = {"algorithm": pl.String, "control": pl.Boolean, "round": pl.Int64}
        return pl.DataFrame(rows, schema={**schema, **dict.fromkeys(MEASURES, pl.Float64)})

    def narrowing(self) -> pl.DataFrame:
        """For each run and measure of a user: the first and last round, the change, and the change beyond browsing's.

        `change` is the mean over users of last - first (first: before the first round where there is something to
        measure, else the first round); `beyond` the same less the change of the same users when they browse. Both with
        95 % intervals over users, for this one world; null without the control.
        """
        browsing = next((run for run in self.runs if run.label == "browsing"), None)
        rows = []
        for run in self.runs:
            for measure in PER_USER:
                values = run.per_user[measure]
                first = 0 if not np.isnan(values[0]).all() else 1
                change = values[-1] - values[first]
                row: dict[str, Any] = {"algorithm": run.label, "measure": measure}
                row |= {"first": _plain(run.curve(measure)[first]), "last": _plain(run.curve(measure)[-1])}
                row |= _interval("change", change)
                beyond = np.full(1, np.nan)
                if browsing is not None and browsing is not run:
                    theirs = browsing.per_user[measure]
                    beyond = change - (theirs[-1] - theirs[first])
                rows.append(row | _interval("beyond", beyond))
        return pl.DataFrame(rows, infer_schema_length=None)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        runs = [
            {
                "algorithm": run.label,
                "control": run.control,
                "rounds": {measure: [_plain(value) for value in run.curve(measure)] for measure in MEASURES},
            }
            for run in self.runs
        ]
        return {"rules": self.rules, "runs": runs, "narrowing": self.narrowing().to_dicts()}

    def to_json(self) -> str:
        """Rules, curves and narrowing; times are left out, so equal rules give equal text."""
        return json.dumps(self.to_dict())


def _interval(name: str, values: RealArray) -> dict[str, float | None]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), map(_plain, of_mean(values)), strict=True))


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
