"""Top-N figures of every algorithm, with 95 % intervals: leave-one-out, 80/20, and 75 % of each item's ratings.

```
python benchmarks/ranking.py ml-100k --protocol per-item --algorithms popular ease bpr
python benchmarks/ranking.py ml-100k ml-latest-small --trials 15 --json benchmarks/results/ranking.json
python benchmarks/ranking.py --show benchmarks/results/ranking.json          # the tables again, as Markdown
```

With `--trials`, each algorithm is tuned first, all with the same number of trials, on NDCG@10 over a fifth of the
TRAINING rows of the protocol at hand; the first trial is its defaults. Test rows are opened once, to report. Every
held-out rating is relevant, items of the training rows are never listed, candidates are all the other items.

The intervals are those of a mean over users (1.96 standard errors). Coverage is the share of the catalogue that stands
in at least one list; novelty the mean popularity rank of what is listed (1 is the most popular item).
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

import longtail as lt
from longtail import params, registry
from longtail.errors import ConfigError, LongtailError

N = 10
SEED = 0
Split = tuple[lt.Interactions, lt.Interactions]
Record = dict[str, Any]

PROTOCOLS: dict[str, Callable[[lt.Interactions], Split]] = {
    "leave-one-out": lambda data: lt.splits.leave_one_out(data, seed=SEED),
    "80/20": lambda data: lt.splits.random_holdout(data, 0.2, seed=SEED),
    "per-item": lambda data: lt.splits.random_holdout(data, 0.25, per="item", seed=SEED),
}
METRICS = ("hit_rate", "arhr", "ndcg", "recall", "precision", "mean_average_precision")
COLUMNS = {
    "hit_rate": "hit rate",
    "ndcg": "NDCG@10",
    "recall": "recall@10",
    "precision": "precision@10",
    "catalogue_coverage": "coverage",
    "novelty": "novelty",
}


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    if options.show:
        print(tables(json.loads(options.show.read_text(encoding="utf-8"))))
        return 0
    records: list[Record] = []
    try:
        for name in options.data:
            data = lt.datasets.movielens(name.removeprefix("ml-"))
            for protocol in options.protocol:
                for spec in options.algorithms:
                    records.append(measure(spec, name, protocol, data, options.trials))
                    if options.json:
                        record(records[-1], options.json)
    except LongtailError as error:
        print(error, file=sys.stderr)
        return 2
    print(tables(records))
    return 0


def measure(spec: str, data_name: str, protocol: str, data: lt.Interactions, trials: int) -> Record:
    """One algorithm on one protocol; a failure is a record with the reason."""
    name, given = registry.parse(spec)
    train, test = PROTOCOLS[protocol](data)
    record: Record = {"data": data_name, "protocol": protocol, "algorithm": spec, "trials": trials}
    try:
        model = tuned(name, given, protocol, train, trials) if trials else lt.make(name, **given)
        began = time.perf_counter()
        model.fit(train)
        record["seconds"] = round(time.perf_counter() - began, 3)
        record["parameters"] = params.values(model)
        record |= figures(model.recommend(test.users_present(), n=N), train, test)
    except LongtailError as error:
        record["error"] = str(error)
    shown = record.get("ndcg", {}).get("value", record.get("error"))
    print(f"{data_name:16} {protocol:14} {spec:24} {shown}", file=sys.stderr, flush=True)
    return record


def tuned(name: str, given: Record, protocol: str, train: lt.Interactions, trials: int) -> Any:
    """The best of some settings by a validation part of the training rows alone, held out as the test part was."""
    how = "leave-one-out" if protocol == "leave-one-out" else "holdout"
    try:
        tuner = lt.Tuner(name, train, metric="ndcg", n=N, validation=how, fixed=given, seed=SEED)
    except ConfigError as error:
        if "no parameter to search" in str(error):
            return lt.make(name, **given)
        raise
    best = tuner.run(trials, progress=False).best
    assert best is not None
    return lt.make(name, **best.parameters)


def record(found: Record, path: Path) -> None:
    """Add a record to a file, in the place of an older one of the same algorithm on the same data and protocol."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    same = ("data", "protocol", "algorithm")
    others = [entry for entry in known if any(entry[key] != found[key] for key in same)]
    lines = ",\n".join(json.dumps(entry) for entry in [*others, found])
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def figures(lists: lt.TopN, train: lt.Interactions, test: lt.Interactions) -> Record:
    """Every metric with its interval."""
    found = {name: _with_interval(getattr(lt.metrics, name)(lists, test)) for name in METRICS}
    found["novelty"] = _with_interval(lt.metrics.novelty(lists, train))
    return found | {"catalogue_coverage": {"value": round(float(lt.metrics.catalogue_coverage(lists)), 5)}}


def _with_interval(value: Any) -> Record:
    """The mean over users, and 1.96 of its standard errors."""
    defined = value.per_user[np.isfinite(value.per_user)]
    error = defined.std(ddof=1) / np.sqrt(len(defined)) if len(defined) > 1 else np.nan
    return {"value": round(float(value), 5), "plus_minus": round(float(1.96 * error), 5)}


def tables(records: list[Record]) -> str:
    """A Markdown table for each data set and protocol, best NDCG first."""
    lines: list[str] = []
    for key in dict.fromkeys((record["data"], record["protocol"]) for record in records):
        rows = [record for record in records if (record["data"], record["protocol"]) == key]
        rows.sort(key=lambda record: -record.get("ndcg", {"value": -1.0})["value"])
        lines += [f"\n{key[0]}, {key[1]}\n", "| algorithm | " + " | ".join(COLUMNS.values()) + " |"]
        lines.append("|---" * (len(COLUMNS) + 1) + "|")
        lines += [_row(record) for record in rows]
    return "\n".join(lines)


def _row(record: Record) -> str:
    if "error" in record:
        return f"| {record['algorithm']} | {record['error']} |"
    return f"| {record['algorithm']} | " + " | ".join(_cell(name, record[name]) for name in COLUMNS) + " |"


def _cell(name: str, entry: Any) -> str:
    if name == "novelty":
        return f"{entry['value']:.0f}"
    shown = f"{entry['value']:.3f}"
    return f"{shown} ± {entry['plus_minus']:.3f}" if "plus_minus" in entry else shown


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", nargs="*", default=["ml-100k"], help="MovieLens releases by name")
    parser.add_argument("--protocol", nargs="*", choices=list(PROTOCOLS), default=list(PROTOCOLS))
    parser.add_argument("--algorithms", nargs="*", default=list(registry.BUILT_IN), metavar="NAME[:PARAMETERS]")
    parser.add_argument("--trials", type=int, default=0, help="tune each first, inside the training rows")
    parser.add_argument("--json", type=Path, help="also put the figures into this file")
    parser.add_argument("--show", type=Path, help="only print the tables of such a file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
