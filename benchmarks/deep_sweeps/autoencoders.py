"""Choose the hyperparameters of autorec, cdae, mult-dae and mult-vae on MovieLens 100K, inside training rows alone.

```
LONGTAIL_DATA=data python benchmarks/deep_sweeps/autoencoders.py --seconds 300 --json autoencoders-sweep.json
python benchmarks/deep_sweeps/autoencoders.py --seconds 0 --json autoencoders-sweep.json --study autorec.json
```

Models take turns; of autorec both sides. The first trial of each are its defaults (of the side "user": with the biases
taken out first), the others are drawn at random. A trial of autorec is scored by its RMSE on 20 % of the rows of each
of the five published training files, the five values kept apart; one of the others by NDCG@10 on a fifth of the rows
of the training part of the protocol `per-item` of `ranking.py`. No test row is read. Every finished trial is appended
to the file; a run with the same file goes on where the last one stopped. `--study` writes the trials of autorec as
`accuracy.py --nested` reads them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import accuracy
import longtail as lt
import movielens_100k
import ranking
import tune
from longtail import params
from longtail.errors import ConfigError

MODELS = ("autorec:side=item", "autorec:side=user", "mult-vae", "mult-dae", "cdae")
FIRST: dict[str, dict[str, Any]] = {"autorec:side=user": {"center": "biases", "regularization": 0.1}}
Draw = Callable[[np.random.Generator], dict[str, Any]]


def main() -> None:
    """Trials until the time is up, then the best of each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0, help="start no trial after that time")
    parser.add_argument("--json", type=Path, required=True, help="where the trials are kept")
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=MODELS)
    parser.add_argument("--study", type=Path, help="also write the trials of autorec to this file")
    chosen = parser.parse_args()
    began = time.perf_counter()
    kept = json.loads(chosen.json.read_text(encoding="utf-8")) if chosen.json.exists() else []
    splits = {"autorec": rating_splits(), "lists": [list_split()]} if chosen.seconds > 0 else {}
    trial = len(kept)
    while time.perf_counter() - began < chosen.seconds:
        name, turn = chosen.models[trial % len(chosen.models)], trial // len(chosen.models)
        given = DRAWS[name](np.random.default_rng([trial, 5])) if turn else FIRST.get(name, {})
        kept.append(tried(name, given, splits))
        print(json.dumps(kept[-1]), flush=True)
        chosen.json.write_text("[\n" + ",\n".join(map(json.dumps, kept)) + "\n]\n", encoding="utf-8")
        trial += 1
    for name in chosen.models:
        own = [run for run in kept if run["model"] == name and run["value"] is not None]
        if own:
            best = min(own, key=lambda run: run["value"] if run["metric"] == "rmse" else -run["value"])
            print(f"{name}: {best['metric']} {best['value']:.4f}, best of {len(own)}: {best['given']}")
    if chosen.study:
        chosen.study.write_text(tune.as_text(study(kept)), encoding="utf-8")


def tried(name: str, given: dict[str, Any], splits: dict[str, Any]) -> dict[str, Any]:
    """A trial: its settings, its value on each split, and their mean; None where learning diverged."""
    algorithm, _, rest = name.partition(":")
    fixed = dict([rest.split("=")]) if rest else {}
    model, began = lt.make(algorithm, **fixed, **given), time.perf_counter()
    metric = "rmse" if algorithm == "autorec" else "ndcg"
    try:
        values = [SCORES[metric](model.fit(train), held) for train, held in splits["autorec" if fixed else "lists"]]
    except ConfigError:
        values = []
    return {
        "model": name,
        "metric": metric,
        "given": given,
        "parameters": params.values(model),
        "folds": [round(value, 6) for value in values],
        "value": round(float(np.mean(values)), 6) if values else None,
        "seconds": round(time.perf_counter() - began, 2),
    }


