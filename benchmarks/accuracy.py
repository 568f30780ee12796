"""RMSE and MAE of algorithms on the five published folds of MovieLens 100K. Only to report: it opens the test files.

```
python benchmarks/accuracy.py svd svdpp:factors=20,epochs=20 --json accuracy.json
python benchmarks/accuracy.py svd --nested      # for each fold, the best trial by that fold's own training file
```
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import longtail as lt
import movielens_100k
from longtail import params, registry
from longtail.errors import LongtailError

STUDIES = Path(__file__).parent / "studies"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("algorithms", nargs="+", help="names with parameters, such as svd:factors=20")
    parser.add_argument("--nested", action="store_true", help="take each fold's parameters from the study")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args(arguments)
    try:
        results = [measure(spec, options.nested) for spec in options.algorithms]
    except LongtailError as error:
        print(error, file=sys.stderr)
        return 2
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(spec: str, nested: bool) -> dict[str, Any]:
    """The errors of one algorithm on each fold, and their means."""
    name, given = registry.parse(spec)
    folds = []
    for fold in movielens_100k.FOLDS:
        train, test = movielens_100k.train_and_test(fold)
        model = lt.make(name, **(chosen_by_fold(name, fold) if nested else {}) | given)
        error = errors(model.fit(train), test)
        rmse, mae = float(np.sqrt(np.mean(error**2))), float(np.mean(np.abs(error)))
        folds.append({"fold": fold, "rmse": rmse, "mae": mae, "parameters": params.values(model)})
    mean = {key: float(np.mean([entry[key] for entry in folds])) for key in ("rmse", "mae")}
    return {"algorithm": spec, "nested": nested, "folds": folds, **mean}


def errors(model: Any, test: lt.Interactions) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Estimate minus rating of every test row, in double precision."""
    found = model.predict_ratings(test)
    return found.estimated.astype(np.float64) - found.actual


def chosen_by_fold(name: str, fold: int) -> dict[str, Any]:
    """The parameters of the study's best complete trial by the inner RMSE of one fold alone."""
    study = json.loads((STUDIES / f"{name}.json").read_text(encoding="utf-8"))
    place = movielens_100k.FOLDS.index(fold)
    complete = [trial for trial in study["trials"] if trial["rmse"] is not None]
    best: dict[str, Any] = min(complete, key=lambda trial: trial["folds"][place])["parameters"]
    return best


def table(results: list[dict[str, Any]]) -> str:
    """One line an algorithm: RMSE of each fold, mean RMSE, mean MAE."""
    width = max(len(result["algorithm"]) for result in results)
    lines = [f"{'':{width}}  " + " ".join(f"u{fold:<6}" for fold in movielens_100k.FOLDS) + " RMSE    MAE"]
    for result in results:
        row = " ".join(f"{entry['rmse']:.5f}" for entry in result["folds"])
        lines.append(f"{result['algorithm']:{width}}  {row} {result['rmse']:.5f} {result['mae']:.5f}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
