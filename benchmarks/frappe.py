"""Click-through models on frappe: which app is used in which situation, on the published division into three files.

```
LONGTAIL_DATA=data python benchmarks/frappe.py                                    # all, seed 0, prints a table
LONGTAIL_DATA=data python benchmarks/frappe.py --models deepfm dcn --seeds 0 1 2 --json results/frappe.json
LONGTAIL_DATA=data python benchmarks/frappe.py --models deepfm:regularization=0.1 --validation    # to choose with
```

The folder `frappe` holds `train.csv`, `valid.csv` and `test.csv`: a label, user, item and eight fields of context.
Vectors of 10, Adam at 0.001 (of the deep ones falling along half a cosine), batches of 4,096, layers of 3 x 400 with
batch normalization and dropout 0.2; training stops when the AUC on the validation file has not risen for `patience`
epochs, and the best epoch is measured on the test file.
`CHOSEN` was chosen on the validation file. Runs already in the JSON file are not made again; `--seconds` starts no
further run after that time. `results_page.py` makes the table of `docs/algorithms/click-through.md` from
`results/frappe.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

import longtail as lt
from longtail import registry

COMMON = {"batch_size": 4096, "learning_rate": 1e-3, "patience": 5}
DEEP = {"regularization": 0.079, "schedule": "cosine", "epochs": 25, "patience": 25}
CHOSEN: dict[str, dict[str, Any]] = {
    "click-lr": {"regularization": 1.8e-5, "epochs": 300},
    "click-fm": {"regularization": 7.4e-6, "epochs": 300},
    "wide-deep": DEEP,
    "deepfm": DEEP,
    "dcn": DEEP | {"crosses": 4, "structure": "stacked"},
}
PUBLISHED = {
    "click-lr": (0.9356, 0.3076),
    "click-fm": (0.9671, 0.2065),
    "wide-deep": (0.9841, 0.1490),
    "deepfm": (0.9842, 0.1482),
    "dcn": (0.9845, 0.1491),
}
"""AUC and log loss of the board `frappe_x1` of BARS (Zhu and others 2022)."""
RECORD = Path(__file__).parent / "results" / "frappe.json"


def main() -> None:
    """Print a row for each model, and keep every run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*", default=list(CHOSEN), metavar="NAME[:PARAM=VALUE]")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no run after that time")
    parser.add_argument("--json", type=Path, help="keep the runs here; those that are there are not made again")
    parser.add_argument("--validation", action="store_true", help="measure on the validation file")
    chosen = parser.parse_args()
    began = time.perf_counter()
    train, valid, test = parts(Path(os.environ.get("LONGTAIL_DATA", "data")) / "frappe")
    kept = json.loads(chosen.json.read_text(encoding="utf-8")) if chosen.json and chosen.json.exists() else []
    for seed in chosen.seeds:
        for spec in chosen.models:
            known = any((run["model"], run["seed"]) == (spec, seed) for run in kept)
            if known or time.perf_counter() - began > chosen.seconds:
                continue
            kept.append(run(spec, seed, train, valid, valid if chosen.validation else test))
            print(json.dumps(kept[-1]), flush=True)
            if chosen.json:
                chosen.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(table(kept))


def parts(folder: Path) -> list[lt.Impressions]:
    """The three files, told in the values of the first."""
    frames = [pl.read_csv(folder / f"{name}.csv") for name in ("train", "valid", "test")]
    train = lt.Impressions.from_frame(frames[0], user="user", item="item")
    return [train, *(lt.Impressions.from_frame(f, user="user", item="item", like=train) for f in frames[1:])]


def run(spec: str, seed: int, train: lt.Impressions, valid: lt.Impressions, asked: lt.Impressions) -> dict[str, Any]:
    """One training and what comes of it."""
    name, given = registry.parse(spec)
    model = lt.make(name, **(COMMON | CHOSEN[name] | given | {"seed": seed}))
    began = time.perf_counter()
    model.fit_clicks(train, valid)
    seconds = time.perf_counter() - began
    predicted, scores = model.predict_clicks(asked), [epoch["score"] for epoch in model.training_]
    return {
        "model": spec,
        "seed": seed,
        "epochs": len(scores),
        "best_epoch": scores.index(max(scores)) + 1,
        "validation_auc": round(max(scores), 5),
        "auc": round(float(lt.metrics.auc(predicted)), 5),
        "log_loss": round(float(lt.metrics.log_loss(predicted)), 5),
        "seconds": round(seconds, 1),
    }


def table(runs: Sequence[dict[str, Any]]) -> str:
    """A row for each model: means over the seeds, the spread of the AUC, and what is published."""
    lines = [
        "| model | AUC | published | log loss | published | seeds | epochs |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for spec in dict.fromkeys(run["model"] for run in runs):
        own = [run for run in runs if run["model"] == spec]
        auc, lost = PUBLISHED[spec.partition(":")[0]]
        mean = {key: statistics.fmean(run[key] for run in own) for key in ("auc", "log_loss", "epochs")}
        spread = f" ± {statistics.stdev([run['auc'] for run in own]):.4f}" if len(own) > 1 else ""
        lines.append(
            f"| `{spec}` | {mean['auc']:.4f}{spread} | {auc:.4f} | {mean['log_loss']:.4f} | {lost:.4f} "
            f"| {len(own)} | {mean['epochs']:.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
