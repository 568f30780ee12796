"""The leakage audit: planted leaks found under their own names, alarms on clean splits, and what it costs.

```
LONGTAIL_DATA=... python benchmarks/leakage.py      # about four minutes; writes benchmarks/results/leakage.json
```

The plants are those of `tests/evaluation/test_leakage.py`, here with several seeds and on MovieLens as well.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import longtail as lt
from longtail.data.synthetic import World
from longtail.errors import LongtailError
from longtail.evaluation import leakage
from longtail.evaluation.protocols import PROTOCOLS

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "leakage.json"
MIXED = ("future", "own-future", "split-session")
MOVIELENS = ("latest-small", "100k")
NO_SESSIONS = "cut session"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    plants = runpy.run_path(str(HERE.parent / "tests" / "evaluation" / "test_leakage.py"), run_name="plants")
    found = {"longtail": lt.__version__, "planted": planted(plants, options.seeds), "clean": clean(plants)}
    found["cost"] = cost()
    options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(table(found))


def planted(plants: dict[str, Any], seeds: int) -> list[dict[str, Any]]:
    """A row a kind: how often it was planted, found alone and under its name, and what else was found instead."""
    rows: dict[str, dict[str, Any]] = {}
    for world, split, names in worlds(plants, seeds):
        for name in names:
            plant = plants["PLANTS"][name]
            failed = {finding.name for finding in plant.spoil(split).audit().failed}
            row = rows.setdefault(plant.name, {"kind": plant.name, "planted": 0, "found": 0, "alone": 0, "else": []})
            row["planted"] += 1
            row["found"] += plant.name in failed
            row["alone"] += failed == {plant.name}
            if failed != {plant.name}:
                row["else"].append({"plant": name, "data": world, "found": sorted(failed)})
    return list(rows.values())


def worlds(plants: dict[str, Any], seeds: int) -> Iterator[tuple[str, Any, list[str]]]:
    """Clean splits, with the plants that each can take."""
    listed = plants["PLANTS"]
    for seed in range(seeds):
        for world, make in plants["MADE"].items():
            yield f"{world} {seed}", make(seed), [name for name in listed if world in listed[name].worlds]
    for name in MOVIELENS:
        data = lt.datasets.movielens(name)
        for world, pair, accept in (
            ("ratings", lt.splits.by_time(data), ()),
            ("mixed ratings", lt.splits.random_holdout(data, seed=1), MIXED),
        ):
            split = plants["Split"](*pair, accept=accept)
            able = [plant for plant in listed if world in listed[plant].worlds and plant != NO_SESSIONS]
            yield f"{name} {world}", split, able


def clean(plants: dict[str, Any]) -> dict[str, Any]:
    """How many clean splits were looked at, and the alarms."""
    alarms, looked = [], {"splits": 0, "folds of protocols": 0}
    data = {name: lt.datasets.movielens(name) for name in MOVIELENS}
    for seed in range(5):
        data[f"ratings {seed}"] = World(300, 200, seed).ratings(8_000)
        data[f"clicks {seed}"] = World(300, 200, seed).clicks(6_000)
        data[f"tiny {seed}"] = World(40, 30, seed).ratings(500)
    for name, one in data.items():
        for (train, test), accept in plants["every_split"](one):
            looked["splits"] += 1
            alarms += _alarms(name, lt.audit(train, test, accept=accept))
        for protocol in PROTOCOLS.values():
            suited = protocol().suited_to(one)
            try:
                folds = suited.folds(one)
            except LongtailError:  # it asks for ratings, and these are clicks
                continue
            looked["folds of protocols"] += sum(fold.test is not None for fold in folds)
            alarms += _alarms(f"{name}, {protocol.name}", leakage.of_folds(folds, {}, suited))
    for name, audit in predefined():
        looked["splits"] += 1
        alarms += _alarms(name, audit)
    return {"looked": looked, "alarms": alarms}


def predefined() -> Iterator[tuple[str, leakage.Audit]]:
    """The folds that come with MovieLens 100k, and the sessions of a shop."""
    root = Path(os.environ["LONGTAIL_DATA"])
    catalog = lt.datasets.movielens("100k").catalog
    for fold in ("u1", "u2", "u3", "u4", "u5", "ua", "ub"):
        parts = [
            lt.Interactions.from_csv(root / "ml-100k" / f"{fold}.{part}", header=False) for part in ("base", "test")
        ]
        yield fold, lt.audit(*parts, catalog=catalog, accept=MIXED)
    names = {"user": "SessionId", "item": "ItemId", "timestamp": "Time", "duplicates": "last"}
    for pair in (("train_full", "test"), ("train_tr", "train_valid")):
        parts = [lt.Interactions.from_csv(root / "yoochoose-100k" / f"{part}.txt", **names) for part in pair]
        yield f"shop, {pair[1]}", lt.audit(*parts)


def _alarms(name: str, audit: leakage.Audit) -> list[dict[str, str]]:
    return [{"data": name, "kind": one.name, "said": one.sentence} for one in audit.failed]


def cost() -> dict[str, float]:
    """Processor seconds and seconds on the clock for one audit of a million ratings, the median of three."""
    train, test = lt.splits.random_holdout(World(20_000, 10_000, 1).ratings(1_000_000))
    took = []
    for _ in range(3):
        cpu, wall = time.process_time(), time.perf_counter()
        lt.audit(train, test, accept=MIXED)
        took.append((time.process_time() - cpu, time.perf_counter() - wall))
    middle = sorted(took)[1]
    return {"rows": len(train) + len(test), "cpu_seconds": round(middle[0], 2), "seconds": round(middle[1], 2)}


def table(found: dict[str, Any]) -> str:
    """The tables of `docs/leakage.md`."""
    lines = ["| kind | planted | found | and nothing else |", "|---|---|---|---|"]
    lines += [f"| `{row['kind']}` | {row['planted']} | {row['found']} | {row['alone']} |" for row in found["planted"]]
    looked, alarms = found["clean"]["looked"], found["clean"]["alarms"]
    clean_splits = " and ".join(f"{count:,} {what}" for what, count in looked.items())
    cost = found["cost"]
    lines += [
        "",
        f"Alarms on {clean_splits} without a leak: {len(alarms)}. One audit of {cost['rows']:,} ratings took "
        f"{cost['cpu_seconds']} processor seconds.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
