"""Do the bake-off's verdicts hold what they promise? Simulated comparisons whose truth is known.

```
python benchmarks/significance.py                   # everything: some minutes; records results/significance.json
python benchmarks/significance.py --only coverage   # one part, recorded beside the others
python benchmarks/significance.py --quick           # a tenth of it, records nothing
```

- False positives: algorithms that are equal, by construction. For each process 1,000 comparisons of two, and bake-offs
  of ten (45 comparisons each) corrected by Holm.
- Coverage: 500 samples from a population whose true difference is known.
- Seeds: equal algorithms whose figure also depends on a seed, which moves all users together.
- Real values: users of MovieLens 100K with their hits and errors under several seeds of one algorithm.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import norm

from longtail.evaluation import significance
from longtail.evaluation.intervals import wilson
from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.significance import Comparison

RECORD = Path(__file__).parent / "results" / "significance.json"
POPULATION = 200_000
SIZES = (50, 200, 1_000, 5_000)
TEN = [f"algorithm {number}" for number in range(10)]


@dataclass(frozen=True)
class Population:
    """Many users: the metric, (users, k) values of k algorithms, and the weight of each user where it is pooled."""

    metric: str
    values: np.ndarray
    weights: np.ndarray | None = None

    @property
    def difference(self) -> float:
        """The true difference of the first two figures."""
        figures = [self.figure(self.values[:, column]) for column in (0, 1)]
        return figures[0] - figures[1]

    def figure(self, values: np.ndarray) -> float:
        """The metric over users, or pooled."""
        if self.weights is None:
            return float(values.mean())
        return float(np.sqrt(self.weights @ values**2 / self.weights.sum()))

    def sample(self, n: int, rng: np.random.Generator, *, swap: bool = False) -> dict[str, MetricValue]:
        """So many users drawn with replacement; with `swap` a user's values fall to anyone."""
        rows = rng.integers(len(self.values), size=n)
        drawn = self.values[rows]
        if swap:
            drawn = rng.permuted(drawn, axis=1)
        weights = None if self.weights is None else self.weights[rows]
        return {
            label: MetricValue(0.0, self.metric, np.arange(n), column, weights)
            for label, column in zip(TEN, drawn.T, strict=False)
        }


def compare(values: Any, run: int) -> list[Comparison]:
    """All pairs; fewer draws than by default, which makes an interval rougher and no test wrong."""
    return significance.compare(values, resamples=1_000, flips=1_999, seed=run)


# -- processes ---------------------------------------------------------------------------------------------------------


def hits(rng: np.random.Generator, rates: list[float], common: float = 0.7) -> Population:
    """A hit where a latent score is high; its part `common` belongs to the user, the rest to user and algorithm."""
    user = rng.normal(size=(POPULATION, 1))
    own = rng.normal(size=(POPULATION, len(rates)))
    return Population("hit_rate", 1.0 * (np.sqrt(common) * user + np.sqrt(1 - common) * own < norm.ppf(rates)))


def ndcg(rng: np.random.Generator, rates: list[float], top: list[float]) -> Population:
    """Rare hits at ranks of 1..10, skewed to the top more or less; users differ in how often they are hit."""
    liking = rng.beta(0.5, 2.0, size=(POPULATION, 1)) * 5.0
    hit = rng.random((POPULATION, len(rates))) < liking * rates
    rank = 1 + np.floor(10 * rng.random(hit.shape) ** np.asarray(top))
    return Population("ndcg", hit / np.log2(1 + rank))


def rmse(rng: np.random.Generator, scales: list[float]) -> Population:
    """Squared errors of users who differ much in how hard they are to predict and in how much they rate."""
    hardness = np.exp(0.5 * rng.normal(size=(POPULATION, 1)))
    weights = np.ceil(np.exp(rng.normal(2.0, 1.0, POPULATION)))
    spread = rng.gamma(weights[:, None] / 2, 2 / weights[:, None], size=(POPULATION, len(scales)))
    own = np.exp(0.15 * rng.standard_t(5, size=spread.shape))
    return Population("rmse", np.sqrt(hardness * (0.8 + 0.2 * spread) * own) * scales, weights)


