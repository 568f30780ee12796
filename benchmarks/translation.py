"""TransRec and FPMC beside what they are to beat: the next film of everyone, the next click of every session.

```
LONGTAIL_DATA=data python benchmarks/translation.py --record     # all models on all data, on the test part
LONGTAIL_DATA=data python benchmarks/translation.py --data ml-100k --models markov transrec
LONGTAIL_DATA=data python benchmarks/translation.py --validation --data yoochoose --models transrec:factors=32
```

Films: the protocol `leave-last-out` on MovieLens 100K and latest-small, lists of 10 of what was not met. Clicks: the
protocol `every-click` on the parts of `yoochoose-100k` as they were published, lists of 20 of all items, ties in the
worst order. `--validation` learns and asks inside the training part: the last but one film of everyone, the sessions of
`train_valid.txt`. Networks run with three seeds. `--record` writes `benchmarks/results/translation.json`, from which
`results_page.py` makes the table of `docs/algorithms/translation.md`.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

import longtail as lt
from longtail import registry
from longtail.evaluation.protocols import EveryClick, LeaveLastOut, Protocol

RECORD = Path(__file__).parent / "results" / "translation.json"
DATA = ("ml-100k", "ml-latest-small", "yoochoose")
SIMPLE = ("popular", "markov", "sr", "vsknn")
CHOSEN = {
    "ml-100k": ("bpr", "transrec", "fpmc:factors=32"),
    "ml-latest-small": ("bpr", "transrec", "fpmc:factors=32"),
    "yoochoose": (
        "transrec:personal=false,negatives=32,radius=4,against=others,exponent=0.5",
        "fpmc:personal=false,negatives=32,against=others,exponent=0.5,basket=2,regularization=0.0001",
    ),
}
"""Beside the simple ones; what is written after a name was chosen with `--validation`."""
SEEDS = 3


def main() -> None:
    """Print a row for each model and data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="*", default=DATA, choices=DATA)
    parser.add_argument("--models", nargs="*", metavar="NAME[:PARAM=VALUE]")
    parser.add_argument("--validation", action="store_true", help="inside the training part")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--record", action="store_true", help="keep the figures for the documentation")
    chosen = parser.parse_args()
    rows: list[dict[str, Any]] = []
    if chosen.record and RECORD.exists():  # of what is not measured now, the record stays
        rows = [row for row in json.loads(RECORD.read_text(encoding="utf-8")) if row["data"] not in chosen.data]
    for name in chosen.data:
        data, protocol = asked(name, validation=chosen.validation)
        for spec in chosen.models or (*SIMPLE, *CHOSEN[name]):
            rows.append(measured(name, spec, data, protocol, chosen.seeds))
            print(table(rows[-1:]).splitlines()[-1], flush=True)
            if chosen.record:
                rows.sort(key=lambda row: DATA.index(row["data"]))
                RECORD.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def asked(name: str, *, validation: bool = False) -> tuple[lt.Interactions, Protocol]:
    """Data, and the protocol that divides them; to choose parameters by, what is inside the training part."""
    if name != "yoochoose":
        data = lt.datasets.movielens(name)
        return (lt.splits.leave_one_out(data, which="last").train if validation else data), LeaveLastOut(n=10)
    folder = Path(os.environ.get("LONGTAIL_DATA", "data")) / "yoochoose-100k"
    parts = ("train_tr", "train_valid") if validation else ("train_full", "test")
    before, after = (pl.read_csv(folder / f"{part}.txt", separator="\t") for part in parts)
    data = lt.Interactions.from_frame(pl.concat([before, after]), duplicates="keep")
    return data, EveryClick(at=int(after["Time"].min()))  # type: ignore[arg-type]


def measured(name: str, spec: str, data: lt.Interactions, protocol: Protocol, seeds: int) -> dict[str, Any]:
    """The figures of a model, means over the seeds where it has any."""
    model, hyperparameters = registry.parse(spec)
    drawn = "seed" in registry.make(model, **hyperparameters).__dataclass_fields__
    runs = [lt.Bakeoff(data, [spec], protocol, repeats=seeds if drawn else 1).run(progress=False).outcomes[0]]
    found = runs[0]
    if found.error:
        raise SystemExit(f"{spec}: {found.error}")
    return {
        "data": name,
        "model": spec,
        "protocol": protocol.name,
        "n": protocol.n,
        "seeds": seeds if drawn else 1,
        **{key: found.values[key] for key in ("hit_rate", "ndcg", "mrr", "fit_seconds", "recommend_seconds")},
        "spread": found.spread.get("hit_rate", []),
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """A row for each model and data set."""
    lines = ["| data | model | seeds | HR | NDCG | MRR | fit s | lists s |", "|---|---|---:|---:|---:|---:|---:|---:|"]
    for row in rows:
        name, _, settings = row["model"].partition(":")
        model = f"`{name}`{', chosen' if settings else ''}"
        figures = f"{row['hit_rate']:.4f} | {row['ndcg']:.4f} | {row['mrr']:.4f}"
        seconds = f"{row['fit_seconds']:.1f} | {row['recommend_seconds']:.1f}"
        lines.append(f"| {row['data']} | {model} | {row['seeds']} | {figures} | {seconds} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
