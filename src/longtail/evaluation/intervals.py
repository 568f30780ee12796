"""How sure a measured share is."""

from __future__ import annotations

import math

__all__ = ["wilson"]

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
