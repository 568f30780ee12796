"""How large a difference is, beside whether it is there."""

from __future__ import annotations

import numpy as np

from longtail.types import RealArray

__all__ = ["cohens_d", "dominance", "superiority"]


def cohens_d(differences: RealArray) -> float:
    """Mean of the users' differences in their standard deviations, d_z; 0 where none differs.

    d_z = mean(d) / sd(d), with n - 1 under the sd. Cohen 1988, "Statistical power analysis", section 2.3.5: 0.2 is
    a small, 0.5 a middling, 0.8 a large effect in his field; differences between recommenders are often below 0.1.
    About (2.8 / d_z)^2 users show it in four of five studies.

    Examples:
        >>> round(cohens_d(np.array([1.0, 0.0, 2.0, 1.0])), 4)
        1.2247
        >>> cohens_d(np.zeros(3))
        0.0
    """
    if len(differences) < 2:
        return np.nan
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    if spread == 0.0:
        return 0.0 if mean == 0.0 else float(np.copysign(np.inf, mean))
    return mean / spread


def superiority(differences: RealArray) -> float:
    """The chance that a user drawn at random has the higher value in the first; one half where nobody differs.

    P(d > 0) + P(d = 0) / 2: the common language effect size of McGraw & Wong 1992, with ties shared as in Vargha &
    Delaney 2000 (A), for paired values.

    Examples:
        >>> superiority(np.array([1.0, 0.0, 0.0, -1.0, 2.0]))
        0.6
    """
    return (1.0 + dominance(differences)) / 2.0


def dominance(differences: RealArray) -> float:
    """The share of users with a higher value in the first less that with a lower one, -1..1.

    Cliff 1993, "Dominance statistics", d_w: the within-pair form of Cliff's delta.

    Examples:
        >>> dominance(np.array([1.0, 0.0, 0.0, -1.0, 2.0]))
        0.2
    """
    return float(np.sign(differences).mean()) if len(differences) else np.nan
