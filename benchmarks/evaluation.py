"""What evaluating costs: every metric, with the value of each user, of 100,000 lists of 20, beside making the lists.

```
python benchmarks/evaluation.py                       # the whole of it
python benchmarks/evaluation.py --users 5000 --items 2000 --ratings 150000
```

A synthetic world is split at random, a fifth hidden. A model with 64 factors learns from the rest and makes the lists.
Two sets of lists are evaluated: the model's, and lists drawn by popularity, where most pairs of items are other ones,
which is the hardest case for diversity. `score` is one call for all metrics; below it stands each metric on its own,
which sums to more, because some of them share what `score` computes once. Seconds are those on the clock and of the
processors, the lowest of `--repeats`; memory is the peak above what the process held before, data and lists included.
Nothing compiles while the clock runs. Written to `benchmarks/results/evaluation.json`.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import longtail as lt
from longtail import registry
from longtail.data.results import TopN
from longtail.data.synthetic import World
from longtail.evaluation.primitive import popular_lists
from longtail.evaluation.scoring import score
from measure import Meter
from scale import environment

RESULTS = Path(__file__).parent / "results" / "evaluation.json"
OTHERS = ("rmse", "mae", "prediction_coverage", "rank_biased_overlap", "top_n_change", "kendall_tau_top")
"""Metrics of predictions, and of two sets of lists."""

Metrics = dict[str, Callable[[], Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--ratings", type=int, default=3_000_000)
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--model", default="implicit-als:factors=64", help="whose lists are made and evaluated")
    options = parser.parse_args()
    warm_up(options.model)
    found: dict[str, Any] = {"environment": environment(), "options": vars(options)}
    train, test = data(options.users, options.items, options.ratings)
    found |= {"train_rows": len(train), "test_rows": len(test)}
    lists, found["making"] = make(options.model, train, options.n)
    by_kind = {"model": lists, "drawn": drawn(train, options.n)}
    found["evaluating"] = {kind: evaluate(made, train, test, options.repeats) for kind, made in by_kind.items()}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    show(found)


def warm_up(model: str) -> None:
    """Everything once on a tiny world, so that the kernels are compiled."""
    train, test = data(60, 50, 1_000)
    lists, _ = make(model, train, 5)
    evaluate(lists, train, test, 1)


def data(users: int, items: int, ratings: int) -> tuple[lt.Interactions, lt.Interactions]:
    """Training and test part, with the views that every model and metric reads."""
    train, test = lt.splits.random_holdout(World(users, items).ratings(ratings), 0.2)
    train.by_user, train.by_item, train.user_counts, train.item_counts  # noqa: B018
    return train, test


def make(spec: str, train: lt.Interactions, n: int) -> tuple[TopN, dict[str, float]]:
    """The lists of a model for everyone, and what learning and listing took."""
    name, parameters = registry.parse(spec)
    model, meter = lt.make(name, **parameters), Meter()
    with meter.phase("fit"):
        model.fit(train)
    with meter.phase("lists"):
        lists = model.recommend(n=n)
    return lists, {f"{phase}_{kind}": getattr(meter, kind)[phase] for phase in meter.wall for kind in ("wall", "cpu")}


def drawn(train: lt.Interactions, n: int) -> TopN:
    """Lists drawn by popularity, without what a user has met and without repetition."""
    rng = np.random.default_rng(0)
    upto = np.cumsum(train.item_counts)
    draws = np.searchsorted(upto, rng.random((train.n_users, 3 * n)) * upto[-1], side="right").astype(np.int32)
    items = np.full((train.n_users, n), -1, dtype=np.int32)
    bounds, history = train.by_user.indptr, train.by_user.indices
    for user in range(train.n_users):
        met = set(history[bounds[user] : bounds[user + 1]].tolist())
        new = [item for item in dict.fromkeys(draws[user].tolist()) if item not in met][:n]
        items[user, : len(new)] = new
    scores = np.where(items >= 0, -np.arange(n, dtype=np.float32), -np.inf)
    return TopN(np.arange(train.n_users), items, scores, train.user_ids, train.item_ids)


def evaluate(lists: TopN, train: lt.Interactions, test: lt.Interactions, repeats: int) -> dict[str, Any]:
    """Everything at once and one by one: seconds, and memory above what was held."""
    gc.collect()
    meter = Meter()
    runs = [cost(lambda: score(test, lists=lists, train=train)) for _ in range(repeats)]
    memory = meter.figures()["memory"]
    found: dict[str, Any] = {"wall": min(run[0] for run in runs), "cpu": min(run[1] for run in runs)}
    found |= {"peak_mb": memory["above"] / 1e6, "held_mb": (memory["peak"] - memory["above"]) / 1e6}
    found["metrics"] = {}
    for name, metric in every_metric(lists, train, test).items():
        found["metrics"][name] = dict(zip(("wall", "cpu"), min(cost(metric) for _ in range(repeats)), strict=True))
    found["items_shown"] = int(np.count_nonzero(lt.metrics.exposures(lists)))
    return found


def every_metric(lists: TopN, train: lt.Interactions, test: lt.Interactions) -> Metrics:
    """Each metric of lists by itself."""
    m = lt.metrics
    by_ratings, by_genres = m.rating_cosine(train), m.genre_jaccard(train)
    expected, groups, activity = popular_lists(lists, train), m.popularity_groups(train), m.activity_groups(train)
    predictions = as_predictions(test)
    ndcg = m.ndcg(lists, test)
    found: Metrics = {
        "cumulative_hit_rate_by_prediction": lambda: m.cumulative_hit_rate_by_prediction(lists, predictions),
        "rating_hit_rate_by_prediction": lambda: m.rating_hit_rate_by_prediction(lists, predictions),
        "diversity": lambda: m.diversity(lists, by_ratings),
        "intra_list_diversity": lambda: m.intra_list_diversity(lists, by_ratings),
        "serendipity": lambda: m.serendipity(lists, test, expected),
        "serendipity_by_popularity": lambda: m.serendipity_by_popularity(lists, test, train),
        "unexpectedness": lambda: m.unexpectedness(lists, expected),
        "unexpectedness_by_history": lambda: m.unexpectedness_by_history(lists, train, by_genres),
        "item_exposure": lambda: m.item_exposure(lists, groups),
        "exposure_disparity": lambda: m.exposure_disparity(lists, groups),
        "user_group_gap": lambda: m.user_group_gap(ndcg, activity),
    }
    for name in ("user_coverage", "catalogue_coverage", "gini"):
        found[name] = partial(getattr(m, name), lists)
    of_train = ("novelty", "self_information", "mean_inverse_user_frequency", "calibration", "long_tail_share")
    for name in (*of_train, "average_recommendation_popularity"):
        found[name] = partial(getattr(m, name), lists, train)
    of_test = ("hit_rate", "cumulative_hit_rate", "rating_hit_rate", "arhr", "precision", "recall", "ndcg", "mrr")
    for name in (*of_test, "mean_average_precision"):
        found[name] = partial(getattr(m, name), lists, test)
    missing = set(m.METRICS) - set(found) - set(OTHERS)
    if missing:
        raise SystemExit(f"not measured: {', '.join(sorted(missing))}")
    return {name: found[name] for name in m.METRICS if name in found}


def as_predictions(test: lt.Interactions) -> Any:
    """The ratings themselves, as if they had been predicted."""
    impossible = np.zeros(len(test), dtype=bool)
    columns = (test.users, test.items, test.values, test.values, impossible)
    return lt.RatingPredictions(*columns, test.user_ids, test.item_ids)


def cost(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds on the clock, and of the processors."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def show(found: dict[str, Any]) -> None:
    making, evaluating = found["making"], found["evaluating"]
    print(f"making the lists: fit {making['fit_wall']:.2f} s ({making['fit_cpu']:.2f} CPU), ", end="")
    print(f"lists {making['lists_wall']:.2f} s ({making['lists_cpu']:.2f} CPU)\n")
    for kind, costs in evaluating.items():
        ratio = costs["cpu"] / making["lists_cpu"]
        print(f"{kind} lists, {costs['items_shown']:,} items shown: all metrics {costs['wall']:.2f} s ", end="")
        print(f"({costs['cpu']:.2f} CPU), {costs['peak_mb']:.0f} MB above the {costs['held_mb']:.0f} held; ", end="")
        print(f"{ratio:.2f} of making the lists")
    print("\n| metric | model's lists, ms | drawn lists, ms |\n|---|---|---|")
    for name in evaluating["model"]["metrics"]:
        print(
            f"| {name} | "
            + " | ".join(f"{1000 * one['metrics'][name]['wall']:.0f}" for one in evaluating.values())
            + " |"
        )


if __name__ == "__main__":
    main()
