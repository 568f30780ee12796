"""Choose the hyperparameters of sasrec and bert4rec by the last item but one of everyone, inside the training part.

```
LONGTAIL_DATA=data python benchmarks/deep_sweeps/attention.py --seconds 300 --json attention-sweep.json
```

Models take turns. The first trial of each are its defaults, the others are drawn at random. Of the training part of the
protocol leave-last-out on MovieLens 100K the last row of everyone is held out again; after every few epochs these are
looked for in the lists, and a trial is as good as the best NDCG@10 on the way, whose epoch is kept as `epochs`. Test
rows are not read. Every finished trial is appended to the file; a run with the same file goes on where the last one
stopped.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

import longtail as lt
from longtail.algorithms.lists import best_items
from longtail.kernels.topk import LowRank

MODELS = ("sasrec", "bert4rec")


def main() -> None:
    """Trials until the time is up, then the best of each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0, help="start no trial after that time")
    parser.add_argument("--json", type=Path, required=True, help="where the trials are kept")
    parser.add_argument("--data", default="100k")
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=MODELS)
    parser.add_argument("--epochs", type=int, help="of every trial, at most; by default 150, of bert4rec 600")
    parser.add_argument("--trial-seconds", type=float, default=60.0, help="stop a trial that takes longer")
    chosen = parser.parse_args()
    began = time.perf_counter()
    train, _ = lt.splits.leave_one_out(lt.datasets.movielens(chosen.data), which="last", seed=0)
    kept = json.loads(chosen.json.read_text(encoding="utf-8")) if chosen.json.exists() else []
    trial = len(kept)
    while time.perf_counter() - began < chosen.seconds:
        name, turn = chosen.models[trial % len(chosen.models)], trial // len(chosen.models)
        given = drawn(name, np.random.default_rng([trial, 7])) if turn else {}
        epochs = chosen.epochs or {"sasrec": 150, "bert4rec": 600}[name]
        kept.append({"data": chosen.data, **tried(name, given, epochs, train, chosen.trial_seconds)})
        print(json.dumps(kept[-1]), flush=True)
        chosen.json.write_text("[\n" + ",\n".join(map(json.dumps, kept)) + "\n]\n", encoding="utf-8")
        trial += 1
    for name in chosen.models:
        own = [run for run in kept if run["model"] == name]
        if own:
            best = max(own, key=lambda run: run["ndcg"])
            print(
                f"{name}: NDCG@10 {best['ndcg']:.4f}, best of {len(own)}: {best['given'] | {'epochs': best['epochs']}}"
            )


def tried(name: str, given: dict[str, Any], epochs: int, train: lt.Interactions, most: float) -> dict[str, Any]:
    """A trial: the best NDCG@10 of its epochs, which epoch that was, and how long it took."""
    inner, held = lt.splits.leave_one_out(train, which="last", seed=1)
    model: Any = lt.make(name, epochs=epochs, **given)
    fit, people = model._train, held.users
    rows = inner.sequences.rows(inner.n_items)[people]
    truth, seen = held.items, rows.sorted_indices()
    blocked, began, every, turn = inner.item_counts == 0, time.perf_counter(), max(1, epochs // 60), [0, 0.0]

    def score() -> float:
        turn[0] += 1
        if time.perf_counter() - began > most:
            raise KeyboardInterrupt
        if turn[0] % every:
            return -1.0
        found = model._score_preferences(model._preferences(rows))

        def part(lo: int, hi: int) -> LowRank:
            return LowRank(found.left[lo:hi], found.right, found.offset)

        items, _ = best_items(part, 10, seen=seen, blocked=blocked)
        hits = items == truth[:, None]
        return float((hits / np.log2(np.arange(2, hits.shape[1] + 2))).sum() / len(truth))

    model._train = lambda feed: fit(feed, score)
    model.fit(inner)
    scored = [epoch for epoch in model.training_ if epoch["score"] is not None]
    best = max(scored, key=lambda epoch: epoch["score"])
    return {
        "model": name,
        "given": given,
        "ndcg": best["score"],
        "epochs": best["epoch"],
        "run": len(scored),
        "seconds": round(time.perf_counter() - began, 1),
    }


def drawn(name: str, rng: np.random.Generator) -> dict[str, Any]:
    """Settings of a trial."""
    found: dict[str, Any] = {
        "factors": int(rng.choice([64, 128, 256])),
        "length": int(rng.choice([50, 100, 200])),
        "layers": int(rng.integers(1, 4)),
        "heads": int(rng.choice([1, 2, 4])),
        "dropout": float(rng.choice([0.1, 0.2, 0.3, 0.4, 0.5])),
        "batch_size": int(rng.choice([16, 32, 64])),
        "learning_rate": float(f"{10 ** rng.uniform(-3.5, -2.5):.2g}"),
    }
    if name == "bert4rec":
        return found | {"masked": float(rng.choice([0.2, 0.3, 0.4, 0.6])), "last": float(rng.choice([0.0, 0.1, 0.3]))}
    return found


if __name__ == "__main__":
    main()
