"""Choose the members of a blend by forward selection with nested validation. No test file is ever opened.

```
python benchmarks/choose_members.py timesvdpp svdpp svd svd:biased=false item-knn user-knn slope-one bias popular
```

Of each training file of the five published folds of MovieLens 100K 20 % of the rows are held out, as in `tune.py`.
Every candidate estimates the held-out rows, and each training row once without having seen it; that is all a blend
needs, so trying another set of members costs one small regression. Starting from the best candidate alone, the one that
lowers the mean RMSE on the held-out rows most is added, until none lowers it by `--least`.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import longtail as lt
import movielens_100k
import tune
from longtail import registry, rng
from longtail.algorithms.hybrid.stacking import constrained_ridge
from longtail.errors import LongtailError
from longtail.types import FloatArray, RealArray

SEED = 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("candidates", nargs="+", help="names with parameters, such as svd:factors=20")
    parser.add_argument(
        "--folds", type=int, nargs="+", default=list(movielens_100k.FOLDS), help="training files to use"
    )
    parser.add_argument("--parts", type=int, default=5, help="parts each training file is cut into")
    parser.add_argument("--least", type=float, default=0.0001, help="what a member must improve the mean RMSE by")
    parser.add_argument("--json", type=Path, help="also write the steps to this file")
    options = parser.parse_args(arguments)
    try:
        places = [Place(fold, options.candidates, options.parts) for fold in options.folds]
    except LongtailError as error:
        print(error, file=sys.stderr)
        return 2
    steps = select(places, options.candidates, options.least)
    if options.json:
        options.json.write_text(json.dumps({"folds": options.folds, "steps": steps}, indent=1) + "\n", encoding="utf-8")
    return 0


def select(places: list[Place], candidates: list[str], least: float) -> list[dict[str, object]]:
    """The members in the order they were added, with the RMSE of each fold so far."""
    chosen: list[str] = []
    steps: list[dict[str, object]] = []
    best = np.inf
    while len(chosen) < len(candidates):
        tried = {name: [place.rmse([*chosen, name]) for place in places] for name in candidates if name not in chosen}
        name = min(tried, key=lambda name: float(np.mean(tried[name])))
        rmse = float(np.mean(tried[name]))
        if rmse > best - least:
            break
        chosen.append(name)
        best = rmse
        steps.append({"added": name, "rmse": round(rmse, 6), "folds": [round(value, 6) for value in tried[name]]})
        print(f"{rmse:.5f}  + {name}", flush=True)
    return steps


@dataclass
class Rows:
    """Rows to estimate: of each candidate the estimates less mu, the facts about users and items, ratings less mu."""

    estimates: dict[str, FloatArray]
    user: FloatArray
    item: FloatArray
    target: RealArray
    mean: float

    def columns(self, members: list[str]) -> RealArray:
        """What the blend of these members learns from."""
        made = lt.Blend(members=tuple(members))._columns([self.estimates[m] for m in members], self.user, self.item)
        return np.stack(np.broadcast_arrays(*made), axis=1).astype(np.float64)


class Place:
    """One training file: what every candidate says of its rows, those held out last."""

    def __init__(self, fold: int, candidates: list[str], n_parts: int) -> None:
        train, held_out = tune.inner_split(movielens_100k.training(fold), SEED, fold)
        part = rng.generator(SEED, "stacking").permutation(len(train)) % n_parts
        splits = [(train.take(part != n), train.take(part == n)) for n in range(n_parts)]
        self.parts = [asked(*split, candidates) for split in splits]
        self.held_out = asked(train, held_out, candidates)

    def rmse(self, members: list[str]) -> float:
        """The error of the blend of these members on the held-out rows, clipped to the scale."""
        blend = lt.Blend(members=tuple(members))
        x = np.concatenate([rows.columns(members) for rows in self.parts])
        y = np.concatenate([rows.target for rows in self.parts])
        prior, _ = blend._prior()
        free = np.full(len(prior), -np.inf)
        theta = constrained_ridge(x, y, prior, blend.regularization, free)
        rows = self.held_out
        found = np.clip(rows.mean + rows.columns(members) @ theta, 1.0, 5.0)
        return float(np.sqrt(np.mean((found - rows.mean - rows.target) ** 2)))


def asked(train: lt.Interactions, rows: lt.Interactions, candidates: list[str]) -> Rows:
    """What each candidate, fitted on `train`, says of `rows`."""
    facts = lt.Blend(members=("bias",), folds=1).fit(train)
    estimates = {}
    for spec in candidates:
        name, parameters = registry.parse(spec)
        model = lt.make(name, **parameters).fit(train)
        estimates[spec] = model.predict_ratings(rows).estimated - np.float32(facts.mean_)
    target = rows.values.astype(np.float64) - facts.mean_
    return Rows(estimates, facts.user_facts_[rows.users], facts.item_facts_[rows.items], target, facts.mean_)


if __name__ == "__main__":
    sys.exit(main())
