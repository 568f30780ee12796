"""Two runs paired user by user: intervals of the differences, and which of them are more than chance."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from longtail.errors import DataError
from longtail.evaluation.comparing.comparison import Difference
from longtail.evaluation.findings import Outcome
from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.significance.comparison import Comparison, compare
from longtail.evaluation.significance.correction import adjusted

__all__ = ["paired"]

CLOSE = 0.02
"""A figure that is further than this share of it from the mean of its users is not judged by them."""

Row = Mapping[str, Difference]


def paired(
    plain: Sequence[Row], firsts: Sequence[Outcome | None], others: Sequence[Outcome | None]
) -> list[dict[str, Difference]]:
    """The differences of every algorithm between two runs, with intervals where both know their users' values.

    The intervals are paired bootstraps over users, the p-values those of a randomization test, after Holm's correction
    for every algorithm and figure of the two runs (`longtail.evaluation.significance`).

    Args:
        plain: for each algorithm, figure -> difference.
        firsts: its outcome in the first run.
        others: its outcome in the other run.
    """
    rows = [dict(row) for row in plain]
    found = [
        (row, key, one)
        for row, first, other in zip(rows, firsts, others, strict=True)
        if first is not None and other is not None
        for key, one in _compared(first, other).items()
        if key in row and row[key].value is not None
    ]
    raised = adjusted([one.p for _, _, one in found], "holm")
    for (row, key, one), p in zip(found, raised, strict=True):
        row[key] = dataclasses.replace(
            row[key], value=one.difference, low=one.low, high=one.high, p=float(p), users=one.users
        )
    return rows


def _compared(first: Outcome, other: Outcome) -> dict[str, Comparison]:
    found = {}
    for key in first.per_user.keys() & other.per_user.keys():
        values = {"other": other.per_user[key], "first": first.per_user[key]}
        if _alike(*values.values()) or not all(map(_made_of_users, values.values())):
            continue
        try:
            one = compare(values, correction="none")[0]
        except DataError:  # other predictions, so nobody can be paired with themselves
            continue
        if one.verdict not in ("unknown", "identical") and not math.isnan(one.low):
            found[key] = one
    return found


def _alike(one: MetricValue, other: MetricValue) -> bool:
    return np.array_equal(one.users, other.users) and np.array_equal(one.per_user, other.per_user, equal_nan=True)


def _made_of_users(value: MetricValue) -> bool:
    """Whether the figure is the mean over its users, or over all their predictions."""
    if value.weights is not None:
        return float(value) > 0
    return math.isclose(float(value), value.user_mean, rel_tol=CLOSE, abs_tol=1e-9)
