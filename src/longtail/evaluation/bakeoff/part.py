"""`Part`: what one algorithm, with one seed, did on one fold; and how the parts of an algorithm become its outcome."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from longtail import params
from longtail.evaluation import segments, significance
from longtail.evaluation.bakeoff.entries import Entry
from longtail.evaluation.findings import Outcome
from longtail.evaluation.leakage import treatment
from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.resources import Usage
from longtail.evaluation.sample_user import Pick

__all__ = ["Part", "combined", "merged"]


@dataclass
class Part:
    """What one algorithm, with one seed, did on one fold: the unit of work that an interrupted run keeps.

    Attributes:
        fold: name of the fold.
        asks: what the fold asked.
        seed: the algorithm's own; None where it has none.
        measured: metrics by the keys of `measures.COLUMNS`, with the value of each user.
        by_rating: hit rate by actual rating, under "floored" and "hits" (without the floor).
        segments: sums for the figures of new, light and heavy users and so on (`longtail.evaluation.segments`).
        tail: share of all places of its lists that fall to the items up to each popularity rank.
        picks: what it recommends to the sample user.
        people: what it lists for each of the people looked at (`longtail.evaluation.people`).
        notes: what a reader should know before comparing it.
        seconds: on the clock, by the keys of the columns of cost.
        usages: what every stage took.
        treated: how it treated users and items that only test has (`leakage.treatment`).
        error: why it failed, in one line; None when it did not.
    """

    fold: str
    asks: tuple[str, ...]
    seed: int | None = None
    measured: dict[str, MetricValue] = field(default_factory=dict)
    by_rating: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    segments: dict[str, Any] = field(default_factory=dict)
    tail: list[float] = field(default_factory=list)
    picks: list[Pick] = field(default_factory=list)
    people: list[list[dict[str, Any]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    usages: list[Usage] = field(default_factory=list)
    treated: dict[str, int] = field(default_factory=dict)
    error: str | None = None

    def add(self, measured: Mapping[str, MetricValue], prefix: str = "") -> None:
        """Take in metrics under their names, behind a prefix."""
        self.measured.update({prefix + name: value for name, value in measured.items()})


def combined(entry: Entry, parts: Sequence[Part]) -> Outcome:
    """The outcome of an algorithm: figures are means over its parts, costs are sums, memory is the highest."""
    outcome = Outcome(entry.label, entry.name, params.values(entry.model))
    for key in dict.fromkeys(key for part in parts for key in part.measured):
        found = [part.measured[key] for part in parts if key in part.measured]
        value = merged(found)
        outcome.values[key] = None if math.isnan(value) else float(value)
        outcome.users[key] = int(np.count_nonzero(~np.isnan(value.per_user)))
        outcome.per_user[key] = value
        if len(found) > 1:
            outcome.spread[key] = [float(one) for one in found if not math.isnan(one)]
    outcome.per_seed = significance.by_seed((part.seed, part.measured) for part in parts)
    for how in dict.fromkeys(how for part in parts for how in part.by_rating):
        outcome.by_rating[how] = _pooled(cell for part in parts for cell in part.by_rating.get(how, []))
    outcome.segments = segments.figures(
        segments.summed([part.segments for part in parts], len({part.seed for part in parts}) or 1)
    )
    outcome.tail = _mean([part.tail for part in parts if part.tail])
    outcome.picks = next((part.picks for part in parts if part.picks), [])
    outcome.people = next((part.people for part in parts if part.people), [])
    outcome.notes = list(dict.fromkeys(note for part in parts for note in part.notes))
    outcome.treated = treatment.added_up(part.treated for part in parts if part.seed == parts[0].seed)
    outcome.error = next((part.error for part in parts if part.error), None)
    _sum_costs(outcome, parts)
    return outcome


def merged(values: Sequence[MetricValue]) -> MetricValue:
    """The mean of a metric over folds and seeds, with each user once; what is undefined (NaN) does not count.

    Examples:
        >>> first = MetricValue.over_users("hit_rate", users=[0, 1], per_user=[1.0, 0.0])
        >>> again = MetricValue.over_users("hit_rate", users=[1, 2], per_user=[1.0, np.nan])
        >>> value = merged([first, again])
        >>> value, value.users.tolist(), value.per_user.tolist()
        (0.75, [0, 1, 2], [1.0, 0.5, nan])
    """
    if len(values) == 1:
        return values[0]
    users, owner = np.unique(np.concatenate([value.users for value in values]), return_inverse=True)
    per_user = np.concatenate([value.per_user for value in values])
    defined = ~np.isnan(per_user)
    sums = np.bincount(owner[defined], weights=per_user[defined], minlength=len(users))
    counts = np.bincount(owner[defined], minlength=len(users))
    means = np.divide(sums, counts, out=np.full(len(users), np.nan), where=counts > 0)
    known = [float(value) for value in values if not math.isnan(value)]
    return MetricValue(float(np.mean(known)) if known else np.nan, values[0].name, users, means)


def _pooled(cells: Iterable[dict[str, float]]) -> list[dict[str, float]]:
    """Hit rates by rating, those of one rating added up over the folds."""
    hits: dict[float, float] = {}
    users: dict[float, int] = {}
    for cell in cells:
        rating, count = cell["rating"], int(cell["users"])
        hits[rating] = hits.get(rating, 0.0) + cell["hit_rate"] * count
        users[rating] = users.get(rating, 0) + count
    return [
        {"rating": rating, "hit_rate": hits[rating] / users[rating], "users": users[rating]} for rating in sorted(users)
    ]


def _mean(curves: list[list[float]]) -> list[float]:
    if len(curves) < 2:
        return curves[0] if curves else []
    return [round(float(value), 5) for value in np.mean(curves, axis=0)]


def _sum_costs(outcome: Outcome, parts: Sequence[Part]) -> None:
    """What it took: seconds of a stage are means over the folds that ask for what lies beyond, where there are any.

    Memory is judged on the stages that compiled nothing, where there are any.
    """
    whole = [part for part in parts if "beyond" in part.asks]
    for key in dict.fromkeys(key for part in parts for key in part.seconds):
        found = [part.seconds[key] for part in whole if key in part.seconds]
        outcome.values[key] = float(np.mean(found or [part.seconds[key] for part in parts if key in part.seconds]))
    usages = [usage for part in parts for usage in part.usages]
    outcome.compile_seconds = sum(usage.compiling for usage in usages)
    outcome.values["cpu_seconds"] = sum(usage.cpu for usage in usages)
    warm = [usage for usage in usages if not usage.compiling] or usages
    peaks = [usage.peak for usage in warm if usage.peak is not None]
    outcome.values["peak_mb"] = max(peaks) / 1e6 if peaks else None
