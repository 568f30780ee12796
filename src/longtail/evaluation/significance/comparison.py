"""`compare`: which differences between algorithms are real, how large they are, and in how many users they show."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from longtail.errors import ConfigError
from longtail.evaluation.metrics.value import METRICS, MetricValue
from longtail.evaluation.significance.bootstrap import RESAMPLES, Resampled, resample
from longtail.evaluation.significance.correction import Correction, adjusted
from longtail.evaluation.significance.effects import cohens_d, superiority
from longtail.evaluation.significance.paired import Paired, Sample, tables
from longtail.evaluation.significance.randomization import FLIPS, Flips
from longtail.evaluation.significance.seeds import SeedNoise

__all__ = ["Comparison", "Values", "Verdict", "compare", "compare_all"]

Verdict = Literal["told apart", "cannot be told apart", "identical", "unknown"]
Values: TypeAlias = Mapping[str, MetricValue | Sequence[MetricValue]]

FLIPS_A_PAIR = 40
"""Random changes of sign for each pair, at least: with fewer no p-value could be small enough after the correction."""


@dataclass(frozen=True)
class Comparison:
    """Two algorithms, one metric, the users both have a value for.

    Attributes:
        key: which figure.
        metric: what it is, a key of `METRICS`.
        a: the first.
        b: the second.
        users: who have a value in both.
        dropped: who have one in only one of the two, and are left out.
        difference: the figure of a less that of b, on those users.
        level: how often an interval such as `low` to `high` holds the true difference; for this pair alone.
        seeds: with how many seeds each of the two ran.
        low: lower end of the interval.
        high: upper end of it.
        p: of the randomization test, for this pair alone.
        adjusted_p: after the correction for all comparisons made.
        tests: how many those are.
        effect: the mean of the users' differences in their standard deviations (Cohen's d_z).
        superiority: the chance that a user drawn at random has the higher value in a; ties count half.
        better: share of users with a better value in a (a higher one where neither end is good in itself).
        worse: share of users with a better value in b.
        seed_error: standard error of the difference that comes from the choice of the seeds.
        verdict: "told apart" where the adjusted p is at most 1 - level, "cannot be told apart" where it is not,
            "identical" where every user has the same value in both, "unknown" with fewer than two users.
    """

    key: str
    metric: str
    a: str
    b: str
    users: int
    dropped: int
    difference: float
    level: float
    seeds: tuple[int, int] = (1, 1)
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    adjusted_p: float = math.nan
    tests: int = 0
    effect: float = math.nan
    superiority: float = math.nan
    better: float = math.nan
    worse: float = math.nan
    seed_error: float = math.nan
    verdict: Verdict = "unknown"

    @property
    def winner(self) -> str | None:
        """Who is better (higher, where neither end is good in itself); None unless the two are told apart."""
        if self.verdict != "told apart":
            return None
        higher_wins = METRICS[self.metric].higher_is_better is not False
        return self.a if (self.difference > 0) == higher_wins else self.b


def compare(
    values: Values,
    *,
    level: float = 0.95,
    correction: Correction = "holm",
    resamples: int = RESAMPLES,
    flips: int | None = None,
    seed: int = 0,
) -> list[Comparison]:
    """Compare every algorithm with every other by one metric.

    The difference is of the figures themselves: means over users or, where the metric is pooled (RMSE), over all
    predictions. Its interval is a paired bootstrap over users, its p-value a randomization test over users. With
    several seeds an algorithm's figure is the mean over them, and the noise of their choice widens the interval and
    raises p (`docs/significance.md`).

    Args:
        values: label -> a metric with the values of each user, or one for each seed.
        level: of the intervals; 1 - level is the chance of a false verdict that is accepted.
        correction: "holm", "benjamini-hochberg" or "none", over all pairs.
        resamples: times users are drawn anew for an interval.
        flips: random changes of sign for a test; by default 9,999, or 40 for each pair where that is more.
        seed: of both; the same seed gives the same result.

    Returns:
        A comparison for each pair, in the order of the labels.

    Raises:
        ConfigError: for fewer than two algorithms, different metrics, or a level that is not between 0 and 1.
        DataError: if pooled figures were not made of the same predictions.

    Examples:
        Of 200 users 30 found something only with the first, 10 only with the second.

        >>> users, hits = range(200), {"a": [1] * 30 + [0] * 10 + [1] * 40 + [0] * 120}
        >>> hits["b"] = [0] * 30 + [1] * 10 + [1] * 40 + [0] * 120
        >>> found = compare({label: MetricValue.over_users("hit_rate", users, own) for label, own in hits.items()})
        >>> found[0].verdict, found[0].winner, round(found[0].p, 4)
        ('told apart', 'a', 0.0022)
    """
    return compare_all({"": values}, level=level, correction=correction, resamples=resamples, flips=flips, seed=seed)


def compare_all(
    metrics: Mapping[str, Values],
    *,
    level: float = 0.95,
    correction: Correction = "holm",
    resamples: int = RESAMPLES,
    flips: int | None = None,
    seed: int = 0,
) -> list[Comparison]:
    """`compare` by several metrics, with one correction over all pairs of all metrics. Arguments as there.

    Args:
        metrics: key -> label -> values.
        level: of the intervals.
        correction: over everything.
        resamples: for an interval.
        flips: for a test.
        seed: of both.
    """
    if not 0.0 < level < 1.0:
        raise ConfigError(f"level must lie between 0 and 1, such as 0.95, not {level!r}")
    if resamples < 100 or (flips is not None and flips < 100):
        raise ConfigError("resamples and flips must be 100 or more")
    found: list[Comparison] = []
    total = sum(len(values) * (len(values) - 1) // 2 for values in metrics.values())
    tries = max(FLIPS, FLIPS_A_PAIR * total) if flips is None else flips
    effort = _Effort(level, resamples, tries, seed)
    for key, values in metrics.items():
        listed = {label: [one] if isinstance(one, MetricValue) else list(one) for label, one in values.items()}
        name = _require_comparable(listed)
        pairs = list(itertools.combinations(listed, 2))
        made = {
            (one.a, one.b): one
            for paired in tables(listed, pairs)
            for one in _compared(key or name, name, paired, effort)
        }
        found.extend(made[pair] for pair in pairs)
    raised = adjusted([one.p for one in found], correction)
    tests = int(np.count_nonzero(~np.isnan(raised)))
    return [_judged(one, float(p), tests) for one, p in zip(found, raised, strict=True)]


def _require_comparable(values: Mapping[str, Sequence[MetricValue]]) -> str:
    if len(values) < 2:
        raise ConfigError("a comparison needs at least two algorithms")
    names = {one.name for seeds in values.values() for one in seeds}
    if len(names) != 1 or not all(values.values()):
        raise ConfigError(f"compare one metric at a time, with values for every algorithm, not {sorted(names)}")
    return names.pop()


def _judged(one: Comparison, adjusted_p: float, tests: int) -> Comparison:
    verdict = one.verdict
    if verdict == "cannot be told apart" and adjusted_p <= 1.0 - one.level + 1e-12:
        verdict = "told apart"
    return dataclasses.replace(one, adjusted_p=adjusted_p, tests=tests, verdict=verdict)


@dataclass(frozen=True)
class _Effort:
    """How hard to look: level of the intervals, resamples, flips, seed."""

    level: float
    resamples: int
    flips: int
    seed: int


def _compared(key: str, name: str, paired: Paired, effort: _Effort) -> Iterator[Comparison]:
    """The comparisons of one group of users, not yet corrected for one another."""
    enough = len(paired) > 1
    drawn = resample(paired, effort.resamples, effort.seed) if enough else None
    tests = Flips(paired, effort.flips, effort.seed)
    for (a, b), dropped in zip(paired.pairs, paired.dropped, strict=True):
        first, second = paired.samples[a], paired.samples[b]
        bare = Comparison(
            key=key,
            metric=name,
            a=a,
            b=b,
            users=len(paired),
            dropped=dropped,
            difference=first.value - second.value if len(paired) else math.nan,
            level=effort.level,
            seeds=(first.x.shape[1], second.x.shape[1]),
        )
        yield bare if drawn is None else _measured(bare, first, second, drawn, tests.p(a, b))


def _measured(bare: Comparison, first: Sample, second: Sample, drawn: Resampled, p: float) -> Comparison:
    """With interval, p-value and effect."""
    moves = first.influence.mean(axis=1) - second.influence.mean(axis=1)
    values = first.x.mean(axis=1) - second.x.mean(axis=1)
    noise = SeedNoise.of(first, second, moves)
    biggest = max(np.abs(first.influence).max(), np.abs(second.influence).max())
    largest = float(np.abs(moves).max() or biggest or 1.0)  # where all are alike, one user could still differ by that
    interval = drawn.interval(bare.a, bare.b, largest, bare.level)
    interval = interval.widened(bare.difference, noise.reach(bare.level))
    better = values < 0 if METRICS[bare.metric].higher_is_better is False else values > 0
    return dataclasses.replace(
        bare,
        low=interval.low,
        high=interval.high,
        p=max(p, noise.p(bare.difference)),
        effect=cohens_d(moves),
        superiority=superiority(values),
        better=float(better.mean()),
        worse=float(((values != 0) & ~better).mean()),
        seed_error=noise.error,
        verdict="cannot be told apart" if values.any() else "identical",
    )