SCORES: dict[str, Callable[[Any, lt.Interactions], float]] = {
    "rmse": lambda model, held: float(np.sqrt(np.mean(accuracy.errors(model, held) ** 2))),
    "ndcg": lambda model, held: float(lt.metrics.ndcg(model.recommend(held.users_present(), n=10), held)),
}


def rating_splits() -> list[Any]:
    """Of each of the five training files, most rows and the others."""
    return [tune.inner_split(movielens_100k.training(fold), 0, fold) for fold in movielens_100k.FOLDS]


def list_split() -> Any:
    """Of the training part of a protocol, most rows and the others."""
    train, _ = ranking.PROTOCOLS["per-item"](lt.datasets.movielens("100k"))
    return lt.splits.random_holdout(train, 0.2, seed=1)


def study(kept: list[dict[str, Any]]) -> dict[str, Any]:
    """The trials of autorec, both sides, as a study."""
    own = [run for run in kept if run["model"].startswith("autorec") and run["value"] is not None]
    trials = [{k: run[k] for k in ("parameters", "folds", "seconds")} | {"rmse": run["value"]} for run in own]
    return {
        "algorithm": "autorec",
        "objective": "mean RMSE on the held-out rows of the five training files",
        "metric": "rmse",
        "held_out": tune.HELD_OUT,
        "seed": 0,
        "sampler": "random",
        "trials": trials,
    }


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.3g}")


def pick(rng: np.random.Generator, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def common(rng: np.random.Generator) -> dict[str, Any]:
    """What every model draws: how to train."""
    return {
        "epochs": int(log_uniform(rng, 40, 250)),
        "learning_rate": log_uniform(rng, 5e-4, 1e-2),
        "batch_size": pick(rng, 32, 64, 128, 256),
        "schedule": pick(rng, "constant", "linear", "cosine"),
    }


def ratings(rng: np.random.Generator, side: str) -> dict[str, Any]:
    """Settings of autorec."""
    return common(rng) | {
        "center": pick(rng, "none", "none", "biases") if side == "item" else pick(rng, "none", "biases", "biases"),
        "factors": pick(rng, 100, 200, 300, 500),
        "regularization": log_uniform(rng, 0.015, 0.25),
        "dropout": pick(rng, 0.0, 0.0, 0.1, 0.3),
    }


def multinomial(rng: np.random.Generator) -> dict[str, Any]:
    """Settings of mult-dae and mult-vae."""
    return common(rng) | {
        "hidden": pick(rng, (), (), (200,), (600,)),
        "factors": pick(rng, 50, 100, 200, 400),
        "dropout": pick(rng, 0.2, 0.35, 0.5, 0.65, 0.8),
        "preference": pick(rng, "binary", "value"),
    }


DRAWS: dict[str, Draw] = {
    "autorec:side=item": lambda rng: ratings(rng, "item"),
    "autorec:side=user": lambda rng: ratings(rng, "user"),
    "mult-dae": lambda rng: multinomial(rng) | {"regularization": log_uniform(rng, 1e-3, 3e-2)},
    "mult-vae": lambda rng: (
        multinomial(rng)
        | {
            "kl_weight": log_uniform(rng, 0.02, 1.0),
            "annealing": pick(rng, 0.0, 0.5, 0.8),
            "regularization": pick(rng, 0.0, log_uniform(rng, 1e-4, 1e-2)),
        }
    ),
    "cdae": lambda rng: (
        common(rng)
        | {
            "factors": pick(rng, 50, 100, 200, 400),
            "activation": pick(rng, "sigmoid", "tanh", "linear"),
            "loss": pick(rng, "logistic", "square"),
            "negatives": log_uniform(rng, 1.0, 50.0),
            "dropout": pick(rng, 0.2, 0.35, 0.5, 0.65, 0.8),
            "regularization": log_uniform(rng, 1e-5, 1e-3),
        }
    ),
}

if __name__ == "__main__":
    main()
