"""Choose the defaults of an algorithm by random search with nested validation. No test file is ever opened.

```
python benchmarks/tune.py svd --trials 40 --fixed epochs=20 --space factors=16:128:log
```

For each of the five published folds of MovieLens 100K only the TRAINING file is read; 20 % of its rows, drawn with a
fixed seed, are held out of it, and a trial is scored by the mean over the five folds of the RMSE on those rows. The
first trial is the current defaults; the others draw each parameter independently from its `search` range (log-uniform
where it says so) or from the choices of its `Literal` type. A parameter with neither keeps its default.

A trial is discarded after its first fold when it is there more than `--margin` worse than the best trial so far is on
the same fold: the RMSE of two settings varies together across folds, so it could not have won. Discarded trials are
recorded with the one fold they ran.

The study goes to `benchmarks/studies/ALGORITHM.json`: every trial, the best one, the seed and the fingerprints of the
files. Every trial keeps its five values apart, so that `accuracy.py --nested` can choose for each fold by that fold's
own training file alone: a test row of one fold stands in the training files of the other four.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
import time
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import longtail as lt
import movielens_100k
from longtail import params, registry, rng
from longtail.errors import ConfigError, LongtailError

STUDIES = Path(__file__).parent / "studies"
HELD_OUT = 0.2

Draw = Callable[[np.random.Generator], Any]
Split = tuple[lt.Interactions, lt.Interactions]
Study = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    try:
        cls = registry.get(options.algorithm)
        fixed = params.parse(cls, dict(_pair(text, "--fixed") for text in options.fixed))
        spaces = dict(_pair(text, "--space") for text in options.space)
        draws = {name: draw for name, draw in search_space(cls, spaces).items() if name not in fixed}
        study = search(options, cls, fixed, draws)
    except LongtailError as error:
        print(error, file=sys.stderr)
        return 2
    output = Path(options.output) if options.output else STUDIES / f"{options.algorithm}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(study, indent=1) + "\n", encoding="utf-8")
    print(f"\nbest RMSE {study['best']['rmse']:.5f} (defaults {study['trials'][0]['rmse']:.5f}) with")
    for name, value in study["best"]["parameters"].items():
        print(f"  {name} = {value!r}")
    print(f"written to {output}")
    return 0


def search(
    options: argparse.Namespace, cls: type[Any], fixed: dict[str, Any], draws: dict[str, Draw]
) -> dict[str, Any]:
    """Run the trials and return the study."""
    splits = [inner_split(movielens_100k.training(fold), options.seed, fold) for fold in movielens_100k.FOLDS]
    generator = rng.generator(options.seed, "tune", options.algorithm)
    trials: list[dict[str, Any]] = []
    best: dict[str, Any] | None = None
    for number in range(options.trials):
        drawn = {name: draw(generator) for name, draw in draws.items()} if number else {}
        began = time.process_time()
        trial = evaluate(cls(**fixed, **drawn), splits, best, options.margin)
        trials.append(trial)
        if trial["rmse"] is not None and (best is None or trial["rmse"] < best["rmse"]):
            best = trial
        _progress(number, trial, time.process_time() - began, draws, best)
    return {
        "algorithm": options.algorithm,
        "objective": "mean RMSE on the held-out rows of the five training files",
        "held_out": HELD_OUT,
        "seed": options.seed,
        "margin": options.margin,
        "fixed": fixed,
        "searched": sorted(draws),
        "data": {
            f"u{fold}.base": movielens_100k.digest(movielens_100k.base_file(fold)) for fold in movielens_100k.FOLDS
        },
        "best": best,
        "trials": trials,
    }


def inner_split(training: lt.Interactions, seed: int, fold: int) -> Split:
    """80 % of a training file to learn from and 20 % to judge by, at random."""
    held_out = rng.generator(seed, "inner split", fold).random(len(training)) < HELD_OUT
    return training.take(~held_out), training.take(held_out)


def evaluate(model: Any, splits: list[Split], best: dict[str, Any] | None, margin: float) -> dict[str, Any]:
    """One trial: its parameters, the RMSE of each fold run, and their mean (None when discarded)."""
    folds: list[float] = []
    for train, held_out in splits:
        found = model.clone().fit(train).predict_ratings(held_out)
        error = found.estimated.astype(np.float64) - found.actual
        folds.append(round(float(np.sqrt(np.mean(error**2))), 6))
        if best is not None and not folds[0] <= best["folds"][0] + margin:
            break
    complete = len(folds) == len(splits) and all(math.isfinite(value) for value in folds)
    mean = round(float(np.mean(folds)), 6) if complete else None
    return {
        "parameters": params.values(model),
        "folds": [value if math.isfinite(value) else None for value in folds],
        "rmse": mean,
    }


def search_space(cls: type[Any], given: dict[str, str]) -> dict[str, Draw]:
    """How each searched parameter of `cls` is drawn; `given` overrides ranges (`lo:hi[:log]`) or choices (`a,b`)."""
    hints = typing.get_type_hints(cls)
    draws: dict[str, Draw] = {}
    params.parse(cls, {name: "" for name in given if name not in hints})
    for field in dataclasses.fields(cls):
        whole = hints[field.name] is int
        if field.name in given:
            draws[field.name] = _given_draw(cls, field.name, given[field.name], whole)
        elif field.metadata.get("search"):
            draws[field.name] = _range_draw(*field.metadata["search"], bool(field.metadata.get("log")), whole)
        elif params.choices(hints[field.name]):
            draws[field.name] = _choice_draw(params.choices(hints[field.name]))
    return draws


def _given_draw(cls: type[Any], name: str, text: str, whole: bool) -> Draw:
    if ":" not in text:
        return _choice_draw(tuple(params.parse(cls, {name: part})[name] for part in text.split(",")))
    low, high, *rest = text.split(":")
    if rest not in ([], ["log"]):
        raise ConfigError(f"--space {name}={text!r}: write {name}=low:high, {name}=low:high:log or {name}=a,b,c")
    return _range_draw(float(low), float(high), bool(rest), whole)


def _range_draw(low: float, high: float, log: bool, whole: bool) -> Draw:
    def draw(generator: np.random.Generator) -> Any:
        value = math.exp(generator.uniform(math.log(low), math.log(high))) if log else generator.uniform(low, high)
        return round(value) if whole else float(f"{value:.4g}")

    return draw


def _choice_draw(values: tuple[Any, ...]) -> Draw:
    return lambda generator: values[int(generator.integers(len(values)))]


def _pair(text: str, flag: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"{flag} {text!r}: write {flag} name=value")
    return name.replace("-", "_"), value


def _progress(number: int, trial: dict[str, Any], seconds: float, draws: dict[str, Draw], best: Any) -> None:
    shown = " ".join(f"{name}={trial['parameters'][name]}" for name in draws)
    outcome = "discarded" if trial["rmse"] is None else f"{trial['rmse']:.5f}{' *' if trial is best else ''}"
    print(f"{number:3d}  {outcome:<11} {seconds:6.1f} s  {shown}", flush=True)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Choose defaults by random search with nested validation.")
    parser.add_argument("algorithm", help="a registered name, such as svd")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--margin", type=float, default=0.005, help="RMSE by which fold 1 may lag before discarding")
    parser.add_argument("--fixed", nargs="*", action="extend", default=[], metavar="NAME=VALUE")
    parser.add_argument("--space", nargs="*", action="extend", default=[], metavar="NAME=LOW:HIGH[:log]")
    parser.add_argument("--output", help="file for the study instead of benchmarks/studies/ALGORITHM.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
