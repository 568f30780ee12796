"""Session models on a click log that is divided already: the next click after every beginning of every test session.

```
LONGTAIL_DATA=data python benchmarks/sessions.py --record              # the line-up, on the test part
LONGTAIL_DATA=data python benchmarks/sessions.py --validation stan stan:age=10
```

The folder `yoochoose-100k` holds `train_full.txt` and `test.txt`, and `train_tr.txt` and `train_valid.txt` to choose
parameters with. Candidates are all items of the training part, those met in the session included. HR@20 is the share of
clicks whose item is listed with a score above zero, MRR@20 the mean of 1 / its place, ties in the worst order; seconds
are those of one fit and of all lists, compiled before. `--record` writes `benchmarks/results/sessions.json`, from which
`results_page.py` makes the table of `docs/algorithms/sessions.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import longtail as lt
from longtail import registry
from longtail.types import AnyArray

PLACES = 20
RECORD = Path(__file__).parent / "results" / "sessions.json"


def main() -> None:
    """Print a row for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=registry.SESSIONS, metavar="NAME[:PARAM=VALUE]")
    parser.add_argument("--validation", action="store_true", help="learn from train_tr, ask train_valid")
    parser.add_argument("--record", action="store_true", help="keep the figures for the documentation")
    chosen = parser.parse_args()
    folder = Path(os.environ.get("LONGTAIL_DATA", "data")) / "yoochoose-100k"
    learned, asked = ("train_tr", "train_valid") if chosen.validation else ("train_full", "test")
    train = lt.Interactions.from_csv(folder / f"{learned}.txt", duplicates="keep")
    prefixes, following = questions(lt.Interactions.from_csv(folder / f"{asked}.txt", duplicates="keep"), train)
    print(f"{len(train):,} clicks to learn from, {len(prefixes):,} to foresee")
    figures = ("hit_rate", "mrr", "fit_seconds", "list_seconds")
    rows = [
        {"model": spec, **dict(zip(figures, measured(spec, train, prefixes, following), strict=True))}
        for spec in chosen.models
    ]
    print(table(rows))
    if chosen.record:
        RECORD.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """A row for each model."""
    lines = ["| model | HR@20 | MRR@20 | fit s | all lists s |", "|---|---:|---:|---:|---:|"]
    for row in rows:
        seconds = f"{row['fit_seconds']:.2f} | {row['list_seconds']:.2f}"
        lines.append(f"| `{row['model']}` | {row['hit_rate']:.4f} | {row['mrr']:.4f} | {seconds} |")
    return "\n".join(lines)


def questions(test: lt.Interactions, train: lt.Interactions) -> tuple[list[list[Any]], AnyArray]:
    """Every beginning of every session, and the item that follows it; of items the training part knows."""
    prefixes, following = [], []
    known = train.item_ids.index(test.item_ids.values, missing=-1) >= 0
    for lo, hi in pairwise(test.sequences.indptr):
        items = test.sequences.items[lo:hi]
        events = test.item_ids.values[items[known[items]]].tolist()
        prefixes += [events[:place] for place in range(1, len(events))]
        following += events[1:]
    return prefixes, train.item_ids.index(following)


def measured(
    spec: str, train: lt.Interactions, prefixes: Sequence[list[Any]], following: AnyArray
) -> tuple[float, float, float, float]:
    """HR@20, MRR@20, seconds to fit, seconds to list."""
    name, hyperparameters = registry.parse(spec)
    lt.make(name, **hyperparameters).fit(train).recommend_for(prefixes[:2], n=PLACES)
    began = time.perf_counter()
    model = lt.make(name, **hyperparameters).fit(train)
    fitted = time.perf_counter()
    lists = model.recommend_for(prefixes, n=PLACES, exclude="none")
    done = time.perf_counter()
    hit = (lists.items == following[:, None]) & (lists.scores > 0)
    own = np.where(hit, lists.scores, 0.0).sum(axis=1)
    worst = np.maximum((lists.scores >= own[:, None]).sum(axis=1), 1)
    found = hit.any(axis=1)
    return float(found.mean()), float((found / worst).mean()), fitted - began, done - fitted


if __name__ == "__main__":
    main()