def other_shapes(rng: np.random.Generator) -> Population:
    """Equal in the mean only: the first hits more often, the second higher up."""
    made = ndcg(rng, [0.25, 0.15], [0.8, 2.2])
    values = made.values * (made.values.mean() / made.values.mean(axis=0))
    return Population("ndcg", values)


EQUAL: dict[str, Callable[[np.random.Generator, int], Population]] = {
    "hits, 1%": lambda rng, k: hits(rng, [0.01] * k),
    "hits, 10%": lambda rng, k: hits(rng, [0.10] * k),
    "hits, 30%": lambda rng, k: hits(rng, [0.30] * k),
    "NDCG": lambda rng, k: ndcg(rng, [0.2] * k, [1.5] * k),
    "RMSE": lambda rng, k: rmse(rng, [1.0] * k),
}
DIFFERENT: dict[str, Callable[[np.random.Generator], Population]] = {
    "hits, 1.5% and 1%": lambda rng: hits(rng, [0.015, 0.01]),
    "hits, 14% and 10%": lambda rng: hits(rng, [0.14, 0.10]),
    "hits, 34% and 30%": lambda rng: hits(rng, [0.34, 0.30]),
    "NDCG": lambda rng: ndcg(rng, [0.22, 0.18], [1.6, 1.4]),
    "RMSE": lambda rng: rmse(rng, [0.99, 1.0]),
}


# -- what is counted ---------------------------------------------------------------------------------------------------


def share(name: str, users: int, hits: int, of: int, **facts: Any) -> dict[str, Any]:
    low, high = wilson(hits / of, of)
    row = {"process": name, "users": users, "count": hits, "of": of, "rate": hits / of, "low": low, "high": high}
    print(f"  {name:<34} {users:>6} users  {hits / of:.4f}  ({low:.4f} to {high:.4f})  {facts or ''}", flush=True)
    return row | facts


def false_positives(runs: int) -> Iterator[dict[str, Any]]:
    """Two equal algorithms: how often one pair, on its own, is told apart."""
    populations = {
        name: (make(rng, 2), rng)
        for name, make in EQUAL.items()
        for rng in [np.random.default_rng([1, *name.encode()])]
    }
    rng = np.random.default_rng(2)
    unlike = other_shapes(rng)
    for n in SIZES:
        for name, (population, own) in populations.items():
            found = [compare(population.sample(n, own, swap=True), run)[0] for run in range(runs)]
            differ = float(np.median([(one.better + one.worse) * n for one in found]))
            yield share(name, n, sum(one.p <= 0.05 for one in found), runs, users_who_differ=differ)
        found = [compare(unlike.sample(n, rng), run)[0] for run in range(runs)]
        yield share("equal means, other shapes", n, sum(one.p <= 0.05 for one in found), runs)


def family_wise(runs: int) -> Iterator[dict[str, Any]]:
    """Ten equal algorithms: how often any of the 45 pairs is told apart, before and after the correction."""
    for name, make in EQUAL.items():
        rng = np.random.default_rng([3, *name.encode()])
        population = make(rng, 10)
        for n in (200, 1_000):
            found = [compare(population.sample(n, rng, swap=True), run) for run in range(runs)]
            any_before = sum(any(one.p <= 0.05 for one in pairs) for pairs in found)
            any_after = sum(any(one.verdict == "told apart" for one in pairs) for pairs in found)
            each = sum(one.p <= 0.05 for pairs in found for one in pairs) / (45 * runs)
            yield share(name, n, any_after, runs, any_before=any_before / runs, each_before=each)


def coverage(runs: int) -> Iterator[dict[str, Any]]:
    """How often the interval holds the true difference."""
    for name, make in DIFFERENT.items():
        rng = np.random.default_rng([4, *name.encode()])
        population = make(rng)
        for n in SIZES:
            yield covered(name, population, n, runs, rng)


