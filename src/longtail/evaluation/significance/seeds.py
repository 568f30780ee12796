"""The noise of seeds: how much of a difference may come from the random numbers an algorithm happened to draw."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import t

from longtail.evaluation.significance.paired import Sample
from longtail.types import RealArray

__all__ = ["SeedNoise"]


@dataclass(frozen=True)
class SeedNoise:
    """Variances of a difference: from the choice of users, and from the choice of seeds on either side.

    Attributes:
        users: variance of the mean of the users' differences.
        count: how many users.
        seeds: (variance, degrees of freedom) for each side that ran with several seeds.
    """

    users: float
    count: int
    seeds: tuple[tuple[float, int], ...]

    @classmethod
    def of(cls, first: Sample, second: Sample, moves: RealArray) -> SeedNoise:
        """From two samples and the users' differences."""
        sides = tuple((one.seed_variance, one.x.shape[1] - 1) for one in (first, second) if one.x.shape[1] > 1)
        return cls(float(moves.var(ddof=1)) / len(moves), len(moves), tuple(side for side in sides if side[0] > 0.0))

    @property
    def error(self) -> float:
        """Standard error that comes from the seeds."""
        return math.sqrt(sum(variance for variance, _ in self.seeds))

    def reach(self, level: float) -> float:
        """Half the width of an interval of that level for what the seeds do.

        Examples:
            >>> round(SeedNoise(1.0, 100, ((0.01, 2),)).reach(0.95), 3)
            0.43
        """
        return self.error * float(t.ppf((1.0 + level) / 2.0, _freedom(self.seeds))) if self.seeds else 0.0

    def p(self, difference: float) -> float:
        """Two-sided p-value of a difference against users and seeds together; 0 where no seed adds noise.

        t = difference / sqrt(sum of variances), with the degrees of freedom of Satterthwaite 1946, "An approximate
        distribution of estimates of variance components", eq. 17.
        """
        if not self.seeds:
            return 0.0
        parts = ((self.users, self.count - 1), *self.seeds)
        total = math.sqrt(sum(variance for variance, _ in parts))
        return float(2.0 * t.sf(abs(difference) / total, _freedom(parts)))


def _freedom(parts: tuple[tuple[float, int], ...]) -> float:
    return sum(variance for variance, _ in parts) ** 2 / sum(variance**2 / freedom for variance, freedom in parts)
