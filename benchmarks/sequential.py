"""SASRec and BERT4Rec beside what they are to beat: the next film of everyone, on MovieLens 100K and latest-small.

```
LONGTAIL_DATA=data python benchmarks/deep_sweeps/attention.py --seconds 300 --json attention-sweep.json
LONGTAIL_DATA=data python benchmarks/sequential.py --sweep attention-sweep.json --trials 12 --record
LONGTAIL_DATA=data python benchmarks/sequential.py --data ml-100k --models popular sasrec --seeds 1
```

The protocol is `leave-last-out`, lists of 10 of what was not met. Every model is tuned with the same number of trials,
the first of which are its defaults, on NDCG@10 of the last row of everyone within the training part: the networks by
`deep_sweeps/attention.py`, the others here. Without `--trials` all have their defaults. Networks run with three seeds.
`--record` writes `benchmarks/results/sequential.json`, from which `results_page.py` makes the table of
`docs/algorithms/attention.md`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import longtail as lt
from longtail import params, registry
from longtail.errors import ConfigError
from longtail.evaluation.protocols import LeaveLastOut

RECORD = Path(__file__).parent / "results" / "sequential.json"
DATA = ("ml-100k", "ml-latest-small")
MODELS = ("popular", "markov", "sr", "implicit-item-knn", "ease", "bpr", "sasrec:loss=binary", "sasrec", "bert4rec")
SEEDS = 3


def main() -> None:
    """Print a row for each model and data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="*", default=DATA, choices=DATA)
    parser.add_argument("--models", nargs="*", default=MODELS, metavar="NAME[:PARAM=VALUE]")
    parser.add_argument("--trials", type=int, default=0, help="settings tried of each model; 0 for the defaults")
    parser.add_argument("--sweep", type=Path, help="the trials of the networks")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--record", action="store_true", help="keep the figures for the documentation")
    chosen = parser.parse_args()
    sweep = json.loads(chosen.sweep.read_text(encoding="utf-8")) if chosen.sweep else []
    rows: list[dict[str, Any]] = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else []
    for name in chosen.data:
        data = lt.datasets.movielens(name)
        for spec in chosen.models:
            model, tried = selected(spec, data, chosen.trials, sweep)
            row = measured(name, spec, model, data, chosen.seeds) | {"trials": tried}
            print(table([row]).splitlines()[-1], flush=True)
            rows = [other for other in rows if (other["data"], other["model"]) != (name, spec)] + [row]
            if chosen.record:  # of what is not measured now, the record stays
                rows.sort(key=lambda row: (DATA.index(row["data"]), row["ndcg"]))
                RECORD.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def selected(spec: str, data: lt.Interactions, trials: int, sweep: Sequence[dict[str, Any]]) -> tuple[Any, int]:
    """The model with the best of its settings, and how many were tried; nothing of the test part is looked at."""
    name, given = registry.parse(spec)
    if not trials:
        return lt.make(name, **given), 1
    own = [run for run in sweep if run["model"] == name][:trials]
    if own and not given:
        best = max(own, key=lambda run: run["ndcg"])
        return lt.make(name, **best["given"], epochs=best["epochs"]), len(own)
    if own:  # another loss: the settings that were best with the usual one
        best = max(own, key=lambda run: run["ndcg"])
        return lt.make(name, **{**best["given"], "epochs": best["epochs"], **given}), len(own)
    train, _ = lt.splits.leave_one_out(data, which="last")
    try:
        tuner = lt.Tuner(name, train, metric="ndcg", n=10, validation="last", fixed=given)
    except ConfigError as error:
        if "no parameter to search" in str(error):
            return lt.make(name, **given), 1
        raise
    found = tuner.run(trials, progress=False).best
    assert found is not None
    return lt.make(name, **found.parameters), trials


def measured(name: str, spec: str, model: Any, data: lt.Interactions, seeds: int) -> dict[str, Any]:
    """The figures of a model, means over the seeds where it has any."""
    protocol = LeaveLastOut(n=10)
    drawn = "seed" in model.__dataclass_fields__
    found = lt.Bakeoff(data, [model], protocol, repeats=seeds if drawn else 1).run(progress=False).outcomes[0]
    if found.error:
        raise SystemExit(f"{spec}: {found.error}")
    return {
        "data": name,
        "model": spec,
        "parameters": params.values(model),
        "seeds": seeds if drawn else 1,
        **{key: found.values[key] for key in ("hit_rate", "ndcg", "mrr", "fit_seconds", "recommend_seconds")},
        "spread": found.spread.get("hit_rate", []),
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """A row for each model and data set."""
    lines = [
        "| data | model | trials | seeds | HR@10 | NDCG@10 | MRR | fit s |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        figures = f"{row['hit_rate']:.4f} | {row['ndcg']:.4f} | {row['mrr']:.4f} | {row['fit_seconds']:.1f}"
        lines.append(f"| {row['data']} | `{row['model']}` | {row['trials']} | {row['seeds']} | {figures} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
