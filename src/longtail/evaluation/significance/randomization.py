"""The randomization test: how often a difference this large arises when labels are swapped at random."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.stats import binom

from longtail import rng
from longtail.kernels.resampling import flipped_sums
from longtail.types import RealArray

__all__ = ["FLIPS", "exact_p", "monte_carlo_p", "randomization_test"]

FLIPS = 9_999
"""Random changes of sign, by default."""

MOST_ENUMERATED = 12
"""Users who differ, up to whom all changes of sign are gone through."""

ROUNDING = 1e-9
"""Sums closer than this share of the sum of all sizes count as equal."""


def randomization_test(differences: RealArray, *, flips: int = FLIPS, seed: int = 0) -> float:
    """Two-sided p-value of the users' paired differences, under "which of the two is which makes no difference".

    If the two algorithms are alike, each user's difference could as well have the other sign. p is the share of all
    changes of sign whose sum is at least as far from zero as the one seen: over all 2^m of the m users who differ where
    m is at most 12 or all differ by the same amount (hits: then this is the exact test of McNemar), else over `flips`
    random ones and the one seen, (1 + count) / (1 + flips). Nothing is assumed of the shape of the differences.
    Source: Fisher 1935, "The design of experiments", section 21; Smucker, Allan & Carterette 2007, "A comparison of
    statistical significance tests for information retrieval evaluation", section 3.1; the ones added: Davison & Hinkley
    1997, eq. 4.11.

    Args:
        differences: (n,) one a user, without NaN.
        flips: random changes of sign.
        seed: of those.

    Returns:
        p, 1 where nobody differs.

    Examples:
        Three of three users are better off: of the 8 changes of sign, all + and all - are as extreme.

        >>> randomization_test(np.array([0.5, 0.2, 0.1]))
        0.25

        Hits: 8 users found something only with the first, 2 only with the second.

        >>> round(randomization_test(np.array([1.0] * 8 + [-1.0] * 2 + [0.0] * 90)), 4)
        0.1094
    """
    p = exact_p(differences)
    if p is None:
        key = rng.generator(seed, "randomization").integers(2**63)
        sums = flipped_sums(differences[:, None], flips, key)[:, 0]
        p = monte_carlo_p(differences, sums)
    return p


def exact_p(differences: RealArray) -> float | None:
    """The p-value over all changes of sign, or None where there are too many to go through."""
    unequal = differences[differences != 0.0]
    sizes, seen = np.abs(unequal), abs(float(unequal.sum()))
    if not len(unequal):
        return 1.0
    if len(unequal) > 1 and np.ptp(sizes) <= ROUNDING * sizes[0]:
        fewer = min(int((unequal > 0).sum()), int((unequal < 0).sum()))
        return min(1.0, 2.0 * float(binom.cdf(fewer, len(unequal), 0.5)))
    if len(unequal) > MOST_ENUMERATED:
        return None
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=len(unequal))))
    return float((np.abs(signs @ sizes) >= _floor(seen, sizes)).mean())


def monte_carlo_p(differences: RealArray, sums: RealArray) -> float:
    """(1 + sums at least as far from zero as the one seen) / (1 + sums), of the sums after random changes of sign."""
    sizes, seen = np.abs(differences), abs(float(differences.sum()))
    return float((1 + np.count_nonzero(np.abs(sums) >= _floor(seen, sizes))) / (1 + len(sums)))


def _floor(seen: float, sizes: RealArray) -> float:
    return seen - ROUNDING * float(sizes.sum())
