"""Two or more algorithms on the users they share: the values of each user, and how a figure is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from longtail.errors import DataError
from longtail.evaluation.metrics.value import MetricValue
from longtail.types import BoolArray, RealArray

__all__ = ["Paired", "Sample", "tables"]

POWERS = {"rmse": 2.0}
"""Metrics that are a root of a mean of powers, and the power."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One algorithm's values: a figure is the mean over seeds of (sum of w x / sum of w)^(1/power), x = value^power.

    Attributes:
        x: (n, seeds) the value of each user, to the power.
        w: (n,) the weight of each user: 1, or the number of predictions behind the value where figures are pooled.
        power: 2 for a root mean square, else 1.
    """

    x: RealArray
    w: RealArray
    power: float

    @property
    def value(self) -> float:
        """The figure."""
        return float(self.by_seed.mean())

    @cached_property
    def by_seed(self) -> RealArray:
        """(seeds,) the figure with each seed."""
        return self.rooted(self.w @ self.x / self.w.sum())

    @cached_property
    def influence(self) -> RealArray:
        """(n, seeds) the figure, plus what each user moves it by (to first order, times n): their mean is the figure.

        For a mean over users these are the values themselves; for a pooled figure the pseudo-values of the
        infinitesimal jackknife (Efron 1982, "The jackknife, the bootstrap and other resampling plans", chapter 6).
        """
        mean = self.w @ self.x / self.w.sum()
        # Where every value is 0, nobody moves anything; the slope of a root is then infinite.
        slope = np.where(mean > 0.0, mean, 1.0) ** (1.0 / self.power - 1.0) / self.power
        moved = (self.x - mean) * (self.w / self.w.mean())[:, None]
        found: RealArray = self.rooted(mean) + slope * moved
        return found

    def rooted(self, means: RealArray) -> RealArray:
        """Means of powers as figures."""
        return means if self.power == 1.0 else means ** (1.0 / self.power)

    @property
    def seed_variance(self) -> float:
        """The variance of the figure over the choice of its seeds, beyond what the users' noise explains; 0 for one.

        (MS_seeds - MS_residual) / (n seeds) of the users x seeds table, and no less than 0 (Searle, Casella &
        McCulloch 1992, "Variance components", section 4.3: the crossed two-way model).
        """
        n, seeds = self.x.shape
        if seeds < 2 or n < 2:
            return 0.0
        noise = self.influence - self.influence.mean(axis=1, keepdims=True)
        noise -= noise.mean(axis=0)
        residual = float((noise**2).sum()) / ((n - 1) * (seeds - 1))
        spread = float(self.by_seed.var(ddof=1))
        return float(max(0.0, spread - residual / n) / seeds)


@dataclass(frozen=True, eq=False)
class Paired:
    """The algorithms that are compared on the same users.

    Attributes:
        samples: label -> values of those users, row for row the same ones.
        pairs: the labels to compare, two at a time.
        dropped: for each pair, how many users only one of the two has a value for.
    """

    samples: dict[str, Sample]
    pairs: list[tuple[str, str]]
    dropped: list[int]

    def __len__(self) -> int:
        return len(next(iter(self.samples.values())).w)


def tables(values: Mapping[str, Sequence[MetricValue]], pairs: Sequence[tuple[str, str]]) -> list[Paired]:
    """The pairs, by the users both have a value for in all their seeds.

    Raises:
        DataError: if a pooled figure gives a user other weights in one algorithm than in another.
    """
    users = np.unique(np.concatenate([one.users for seeds in values.values() for one in seeds]))
    rows = {label: [_spread(one, users) for one in seeds] for label, seeds in values.items()}
    defined = {label: np.logical_and.reduce([~np.isnan(x) for x, _ in found]) for label, found in rows.items()}
    groups: dict[bytes, list[tuple[str, str]]] = {}
    for a, b in pairs:
        groups.setdefault((defined[a] & defined[b]).tobytes(), []).append((a, b))
    # Without weights a root of a mean cannot be made of the users' values: their plain mean is compared.
    one = next(iter(values.values()))[0]
    power = 1.0 if one.weights is None else POWERS.get(one.name, 1.0)
    return [_paired(power, rows, defined, own) for own in groups.values()]


def _spread(value: MetricValue, users: RealArray) -> tuple[RealArray, RealArray]:
    """Value and weight of each of `users`, NaN and 0 where the metric has none."""
    x, w = np.full(len(users), np.nan), np.zeros(len(users))
    at = np.searchsorted(users, value.users)
    x[at] = value.per_user
    w[at] = 1.0 if value.weights is None else value.weights
    return x, w


def _paired(
    power: float,
    rows: Mapping[str, list[tuple[RealArray, RealArray]]],
    defined: Mapping[str, BoolArray],
    pairs: list[tuple[str, str]],
) -> Paired:
    shared = defined[pairs[0][0]] & defined[pairs[0][1]]
    first, samples = rows[pairs[0][0]][0][1][shared], {}
    for label in dict.fromkeys(label for pair in pairs for label in pair):
        if any(not np.array_equal(w[shared], first) for _, w in rows[label]):
            raise DataError(f"{label} made other predictions than {pairs[0][0]}; compare on the same test set")
        x = np.stack([x[shared] for x, _ in rows[label]], axis=1)
        samples[label] = Sample(x**power, first, power)
    return Paired(samples, pairs, [int((defined[a] ^ defined[b]).sum()) for a, b in pairs])
