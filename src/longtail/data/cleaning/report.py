"""What cleaning did, as plain values: figures before and after, step by step, and who was taken out for what."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from longtail.data.interactions import Interactions

__all__ = ["CleaningReport", "StepReport", "figures"]


@dataclass(frozen=True)
class StepReport:
    """One step.

    Attributes:
        step: the step as the command line writes it.
        removed: how many rows, users and items it took out altogether.
        suspects: users it took out for a reason of their own: user, rows, kind, why.
        notes: what it could not look at, or what else a reader should know.
        before: figures of the data it was given.
        after: figures of what it left.
    """

    step: str
    removed: dict[str, int]
    suspects: list[dict[str, Any]]
    notes: list[str]
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def taken(self) -> str:
        """What it took out, in words: "3 rows, 1 user, 0 items"."""
        return ", ".join(f"{n:,} {what.removesuffix('s') if n == 1 else what}" for what, n in self.removed.items())


@dataclass(frozen=True)
class CleaningReport:
    """Every step, and the figures before the first and after the last."""

    before: dict[str, Any]
    after: dict[str, Any]
    steps: list[StepReport]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """The same as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, default=str)

    def to_frame(self) -> pl.DataFrame:
        """One row a user taken out and reason: step, user (as text), rows, kind, why."""
        rows = [
            (step.step, str(found["user"]), found["rows"], found["kind"], found["why"])
            for step in self.steps
            for found in step.suspects
        ]
        schema = {"step": pl.String, "user": pl.String, "rows": pl.Int64, "kind": pl.String, "why": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def __str__(self) -> str:
        lines = [_line("before", self.before)]
        for step in self.steps:
            lines.append(f"{step.step}: took out {step.taken}")
            lines += [f"  note: {note}" for note in step.notes]
        return "\n".join([*lines, _line("after", self.after)])


def figures(data: Interactions) -> dict[str, Any]:
    """Rows, users, items, density, mean and standard deviation of the ratings (None without ratings).

    Examples:
        >>> data = Interactions.from_frame({"user": [1, 1, 2], "item": [10, 20, 10], "rating": [5.0, 3.0, 4.0]})
        >>> figures(data)["users"], figures(data)["mean_rating"]
        (2, 4.0)
    """
    users, items = int(np.count_nonzero(data.user_counts)), int(np.count_nonzero(data.item_counts))
    rated = data.feedback == "explicit" and len(data) > 0
    return {
        "rows": len(data),
        "users": users,
        "items": items,
        "density": len(data) / max(1, users * items),
        "mean_rating": float(data.values.mean(dtype=np.float64)) if rated else None,
        "sd_rating": float(data.values.std(dtype=np.float64)) if rated else None,
    }


def _line(when: str, facts: dict[str, Any]) -> str:
    mean = "" if facts["mean_rating"] is None else f", mean rating {facts['mean_rating']:.3f}"
    return f"{when}: {facts['rows']:,} rows, {facts['users']:,} users, {facts['items']:,} items{mean}"
