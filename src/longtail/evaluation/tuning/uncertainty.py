"""How sure the difference between two settings is, both judged on the same splits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from longtail.types import RealArray

__all__ = ["aggregate", "paired_difference"]

Sums = Sequence[tuple[Sequence[float], Sequence[float]]]


def aggregate(metric: str, folds: Sums, without: int | None = None) -> float:
    """The mean over the splits of the metric, made of sums and counts by group, with or `without` one group.

    Examples:
        >>> aggregate("rmse", [([8.0, 1.0], [2.0, 1.0])]), aggregate("rmse", [([8.0, 1.0], [2.0, 1.0])], without=0)
        (1.7320508075688772, 1.0)
    """
    values = []
    for sums, counts in folds:
        total, count = sum(sums), sum(counts)
        if without is not None:
            total, count = total - sums[without], count - counts[without]
        mean = total / count if count else math.nan
        values.append(math.sqrt(max(mean, 0.0)) if metric == "rmse" else mean)
    return math.fsum(values) / len(values)


def paired_difference(metric: str, ours: Sums, theirs: Sums) -> tuple[float, float]:
    """Our value minus theirs on the same splits, and the standard error of that (jackknife over groups of users).

    With theta_g the difference without group g, of G: se^2 = (G - 1)/G sum over g of (theta_g - mean theta)^2
    (Efron & Stein 1981; groups of users because the rows of one user hang together). NaN for fewer than two groups.

    Examples:
        >>> same = [([8.0, 1.0], [2.0, 1.0])]
        >>> paired_difference("mae", same, same)
        (0.0, 0.0)
    """
    difference = aggregate(metric, ours) - aggregate(metric, theirs)
    occupied = [group for group in range(len(ours[0][1])) if any(counts[group] for _, counts in ours)]
    if len(occupied) < 2:
        return difference, math.nan
    without: RealArray = np.array([aggregate(metric, ours, g) - aggregate(metric, theirs, g) for g in occupied])
    spread = float(((without - without.mean()) ** 2).sum())
    return difference, math.sqrt((len(occupied) - 1) / len(occupied) * spread)
