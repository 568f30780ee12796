"""Intervals by the paired bootstrap: users drawn with replacement, every algorithm measured on the same draw."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from longtail import rng
from longtail.evaluation.significance.paired import Paired
from longtail.kernels.resampling import resampled_sums
from longtail.types import RealArray

__all__ = ["RESAMPLES", "Interval", "Resampled", "resample"]

RESAMPLES = 4_000
"""Times users are drawn anew, by default."""


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`."""

    low: float
    high: float

    def widened(self, centre: float, reach: float) -> Interval:
        """The interval of a sum of two independent parts, the other one 0 give or take `reach`, around `centre`.

        Each end moves to the root of the sum of the two squared distances: MOVER, Zou & Donner 2008, "Construction of
        confidence limits about effect measures", eq. 1.

        Examples:
            >>> Interval(-3.0, 3.0).widened(0.0, 4.0)
            Interval(low=-5.0, high=5.0)
        """
        return Interval(centre - math.hypot(centre - self.low, reach), centre + math.hypot(self.high - centre, reach))


@dataclass(frozen=True, eq=False)
class Resampled:
    """Figures on users drawn anew.

    Attributes:
        figures: label -> (resamples,) the figure of the algorithm, made of the users drawn as it is made of all.
        balance: (resamples,) how often the one pseudo-user was drawn, less how often the other.
        users: how many there are.
    """

    figures: dict[str, RealArray]
    balance: RealArray
    users: int

    def interval(self, a: str, b: str, largest: float, level: float) -> Interval:
        """The interval of figure a less figure b: an expanded percentile interval, with two pseudo-users.

        Three choices, by simulation of the differences that recommenders have (`benchmarks/significance.py`):

        - quantiles of the resampled difference ("percentile", Efron 1979), not BCa or bootstrap-t: paired differences
          are nearly symmetric, so that there is little skewness to correct, and both miss more often in small samples
          of hits and of heavy-tailed errors;
        - a little further out, at Phi(sqrt(n / (n - 1)) t_(alpha/2, n-1)), which makes good that a resample varies less
          than a sample (Hesterberg 2015, "What teachers should know about the bootstrap", section 5.2);
        - two pseudo-users, one better off by half the largest difference seen and one worse off. Where few users differ
          (rare hits) the sample may hold none of those who would; without the two, an interval would then be a point.
          The like of adding two successes and two failures (Agresti & Coull 1998), for paired hits Bonett & Price 2012.

        Args:
            a: label of the first.
            b: label of the second.
            largest: of the users' differences, in size.
            level: such as 0.95.
        """
        n = max(self.users, 2)
        moved = self.figures[a] - self.figures[b] + self.balance * (largest / 2.0 / n)
        tail = norm.cdf(np.sqrt(n / (n - 1)) * t.ppf((1.0 - level) / 2.0, n - 1))
        low, high = np.quantile(moved, [tail, 1.0 - tail])
        return Interval(float(low), float(high))


def resample(paired: Paired, resamples: int = RESAMPLES, seed: int = 0) -> Resampled:
    """Measure every algorithm on the same users, drawn with replacement, again and again.

    n + 2 are drawn of the n users and two pseudo-users that bring no values of their own.
    """
    n, samples = len(paired), paired.samples
    weights = next(iter(samples.values())).w
    columns = [weights[:, None], *(sample.x * weights[:, None] for sample in samples.values())]
    table = np.zeros((n + 2, 1 + sum(column.shape[1] for column in columns)))
    table[:n, :-1] = np.concatenate(columns, axis=1)
    table[n:, -1] = 1.0, -1.0
    sums = resampled_sums(table, resamples, int(rng.generator(seed, "bootstrap").integers(2**63)))
    total = sums[:, :1]
    figures, at = {}, 1
    for label, sample in samples.items():
        seeds = sample.x.shape[1]
        means = sums[:, at : at + seeds] / np.where(total > 0.0, total, 1.0)
        figures[label] = sample.rooted(means).mean(axis=1)
        figures[label][total[:, 0] == 0.0] = sample.value  # of very few users, none but the pseudo-users was drawn
        at += seeds
    return Resampled(figures, sums[:, -1], n)