def covered(name: str, population: Population, n: int, runs: int, rng: np.random.Generator) -> dict[str, Any]:
    truth = population.difference
    found = [compare(population.sample(n, rng), run)[0] for run in range(runs)]
    above, below = sum(truth < one.low for one in found), sum(truth > one.high for one in found)
    facts = {"truth": truth, "too_high": above / runs, "too_low": below / runs}
    facts["power"] = sum(one.p <= 0.05 for one in found) / runs
    return share(name, n, runs - above - below, runs, **facts)


def seeds(runs: int) -> Iterator[dict[str, Any]]:
    """Two equal algorithms whose seed moves all users together, by `ratio` standard errors of their difference."""
    n = 500
    for ratio in (0.0, 1.0, 4.0):
        for repeats in (1, 3, 5):
            rng, found, held = np.random.default_rng([5, repeats, int(ratio)]), 0, 0
            for run in range(runs):
                one = compare(_seeded(rng, n, repeats, ratio), run)[0]
                found, held = found + (one.p <= 0.05), held + (one.low <= 0.0 <= one.high)
            yield share(f"seed noise {ratio:g}, {repeats} seeds", n, found, runs, ratio=ratio, repeats=repeats,
                        coverage=held / runs)  # fmt: skip


def _seeded(rng: np.random.Generator, n: int, repeats: int, ratio: float) -> dict[str, list[MetricValue]]:
    """Values user + (user, algorithm) + (user, seed) + seed; the last with `ratio` standard errors of the others."""
    user, made = rng.normal(size=n), {}
    for label in TEN[:2]:
        own = user + 0.5 * rng.normal(size=n)
        made[label] = [
            MetricValue(
                0.0, "ndcg", np.arange(n), own + 0.5 * rng.normal(size=n) + ratio * rng.normal() / np.sqrt(2 * n)
            )
            for _ in range(repeats)
        ]
    return made


# -- real users --------------------------------------------------------------------------------------------------------


