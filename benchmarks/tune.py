"""Choose the defaults of an algorithm with the library's `Tuner`, validation nested. No test file is ever opened.

```
python benchmarks/tune.py svd --trials 40 --fixed epochs=20 --space factors=16:128:log
python benchmarks/tune.py ease --metric ndcg
python benchmarks/tune.py --all --trials 40 --minutes 20      # every algorithm, the same number of trials
```

For each of the five published folds of MovieLens 100K only the TRAINING file is read; 20 % of its rows, drawn with a
fixed seed, are held out of it, and a trial is scored by the mean over the five folds of the metric on those rows: rmse
for what predicts ratings and ndcg for the others unless `--metric` says otherwise. For ndcg and the other metrics of
lists every held-out row is relevant and a list has ten places. The first trial is the current defaults; what the others
may try are the `search` ranges of the fields, the choices of their `Literal` types and the booleans.

A trial is discarded after a fold when it is there, over the folds so far, more than `--margin` worse than the best
trial on the same folds: the scores of two settings vary together across folds, so it could not have won. Discarded
trials are recorded with the folds they ran.

The study goes to `benchmarks/studies/ALGORITHM.json` (for another metric than rmse: `ALGORITHM.METRIC.json`): every
trial with its seconds, the best one, the seed and the fingerprints of the files. Every trial keeps its five values
apart, so that `accuracy.py --nested` can choose for each fold by that fold's own training file alone: a test row of one
fold stands in the training files of the other four.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import longtail as lt
import movielens_100k
from longtail import params, registry, rng
from longtail.algorithms.powers import PredictsRatings
from longtail.errors import ConfigError, LongtailError
from longtail.evaluation.tuning import Trial, Tuner, TuningResult

STUDIES = Path(__file__).parent / "studies"
HELD_OUT = 0.2
MARGINS = {"rmse": 0.005, "mae": 0.005}
MARGIN_OF_LISTS = 0.01

Split = tuple[lt.Interactions, lt.Interactions]


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    names = registry.names() if options.all else [options.algorithm]
    failed = 0
    for name in names:
        try:
            study(name, options)
        except LongtailError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed += 1
    return 2 if failed == len(names) else 0


def study(name: str, options: argparse.Namespace) -> None:
    """Tune one algorithm and write its study."""
    cls = registry.get(name)
    metric = options.metric or ("rmse" if issubclass(cls, PredictsRatings) else "ndcg")
    margin = options.margin if options.margin is not None else MARGINS.get(metric, MARGIN_OF_LISTS)
    folds = [(fold, movielens_100k.training(fold)) for fold in movielens_100k.FOLDS]
    tuner = Tuner(
        name,
        splits=[inner_split(training, options.seed, fold) for fold, training in folds],
        metric=metric,
        space=dict(_pair(text, "--space") for text in options.space),
        fixed=params.parse(cls, dict(_pair(text, "--fixed") for text in options.fixed)),
        sampler=options.sampler,
        prune=margin,
        seed=options.seed,
    )
    print(f"{name}: {metric}, {options.trials} trials", flush=True)
    seconds = options.minutes * 60 if options.minutes else None
    result = tuner.run(options.trials, jobs=options.jobs, seconds=seconds)
    output = Path(options.output) if options.output else STUDIES / file_name(name, result.metric.name)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(as_text(recorded(result, options, margin)), encoding="utf-8")
    result.show()
    print(f"written to {output}\n", flush=True)
    if result.interrupted:
        raise SystemExit(130)


def file_name(algorithm: str, metric: str) -> str:
    """Where a study is kept: `svd.json` for rmse, `svd.ndcg.json` for ndcg."""
    return f"{algorithm}.json" if metric == "rmse" else f"{algorithm}.{metric}.json"


def recorded(result: TuningResult, options: argparse.Namespace, margin: float) -> dict[str, Any]:
    """The study as it is kept in `benchmarks/studies`."""
    metric = result.metric.name
    return {
        "algorithm": result.algorithm,
        "objective": f"mean {result.metric.short} on the held-out rows of the five training files",
        "metric": metric,
        "n": result.facts["n"],
        "held_out": HELD_OUT,
        "seed": options.seed,
        "sampler": result.sampler,
        "margin": margin,
        "fixed": dict(result.fixed),
        "searched": sorted(result.searched),
        "spaces": [f"{name}={text}" for name, text in result.facts["space"].items()],
        "data": {
            f"u{fold}.base": movielens_100k.digest(movielens_100k.base_file(fold)) for fold in movielens_100k.FOLDS
        },
        "best_minus_defaults": result.difference,
        "best": _trial(result.best, metric) if result.best else None,
        "trials": [_trial(trial, metric) for trial in result.trials],
    }


def _trial(trial: Trial, metric: str) -> dict[str, Any]:
    return {
        "parameters": dict(trial.parameters),
        "folds": [round(score.value, 6) for score in trial.folds],
        metric: None if trial.value is None else round(trial.value, 6),
        "seconds": round(trial.wall, 2),
        "cpu_seconds": round(trial.cpu, 2),
        **({"error": trial.error} if trial.error else {}),
    }


def as_text(study: dict[str, Any]) -> str:
    """The study as JSON, a line for each entry and each trial, so that two studies can be compared by line."""
    entries = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in study.items() if name != "trials"]
    trials = ",\n  ".join(json.dumps(trial) for trial in study["trials"])
    return "{\n " + ",\n ".join([*entries, f'"trials": [\n  {trials}\n ]']) + "\n}\n"


def inner_split(training: lt.Interactions, seed: int, fold: int) -> Split:
    """80 % of a training file to learn from and 20 % to judge by, at random."""
    held_out = rng.generator(seed, "inner split", fold).random(len(training)) < HELD_OUT
    return training.take(~held_out), training.take(held_out)


def _pair(text: str, flag: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"{flag} {text!r}: write {flag} name=value")
    return name.replace("-", "_"), value


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Choose defaults by a search with nested validation.")
    parser.add_argument("algorithm", nargs="?", help="a registered name, such as svd")
    parser.add_argument("--all", action="store_true", help="every registered algorithm, one after another")
    parser.add_argument("--metric", help="rmse, mae, ndcg, recall, ...; by default rmse, or ndcg for what only ranks")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--minutes", type=float, help="limit for each algorithm; what is begun stops at its next fold")
    parser.add_argument("--jobs", type=int, default=1, help="trials at the same time, each a process")
    parser.add_argument("--sampler", choices=("tpe", "random"), default="tpe")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--margin", type=float, help="how far a trial may lag; by default 0.005, of lists 0.01")
    parser.add_argument("--fixed", nargs="*", action="extend", default=[], metavar="NAME=VALUE")
    parser.add_argument("--space", nargs="*", action="extend", default=[], metavar="NAME=LOW:HIGH[:log]")
    parser.add_argument("--output", help="file for the study instead of the one in benchmarks/studies")
    options = parser.parse_args(arguments)
    if options.all == bool(options.algorithm):
        parser.error("name an algorithm, or say --all")
    if options.all and (options.output or options.space or options.fixed):
        parser.error("--output, --space and --fixed are for one algorithm")
    return options


if __name__ == "__main__":
    sys.exit(main())
