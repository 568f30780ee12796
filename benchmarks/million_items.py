"""Memory and time of networks whose catalogue has a million items.

```
python benchmarks/million_items.py two-tower gru4rec
python benchmarks/million_items.py two-tower:factors=128 --events 2000000 --json million.json
```

The log is made up: people who each meet ten items, drawn by a power law (the r-th item as often as r ** -0.8), so that
most items are met at least once when there are two million events or more. All items are known by id, and the tables
of the networks have a row for each. Every model runs in a process of its own, because a peak never falls again: its
peak is the highest resident memory of that process, data, interpreter and lists for a hundred people included.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import longtail as lt
from longtail import registry
from longtail.data.ids import Ids

LENGTH = 10
SETTINGS: dict[str, dict[str, Any]] = {
    "two-tower": {"epochs": 2, "factors": 64, "negatives": 1024},
    "gru4rec": {"epochs": 2, "factors": 64, "negatives": 2048, "batch_size": 128},
}
"""Where the defaults would take long, or say little."""


def main() -> None:
    """Run each model in a process of its own, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["two-tower", "gru4rec"], metavar="NAME[:PARAM=VALUE]")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, help="also put the figures into this file")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.alone:
        print(json.dumps(measured(chosen.models[0], chosen.items, chosen.events)))
        return
    rows = []
    print(
        f"{'model':24} {'items':>10} {'events':>10} {'peak GB':>8} {'first epoch s':>14} {'epoch s':>8} {'lists s':>8}"
    )
    for spec in chosen.models:
        sizes = ["--items", str(chosen.items), "--events", str(chosen.events)]
        run = subprocess.run(
            [sys.executable, __file__, spec, "--alone", *sizes], stdout=subprocess.PIPE, text=True, check=True
        )
        rows.append(json.loads(run.stdout.splitlines()[-1]))
        figures = list(rows[-1].values())[1:]
        print(f"{spec:24}" + "".join(f"{n:14,}" if isinstance(n, int) else f"{n:14.2f}" for n in figures), flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def measured(spec: str, items: int, events: int) -> dict[str, Any]:
    """Fit one model and make lists; the first epoch compiles."""
    name, given = registry.parse(spec)
    data = log(items, events)
    model = lt.make(name, **{**SETTINGS.get(name, {}), **given}).fit(data)
    began = time.perf_counter()
    lists = model.recommend(np.arange(100), n=10)
    seconds = time.perf_counter() - began
    assert lists.filled.all()
    epochs = [epoch["seconds"] for epoch in model.report.epochs]
    return {
        "model": spec,
        "items": items,
        "events": events,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "first_epoch_seconds": epochs[0],
        "epoch_seconds": float(np.median(epochs[1:] or epochs)),
        "list_seconds": seconds,
    }


def log(items: int, events: int) -> lt.Interactions:
    """People of ten events each, in order of time."""
    rng = np.random.default_rng(0)
    weights = np.arange(1, items + 1) ** -0.8
    drawn = np.searchsorted(np.cumsum(weights / weights.sum()), rng.random(events)).clip(max=items - 1)
    users = np.arange(events) // LENGTH
    return lt.Interactions(
        users=users.astype(np.int32),
        items=rng.permutation(items)[drawn].astype(np.int32),
        values=np.ones(events, dtype=np.float32),
        user_ids=Ids(np.arange(users[-1] + 1), kind="user"),
        item_ids=Ids(np.arange(items), kind="item"),
        times=np.arange(events, dtype=np.int64),
        feedback="implicit",
    )


if __name__ == "__main__":
    main()
