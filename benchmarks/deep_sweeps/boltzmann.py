"""Choose the hyperparameters of `rbm` and `conditional-rbm` inside the training files of MovieLens 100K.

```
LONGTAIL_DATA=data python benchmarks/deep_sweeps/boltzmann.py --seconds 300 --json boltzmann-sweep.json
python benchmarks/deep_sweeps/boltzmann.py --json boltzmann-sweep.json --studies   # for accuracy.py --nested
```

Of each of the five published training files a fifth of the rows is held out, as in `tune.py`; a trial is its RMSE on
those of each fold. Models take turns; the first trial of each are its defaults, the others are drawn at random around
them. Every finished trial is appended to the file; a run with the same file goes on where the last one stopped. No test
file is opened. `--studies` writes the trials to `benchmarks/studies`, where `accuracy.py --nested` looks for the
best of each fold by that fold's own training file alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import longtail as lt
import movielens_100k
import tune

MODELS = ("rbm", "conditional-rbm")


def main() -> None:
    """Trials until the time is up, then the best of each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0, help="start no trial after that time")
    parser.add_argument("--json", type=Path, required=True, help="where the trials are kept")
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--studies", action="store_true", help="only write the studies of the trials kept")
    chosen = parser.parse_args()
    began = time.perf_counter()
    kept = json.loads(chosen.json.read_text(encoding="utf-8")) if chosen.json.exists() else []
    if chosen.studies:
        for name in chosen.models:
            write_study(name, [{**run, "algorithm": None} for run in kept if run["algorithm"] == name])
        return
    splits = [tune.inner_split(movielens_100k.training(fold), 0, fold) for fold in movielens_100k.FOLDS]
    while time.perf_counter() - began < chosen.seconds:
        trial = len(kept)
        name, turn = chosen.models[trial % len(chosen.models)], trial // len(chosen.models)
        given = drawn(np.random.default_rng([trial, 11])) if turn else {}
        kept.append({"algorithm": name, **tried(name, given, splits)})
        print(json.dumps(kept[-1]), flush=True)
        chosen.json.write_text("[\n" + ",\n".join(map(json.dumps, kept)) + "\n]\n", encoding="utf-8")
    for name in chosen.models:
        own = [run for run in kept if run["algorithm"] == name]
        if own:
            best = min(own, key=lambda run: run["rmse"])
            print(f"{name}: {best['rmse']:.5f}, best of {len(own)} trials: {best['parameters']}")


def tried(name: str, given: dict[str, Any], splits: list[tune.Split]) -> dict[str, Any]:
    """The RMSE of one setting on what is held out of each fold."""
    began, folds = time.perf_counter(), []
    for learned, asked in splits:
        found = lt.make(name, **given).fit(learned).predict_ratings(asked)
        folds.append(round(float(np.sqrt(np.mean((found.estimated.astype(np.float64) - found.actual) ** 2))), 6))
    seconds = round(time.perf_counter() - began, 2)
    return {"parameters": given, "folds": folds, "rmse": round(float(np.mean(folds)), 6), "seconds": seconds}


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """Settings of a trial; few numbers of hidden units, so that few programs are compiled."""
    return {
        "factors": int(rng.choice([50, 100, 200])),
        "epochs": int(rng.choice([60, 80, 120])),
        "learning_rate": _between(rng, 5e-4, 5e-3),
        "regularization": _between(rng, 0.02, 1.0),
        "batch_size": int(rng.choice([32, 64])),
        "last_gibbs_steps": int(rng.choice([1, 3, 5])),
    }


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.2g}")


def write_study(name: str, trials: list[dict[str, Any]]) -> None:
    """Keep the trials of one model as `tune.py` keeps its own."""
    if not trials:
        return
    for trial in trials:
        del trial["algorithm"]
    files = {f"u{fold}.base": movielens_100k.base_file(fold) for fold in movielens_100k.FOLDS}
    study = {
        "algorithm": name,
        "objective": "mean RMSE on the held-out rows of the five training files",
        "metric": "rmse",
        "held_out": tune.HELD_OUT,
        "seed": 0,
        "sampler": "random, deep_sweeps/boltzmann.py",
        "data": {file: movielens_100k.digest(path) for file, path in files.items()},
        "best": min(trials, key=lambda trial: trial["rmse"]),
        "trials": trials,
    }
    (tune.STUDIES / tune.file_name(name, "rmse")).write_text(tune.as_text(study), encoding="utf-8")


if __name__ == "__main__":
    main()
