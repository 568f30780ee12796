"""Correlations of ranks: of two columns, or of one with many at once."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import rankdata

from longtail.types import AnyArray, RealArray

__all__ = ["kendall_tau_b", "rhos", "spearman_rho", "taus"]


def kendall_tau_b(x: AnyArray, y: AnyArray) -> float:
    """(concordant - discordant) / sqrt((pairs not tied in x) (pairs not tied in y)) (Kendall 1945).

    NaN if either is constant.

    Examples:
        >>> round(kendall_tau_b(np.array([1, 2, 3]), np.array([1, 3, 2])), 4)
        0.3333
    """
    return float(taus(x, y[None])[0])


def spearman_rho(x: AnyArray, y: AnyArray) -> float:
    """The correlation of the ranks, ties at their mean rank; NaN if either is constant.

    Examples:
        >>> round(spearman_rho(np.array([1, 2, 3]), np.array([1, 3, 2])), 4)
        0.5
    """
    return float(rhos(x, y[None])[0])


def taus(x: AnyArray, ys: AnyArray) -> RealArray:
    """(b,) tau-b of x (k,) and each row of ys (b, k)."""
    first, second = np.triu_indices(len(x), k=1)
    a, b = np.sign(x[second] - x[first]), np.sign(ys[:, second] - ys[:, first])
    return _quotient(b @ a, np.abs(a).sum() * np.abs(b).sum(axis=1))


def rhos(x: AnyArray, ys: AnyArray) -> RealArray:
    """(b,) Spearman's rho of x (k,) and each row of ys (b, k)."""
    middle = (len(x) + 1) / 2
    a, b = rankdata(x) - middle, rankdata(ys, axis=1) - middle
    return _quotient(b @ a, (a @ a) * (b * b).sum(axis=1))


def _quotient(above: RealArray, squared: RealArray) -> RealArray:
    """One over the root of the other; NaN where that is 0 or unknown."""
    scale = np.sqrt(squared)
    quotient: RealArray = np.divide(above, scale, out=np.full(len(above), math.nan), where=scale > 0)
    return quotient
