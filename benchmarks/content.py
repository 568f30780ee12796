"""What content is worth on MovieLens latest-small: genres, years, text, mise-en-scene, and weights that are learned.

```
python benchmarks/content.py --mise-en-scene LLVisualFeatures13K_Log.csv
python benchmarks/content.py --mise-en-scene LLVisualFeatures13K_Log.csv --cold --only bias genres+years "+text mean"
```

Ratings: 5-fold cross-validation; each rating is predicted once, by a model that has not seen it. Lists: one random
rating of each user left out, ten places. Items keep their ids in all parts, so films that a training part lacks are
predicted from their content. Weights are learned inside each training part; nothing else is chosen here. All intervals
are 95 % percentile intervals of a bootstrap over users: the same users are drawn for both sides of a comparison.

The features are f1 average shot length, f2 mean and f3 standard deviation of colour variance, f4 mean and f5 standard
deviation of motion, f6 mean of lighting, f7 number of shots, of trailers (Deldjoo et al. 2016, "Content-Based Video
Recommendation System Based on Stylistic Visual Features", Journal on Data Semantics 5; columns as in its data set).
Where weights are not learned, each has 1/7, so that all seven together count as much as the genres.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import longtail as lt

DRAWS = 1000
GENRES_YEARS, TEXT, STYLE = "genres+years", "+text", "".join(f"+f{number}*0.143" for number in range(1, 8))
TOY: dict[str, Any] = {"variant": "basic", "damping": 0.0}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "bias": ("bias", {}),
    "toy": ("content-knn", TOY),
    "toy learned": ("content-knn", {**TOY, "weights": "learned"}),
    "toy +style": ("content-knn", {**TOY, "features": GENRES_YEARS + STYLE}),
    "toy +style learned": ("content-knn", {**TOY, "features": GENRES_YEARS + STYLE, "weights": "learned"}),
    "genres+years": ("content-knn", {}),
    "genres+years learned": ("content-knn", {"weights": "learned"}),
    "genres+years mean": ("content-knn", {"combine": "mean"}),
    "+text mean": ("content-knn", {"features": GENRES_YEARS + TEXT, "combine": "mean"}),
    "+text learned": ("content-knn", {"features": GENRES_YEARS + TEXT, "weights": "learned"}),
    "+style": ("content-knn", {"features": GENRES_YEARS + STYLE}),
    "+style learned": ("content-knn", {"features": GENRES_YEARS + STYLE, "weights": "learned"}),
    "+text+style learned": ("content-knn", {"features": GENRES_YEARS + TEXT + STYLE, "weights": "learned"}),
    "profile genres+years": ("content-profile", {}),
    "profile +text": ("content-profile", {"features": GENRES_YEARS + TEXT}),
    "popular": ("popular", {}),
}
COMPARED = [
    ("toy", "bias"),
    ("+text mean", "bias"),
    ("toy learned", "toy"),
    ("toy +style", "toy"),
    ("toy +style learned", "toy learned"),
    ("genres+years", "bias"),
    ("genres+years learned", "genres+years"),
    ("genres+years mean", "genres+years"),
    ("+text mean", "genres+years mean"),
    ("+text learned", "genres+years learned"),
    ("+style", "genres+years"),
    ("+style learned", "+style"),
    ("+style learned", "genres+years learned"),
    ("+text+style learned", "+text learned"),
    ("profile genres+years", "popular"),
    ("profile +text", "profile genres+years"),
    ("genres+years", "popular"),
]


@dataclass(frozen=True)
class Measured:
    """What one model did, as sums over each user's ratings.

    Attributes:
        rates: whether it predicts ratings at all.
        squared: (n_users,) squared errors.
        absolute: (n_users,) absolute errors.
        styled: (n_users,) squared errors of films whose mise-en-scene is known.
        hits: (n_users,) whether the rating left out is in the list of ten.
        weights: the learned weight of each feature in every fold.
        seconds: of CPU time.
    """

    rates: bool
    squared: Any
    absolute: Any
    styled: Any
    hits: Any
    weights: dict[str, list[float]]
    seconds: float


def item_folds(data: lt.Interactions, folds: int, seed: int) -> Iterator[tuple[lt.Interactions, lt.Interactions]]:
    """Every item is in one test part, with all of its ratings: to the model it is new."""
    fold = np.random.default_rng(seed).permutation(data.n_items) % folds
    return ((data.take(fold[data.items] != part), data.take(fold[data.items] == part)) for part in range(folds))


def measure(name: str, data: lt.Interactions, styled: Any, options: argparse.Namespace) -> Measured:
    algorithm, chosen = MODELS[name]
    began, n, seed = time.process_time(), data.n_users, options.seed
    squared, absolute, apart = np.zeros(n), np.zeros(n), np.zeros(n)
    weights: dict[str, list[float]] = {}
    rates = lt.make(algorithm).predicts_ratings
    if rates:
        divided = item_folds if options.cold else lt.splits.k_fold
        for train, test in divided(data, options.folds, seed=seed):
            model = lt.make(algorithm, **chosen).fit(train)
            found = model.predict_ratings(test)
            error = found.estimated.astype(np.float64) - found.actual
            squared += np.bincount(test.users, error**2, n)
            absolute += np.bincount(test.users, np.abs(error), n)
            apart += np.bincount(test.users, error**2 * styled[test.items], n)
            if chosen.get("weights") == "learned":
                for feature, weight in zip(model.feature_names_, model.feature_weights_.tolist(), strict=True):
                    weights.setdefault(feature, []).append(round(weight, 3))
    train, test = lt.splits.leave_one_out(data, seed=seed)
    lists = lt.make(algorithm, **chosen).fit(train).recommend(test.users_present(), n=10)
    value, hits = lt.metrics.hit_rate(lists, test), np.zeros(n)
    hits[value.users] = value.per_user
    return Measured(rates, squared, absolute, apart, hits, weights, time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mise-en-scene", type=Path, required=True, metavar="CSV")
    parser.add_argument("--only", nargs="*", default=list(MODELS), choices=list(MODELS), metavar="MODEL")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cold", action="store_true", help="fold by item: every rating is of a film new to the model")
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    data = lt.datasets.movielens("latest-small").with_items()
    catalog = data.catalog.with_features(pl.read_csv(options.mise_en_scene), item="ML_Id")
    data, styled = data.with_catalog(catalog), catalog.rows(data.item_ids)["f1"].is_not_null().to_numpy()
    found = {}
    for name in options.only:
        found[name] = measure(name, data, styled, options)
        print(f"{name}: {found[name].seconds:.0f} CPU s", file=sys.stderr, flush=True)
        if options.output:
            report = figures(found, data, styled, options)
            options.output.write_text(json.dumps(report, indent=1) + "\n")
    print_tables(figures(found, data, styled, options))


def figures(found: dict[str, Measured], data: lt.Interactions, styled: Any, options: Any) -> dict[str, Any]:
    """Every figure with its interval, and every difference with its own."""
    counts = {"all": data.user_counts, "styled": np.bincount(data.users, styled[data.items], data.n_users)}
    draws = np.random.default_rng(options.seed).multinomial(data.n_users, [1 / data.n_users] * data.n_users, DRAWS)

    def metrics(one: Measured, times: Any) -> dict[str, Any]:
        """Each metric, for each row of (draws, n_users) times that a user counts."""
        rated, with_style = times @ counts["all"], times @ counts["styled"]
        hit_rate = {"hit_rate": times @ one.hits / data.n_users}
        if not one.rates:
            return hit_rate
        return {
            "rmse": np.sqrt(times @ one.squared / rated),
            "mae": times @ one.absolute / rated,
            "rmse_styled": np.sqrt(times @ one.styled / with_style),
            **hit_rate,
        }

    once = np.ones((1, data.n_users), dtype=np.int64)
    point = {name: metrics(one, once) for name, one in found.items()}
    drawn = {name: metrics(one, draws) for name, one in found.items()}

    def interval(values: Any, draws_of: Any) -> list[float]:
        return [round(float(number), 5) for number in (values[0], *np.percentile(draws_of, [2.5, 97.5]))]

    models = {
        name: {key: interval(point[name][key], drawn[name][key]) for key in point[name]}
        | {"weights": found[name].weights, "cpu_seconds": round(found[name].seconds, 1)}
        for name in found
    }
    differences = [
        {"of": a, "less": b}
        | {
            key: interval(point[a][key] - point[b][key], drawn[a][key] - drawn[b][key])
            for key in point[a]
            if key in point[b]
        }
        for a, b in COMPARED
        if a in found and b in found
    ]
    facts = {"seed": options.seed, "cold": options.cold, "folds": options.folds, "users": data.n_users, "draws": DRAWS}
    facts["share_of_ratings_with_style"] = round(float(styled[data.items].mean()), 4)
    return {**facts, "models": models, "differences": differences}


def print_tables(report: dict[str, Any]) -> None:
    keys = ("rmse", "mae", "rmse_styled", "hit_rate")
    print(f"{report['share_of_ratings_with_style']:.1%} of the ratings are of films with mise-en-scene\n")
    print(f"{'':34}" + "".join(f"{key:>28}" for key in keys))
    for name, row in report["models"].items():
        print(f"{name:34}" + "".join(_cell(row.get(key)) for key in keys))
        if row["weights"]:
            print("    weights: " + ", ".join(f"{key} {np.mean(of):.2f}" for key, of in row["weights"].items()))
    print()
    for row in report["differences"]:
        print(f"{row['of']} - {row['less']}")
        print("    " + "   ".join("{} {:+.4f} [{:+.4f}, {:+.4f}]".format(key, *row[key]) for key in keys if key in row))


def _cell(figures: list[float] | None) -> str:
    return f"{'-':>28}" if figures is None else "{:>10.4f} [{:.4f}, {:.4f}]".format(*figures)


if __name__ == "__main__":
    main()
