"""RMSE and MAE of algorithms on the five published folds of MovieLens 100K. Only to report: it opens the test files.

```
python benchmarks/accuracy.py svd svdpp:factors=20,epochs=20 --json accuracy.json
python benchmarks/accuracy.py svd --nested      # for each fold, the best trial by that fold's own training file
python benchmarks/accuracy.py                   # every algorithm that predicts ratings
python benchmarks/accuracy.py --show benchmarks/results/accuracy.json      # the table again, as Markdown
```

An algorithm without a study runs with its defaults, also with `--nested`. Seconds are those of all five fits.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
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
    parser.add_argument("algorithms", nargs="*", help="names with parameters, such as svd:factors=20")
    parser.add_argument("--nested", action="store_true", help="take each fold's parameters from the study")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--show", type=Path, help="only print the table of such a file, as Markdown")
    options = parser.parse_args(arguments)
    if options.show:
        print(markdown(json.loads(options.show.read_text(encoding="utf-8"))))
        return 0
    try:
        results = [measure(spec, options.nested) for spec in options.algorithms or rating_predictors()]
    except LongtailError as error:
        print(error, file=sys.stderr)
        return 2
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def rating_predictors() -> list[str]:
    """The names of all algorithms that predict ratings."""
    return [name for name in registry.BUILT_IN if registry.get(name).predicts_ratings]


def measure(spec: str, nested: bool) -> dict[str, Any]:
    """The errors of one algorithm on each fold, and their means."""
    name, given = registry.parse(spec)
    folds, seconds = [], 0.0
    for fold in movielens_100k.FOLDS:
        train, test = movielens_100k.train_and_test(fold)
        model = lt.make(name, **(chosen_by_fold(name, fold, given) if nested else {}) | given)
        began = time.perf_counter()
        model.fit(train)
        seconds += time.perf_counter() - began
        error = errors(model, test)
        rmse, mae = float(np.sqrt(np.mean(error**2))), float(np.mean(np.abs(error)))
        folds.append({"fold": fold, "rmse": rmse, "mae": mae, "parameters": params.values(model)})
    mean = {key: float(np.mean([entry[key] for entry in folds])) for key in ("rmse", "mae")}
    print(f"{spec} {mean['rmse']:.5f} {seconds:.1f} s", file=sys.stderr, flush=True)
    return {"algorithm": spec, "nested": nested, "folds": folds, "seconds": round(seconds, 2), **mean}


def errors(model: Any, test: lt.Interactions) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Estimate minus rating of every test row, in double precision."""
    found = model.predict_ratings(test)
    return found.estimated.astype(np.float64) - found.actual


def chosen_by_fold(name: str, fold: int, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters of the study's best complete trial by the inner RMSE of one fold alone; none without a study.

    Where trials of the study have what is given, the best of these is taken.
    """
    path = STUDIES / f"{name}.json"
    if not path.is_file():
        return {}
    study = json.loads(path.read_text(encoding="utf-8"))
    place = movielens_100k.FOLDS.index(fold)
    complete = [trial for trial in study["trials"] if trial["rmse"] is not None]
    alike = [trial for trial in complete if given.items() <= trial["parameters"].items()]
    best: dict[str, Any] = min(alike or complete, key=lambda trial: trial["folds"][place])["parameters"]
    return best


def table(results: list[dict[str, Any]]) -> str:
    """One line an algorithm: RMSE of each fold, mean RMSE, mean MAE."""
    width = max(len(result["algorithm"]) for result in results)
    lines = [f"{'':{width}}  " + " ".join(f"u{fold:<6}" for fold in movielens_100k.FOLDS) + " RMSE    MAE"]
    for result in results:
        row = " ".join(f"{entry['rmse']:.5f}" for entry in result["folds"])
        lines.append(f"{result['algorithm']:{width}}  {row} {result['rmse']:.5f} {result['mae']:.5f}")
    return "\n".join(lines)


def markdown(results: list[dict[str, Any]]) -> str:
    """A row an algorithm, lowest mean RMSE first: RMSE / MAE of each fold and their means, and seconds."""
    lines = ["| algorithm | " + " | ".join(f"u{fold}" for fold in movielens_100k.FOLDS) + " | mean | fits, s |"]
    lines.append("|---" * (len(movielens_100k.FOLDS) + 3) + "|")
    for result in sorted(results, key=lambda result: result["rmse"]):
        pairs = [f"{entry['rmse']:.4f} / {entry['mae']:.4f}" for entry in [*result["folds"], result]]
        lines.append(f"| {result['algorithm']} | " + " | ".join(pairs) + f" | {result['seconds']:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