def real(runs: int, count: int = 40) -> Iterator[dict[str, Any]]:
    """Values of users of MovieLens 100K under several seeds of one algorithm, and under two algorithms."""
    import longtail as lt
    from longtail.data import datasets, splits
    from longtail.evaluation import metrics

    data = datasets.load("ml-100k")
    train, test = splits.leave_one_out(data, which="random", seed=0)
    hidden = splits.random_holdout(data, 0.25, seed=0)
    rng = np.random.default_rng(6)

    def listed(spec: str, **chosen: Any) -> MetricValue:
        return metrics.ndcg(lt.make(spec, **chosen).fit(train).recommend(test.users_present(), n=10), test)

    values = {
        "bpr, NDCG": [listed("bpr", seed=seed) for seed in range(count)],
        "svd, RMSE": [
            metrics.rmse(lt.make("svd", seed=seed).fit(hidden[0]).predict_ratings(hidden[1])) for seed in range(count)
        ],
    }
    for name, own in values.items():
        population = Population(own[0].name, np.stack([one.per_user for one in own[:2]], axis=1), own[0].weights)
        for n in (200, 943):
            found = [compare(population.sample(n, rng, swap=True), run)[0] for run in range(runs)]
            yield share(f"{name}: two seeds, swapped", n, sum(one.p <= 0.05 for one in found), runs, asks="p")
        for repeats in (1, 3):
            found = [_disjoint(own, repeats, rng, run) for run in range(runs)]
            facts = {"repeats": repeats, "spread": float(np.std([float(one) for one in own], ddof=1))}
            words = f"{name}: itself, {repeats} {'seed' if repeats == 1 else 'seeds'} a side"
            yield share(words, 943, sum(one.p <= 0.05 for one in found), runs, asks="p", **facts)
    two = [values["bpr, NDCG"][0], listed("popular")]
    population = Population("ndcg", np.stack([one.per_user for one in two], axis=1))
    for n in (200, 943):
        yield covered("bpr less popular, NDCG", population, n, max(50, runs // 2), rng) | {"asks": "interval"}


def _disjoint(own: list[MetricValue], repeats: int, rng: np.random.Generator, run: int) -> Comparison:
    """The same algorithm twice, on the same users, with seeds of its own each time."""
    chosen = rng.permutation(len(own))[: 2 * repeats]
    sides = {TEN[side]: [own[at] for at in chosen[side::2]] for side in (0, 1)}
    return compare(sides, run)[0]


# -- the tables of docs/significance.md --------------------------------------------------------------------------------


def coverage_table(record: dict[str, list[dict[str, Any]]]) -> str:
    """Share of intervals that hold the truth, by process and users."""
    rows = [*record["coverage"], *(row for row in record.get("real", []) if row["asks"] == "interval")]
    return _wide(rows, lambda row: f"{100 * row['rate']:.1f}%")


def false_positives_table(record: dict[str, list[dict[str, Any]]]) -> str:
    """Share of equal pairs told apart, by process and users."""
    rows = [*record["false_positives"], *(row for row in record.get("real", []) if "swapped" in row["process"])]
    return _wide(rows, lambda row: f"{100 * row['rate']:.1f}%")


def family_wise_table(record: dict[str, list[dict[str, Any]]]) -> str:
    """Bake-offs of ten equal algorithms with any pair told apart, before and after Holm."""
    lines = ["| ten equal algorithms | users | before correction | after (Holm) |", "|---|---|---|---|"]
    lines += [
        f"| {row['process']} | {row['users']:,} | {100 * row['any_before']:.1f}% | {100 * row['rate']:.1f}% |"
        for row in record["family_wise"]
    ]
    return "\n".join(lines)


def seeds_table(record: dict[str, list[dict[str, Any]]]) -> str:
    """Equal pairs told apart where seeds add noise, by the seeds a side; and one algorithm against itself."""
    lines = ["| noise of a seed | seeds a side | told apart | interval holds 0 |", "|---|---|---|---|"]
    lines += [
        f"| {row['ratio']:g} | {row['repeats']} | {100 * row['rate']:.1f}% | {100 * row['coverage']:.1f}% |"
        for row in record["seeds"]
    ]
    lines += [
        f"| MovieLens 100K, {row['process'].split(':')[0]} | {row['repeats']} | {100 * row['rate']:.1f}% | |"
        for row in record.get("real", [])
        if "repeats" in row
    ]
    return "\n".join(lines)


def _wide(rows: list[dict[str, Any]], show: Callable[[dict[str, Any]], str]) -> str:
    sizes = sorted({row["users"] for row in rows})
    found = {(row["process"], row["users"]): show(row) for row in rows}
    lines = [f"| | {' | '.join(f'{n:,} users' for n in sizes)} |", "|---" * (len(sizes) + 1) + "|"]
    for name in dict.fromkeys(row["process"] for row in rows):
        lines += [f"| {name} | {' | '.join(found.get((name, n), '') for n in sizes)} |"]
    return "\n".join(lines)


PARTS: dict[str, tuple[Callable[[int], Iterator[dict[str, Any]]], int]] = {
    "coverage": (coverage, 500),
    "family_wise": (family_wise, 500),
    "false_positives": (false_positives, 1_000),
    "seeds": (seeds, 1_000),
    "real": (real, 1_000),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs; nothing is recorded")
    parser.add_argument("--only", choices=PARTS, help="one part; the record keeps the others")
    options = parser.parse_args()
    for name, (simulate, runs) in PARTS.items():
        if options.only in (None, name):
            print(name)
            began, rows = time.perf_counter(), []
            for row in simulate(runs // 10 if options.quick else runs):
                rows.append(row)
                if not options.quick:
                    write(name, rows)
            print(f"  {time.perf_counter() - began:.0f} s")


def write(name: str, rows: list[dict[str, Any]]) -> None:
    """Keep what is known so far; the other parts stay as they are."""
    kept = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    made = {part: kept[part] for part in PARTS if part in kept} | {name: rows}
    fresh = RECORD.with_suffix(f".{name}")
    fresh.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    fresh.replace(RECORD)


if __name__ == "__main__":
    main()
