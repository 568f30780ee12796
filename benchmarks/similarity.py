"""How sparse ratings are, and what that makes of each similarity: MovieLens 100K, inside the training files only.

```
python benchmarks/similarity.py                 # all five training files
python benchmarks/similarity.py --folds 1 2     # some of them
```

1. How many raters two items, and how many items two users, have in common.
2. RMSE on a hidden fifth of each training file, and NDCG@10 of the lists by similarity, for every measure of `user-knn`
   and `item-knn`: not shrunk, and shrunk by as many common ratings as do best of a few numbers.
3. NDCG@10 for every measure and weighting of `implicit-user-knn` and `implicit-item-knn`.

A hidden rating is relevant if it is at least 4. The test files stay closed. Figures are printed as the tables of
`docs/algorithms/similarity.md` and written to `benchmarks/results/similarity.json`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import typing
from pathlib import Path
from typing import Any

import numpy as np

import longtail as lt
import movielens_100k
from longtail.algorithms.neighborhood.knn import Similarity

RESULTS = Path(__file__).parent / "results" / "similarity.json"
SHRINKAGES = (10.0, 50.0, 200.0)
RELEVANT = 4.0

Splits = list[tuple[lt.Interactions, lt.Interactions]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", nargs="*", type=int, default=list(movielens_100k.FOLDS))
    folds = parser.parse_args().folds
    files = [movielens_100k.training(fold) for fold in folds]
    found = {"folds": folds, "sparsity": sparsity(files[0]), "ratings": [], "clicks": []}
    splits = [lt.splits.random_holdout(data, 0.2, seed=fold) for fold, data in zip(folds, files, strict=True)]
    ratings(splits, found["ratings"])
    clicks(splits, found["clicks"])
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def sparsity(data: lt.Interactions) -> dict[str, Any]:
    """The share of pairs with at least so many ratings in common, and what one in common does to a cosine."""
    met = (data.by_user != 0).astype(np.int32)
    print(
        "\n| in common | "
        + " | ".join(f"at least {n}" for n in (1, 2, 5, 10, 20, 50))
        + " | median of those with any |"
    )
    print("|" + "---|" * 8)
    found = {}
    for name, rows in (("two items", met.T.tocsr()), ("two users", met)):
        common = (rows @ rows.T).toarray()[np.triu_indices(rows.shape[0], k=1)]
        shares = [float((common >= n).mean()) for n in (1, 2, 5, 10, 20, 50)]
        found[name] = {"shares": shares, "median": float(np.median(common[common > 0]))}
        print(f"| {name} | " + " | ".join(f"{share:.1%}" for share in shares) + f" | {found[name]['median']:.0f} |")
    cosines = lt.ItemKNN(similarity="cosine").fit(data).similarities_
    pairs = np.column_stack([np.repeat(np.arange(met.shape[1]), np.diff(cosines.indptr)), cosines.indices])
    top = cosines.data > 0.9999
    common = np.asarray((met.T.tocsr() @ met.tocsr()).tocsr()[pairs[top, 0], pairs[top, 1]]).ravel()
    found["perfect"] = {"share": float(top.mean()), "one_rater": float((common == 1).mean())}
    print(
        f"\nOf the positive cosines of two items, {top.mean():.1%} are 1; of those, {(common == 1).mean():.1%} rest on "
        "a single common rater."
    )
    return found


def ratings(splits: Splits, rows: list[Any]) -> None:
    """Every measure of the neighborhoods of ratings."""
    print("\n| | measure | RMSE | shrunk | by | NDCG@10 | shrunk | by |\n" + "|" + "---|" * 8, flush=True)
    for side, name in itertools.product(("user-knn", "item-knn"), typing.get_args(Similarity)):
        plain, *shrunk = [measured(splits, side, similarity=name, shrinkage=by) for by in (0.0, *SHRINKAGES)]
        rmse = min(zip(shrunk, SHRINKAGES, strict=True), key=lambda pair: pair[0]["rmse"])
        ndcg = max(zip(shrunk, SHRINKAGES, strict=True), key=lambda pair: pair[0]["ndcg"])
        rows.append({"algorithm": side, "similarity": name, "plain": plain, "shrunk": shrunk})
        print(
            f"| {side} | {name} | {plain['rmse']:.4f} | {rmse[0]['rmse']:.4f} | {rmse[1]:.0f} "
            f"| {plain['ndcg']:.4f} | {ndcg[0]['ndcg']:.4f} | {ndcg[1]:.0f} |",
            flush=True,
        )


def clicks(splits: Splits, rows: list[Any]) -> None:
    """Every measure of the neighborhoods of clicks."""
    print("\n| | measure | weighting | NDCG@10 | shrunk | by |\n" + "|" + "---|" * 6, flush=True)
    weighed = itertools.product(("cosine", "dot"), ("none", "tfidf", "bm25"))
    measures = [*weighed, ("jaccard", "none"), ("conditional_probability", "none")]
    for side, (name, weighting) in itertools.product(("implicit-user-knn", "implicit-item-knn"), measures):
        chosen = {"similarity": name, "weighting": weighting, "neighbors": 100}
        plain, *shrunk = [measured(splits, side, **chosen, shrinkage=by)["ndcg"] for by in (0.0, *SHRINKAGES)]
        best = max(zip(shrunk, SHRINKAGES, strict=True))
        rows.append({"algorithm": side, **chosen, "plain": plain, "shrunk": shrunk})
        print(f"| {side} | {name} | {weighting} | {plain:.4f} | {best[0]:.4f} | {best[1]:.0f} |", flush=True)


def measured(splits: Splits, name: str, **chosen: Any) -> dict[str, float]:
    """Means over the splits."""
    errors, gains = [], []
    for train, hidden in splits:
        model = lt.make(name, **chosen).fit(train)
        if model.predicts_ratings:
            errors.append(float(lt.metrics.rmse(model.predict_ratings(hidden))))
        gains.append(float(lt.metrics.ndcg(model.recommend(n=10), hidden, min_rating=RELEVANT)))
    return {"rmse": float(np.mean(errors)) if errors else float("nan"), "ndcg": float(np.mean(gains))}


if __name__ == "__main__":
    main()
