"""The randomization test: how often a difference this large arises when labels are swapped at random."""

from __future__ import annotations

import itertools
from functools import cached_property

import numpy as np
from scipy.stats import binom

from longtail import rng
from longtail.evaluation.significance.paired import Paired
from longtail.kernels.resampling import flipped_sums
from longtail.types import RealArray

__all__ = ["FLIPS", "Flips", "randomization_test"]

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
    statistical significance tests for information retrieval evaluation"; the ones added: Davison & Hinkley
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
    p = _exact_p(differences)
    return _monte_carlo_p(differences, _flipped(differences[:, None], flips, seed)[:, 0]) if p is None else p


class Flips:
    """The same test of many pairs, with the same changes of sign: those of each algorithm are summed up once.

    A pooled figure is tested by what each user adds to its sum, w x: with equal weights, the difference of two roots
    of means rises with the difference of the sums, so that the p-value is that of the figure itself.

    Args:
        paired: the algorithms and their users.
        flips: random changes of sign.
        seed: of those.
    """

    def __init__(self, paired: Paired, flips: int = FLIPS, seed: int = 0) -> None:
        self._shares = {label: sample.w * sample.x.mean(axis=1) for label, sample in paired.samples.items()}
        self._flips, self._seed = flips, seed

    def p(self, a: str, b: str) -> float:
        """The p-value of the difference of two algorithms."""
        differences = self._shares[a] - self._shares[b]
        p = _exact_p(differences)
        return _monte_carlo_p(differences, self._sums[a] - self._sums[b]) if p is None else p

    @cached_property
    def _sums(self) -> dict[str, RealArray]:
        shares = np.stack(list(self._shares.values()), axis=1)
        shares -= shares.mean(axis=1, keepdims=True)  # what all have in common cancels, and would only cost digits
        return dict(zip(self._shares, _flipped(shares, self._flips, self._seed).T, strict=True))


def _flipped(columns: RealArray, flips: int, seed: int) -> RealArray:
    return flipped_sums(columns, flips, int(rng.generator(seed, "randomization").integers(2**63)))


def _exact_p(differences: RealArray) -> float | None:
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


def _monte_carlo_p(differences: RealArray, sums: RealArray) -> float:
    """(1 + sums at least as far from zero as the one seen) / (1 + sums), of the sums after random changes of sign."""
    sizes, seen = np.abs(differences), abs(float(differences.sum()))
    return float((1 + np.count_nonzero(np.abs(sums) >= _floor(seen, sizes))) / (1 + len(sums)))


def _floor(seen: float, sizes: RealArray) -> float:
    return seen - ROUNDING * float(sizes.sum())
