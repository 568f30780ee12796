"""How sure a measured share or mean is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import stdtrit

__all__ = ["of_mean", "wilson"]

Z = 1.959964
"""Standard deviations that enclose 95 % of a normal distribution."""


def wilson(share: float, users: int) -> tuple[float, float]:
    """The 95 % interval of a share of `users` (Wilson 1927, eq. 7).

    (p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n), z = 1.96

    Examples:
        This is what "5 % of 671 users" is worth:

        >>> [round(edge, 3) for edge in wilson(0.05, 671)]
        [0.036, 0.069]
    """
    z, n = Z, max(1, users)
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (centre - spread) / (1 + z * z / n)), min(1.0, (centre + spread) / (1 + z * z / n))


def of_mean(values: Any, *, least: float = -math.inf, most: float = math.inf) -> tuple[float, float, float]:
    """The mean of values, NaN left out, and its 95 % interval: mean +- t s / sqrt(n), Student's t of n - 1.

    Without a value all three are NaN; of a single one, the ends are. The interval is cut at `least` and `most`, where
    the values themselves end.

    Examples:
        >>> [round(figure, 2) for figure in of_mean([1.0, 2.0, 3.0, float("nan")])]
        [2.0, -0.48, 4.48]
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[~np.isnan(known)]
    if len(known) < 2:
        return (float(known[0]) if len(known) else math.nan), math.nan, math.nan
    mean = float(known.mean())
    half = float(stdtrit(len(known) - 1, 0.975) * known.std(ddof=1) / math.sqrt(len(known)))
    return mean, max(least, mean - half), min(most, mean + half)
