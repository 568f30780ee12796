"""GRU4Rec on a click log that is divided already: accuracy beside the code of its authors, speed beside PyTorch.

```
LONGTAIL_DATA=data python benchmarks/gru4rec.py --accuracy --seeds 0 1 2     # writes results/gru4rec.json
LONGTAIL_DATA=data python benchmarks/gru4rec.py --speed --rounds 5           # prints ratios
```

Data and questions are those of `sessions.py`: `yoochoose-100k`, the next click after every beginning of a test session,
all items of the training part as candidates. recall@k is the share of clicks whose item stands among the best k, MRR@20
the mean of 1 / its place, ties in the worst order. `authors` are the settings that the authors publish for this family
of data, `authors, BPR-max` those for this loss, `tuned` the best found by `deep_sweeps/gru4rec.py`, on the validation
part of the training data alone.

`--speed` lets epochs of `gru4rec` and of the loop in `gru4rec_torch.py` take turns, on the same batches and from the
same weights (PyTorch has to be installed), and says which share of an epoch is not spent in the compiled steps.
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

import numpy as np

import longtail as lt
import sessions
from longtail.algorithms.sequence.lane_feed import LaneFeed, by_first_event
from longtail.rng import generator
from longtail.types import AnyArray

CUTS = (1, 5, 10, 20)
RECORD = Path(__file__).parent / "results" / "gru4rec.json"
SETTINGS: dict[str, dict[str, Any]] = {
    "authors": {},
    "authors, BPR-max": {
        "loss": "bpr-max",
        "factors": 512,
        "batch_size": 128,
        "elu": 1.0,
        "regularization": 0.9,
        "learning_rate": 0.05,
        "momentum": 0.15,
        "embedding_dropout": 0.5,
        "dropout": 0.3,
        "popularity_exponent": 0.3,
    },
    "tuned": {
        "batch_size": 64,
        "learning_rate": 0.129,
        "momentum": 0.04,
        "dropout": 0.49,
        "embedding_dropout": 0.4,
        "popularity_exponent": 0.3,
    },
}
PUBLISHED: dict[str, tuple[float, ...]] = {
    "authors": (0.2347, 0.5097, 0.6020, 0.6784, 0.3557),
    "authors, BPR-max": (0.2353, 0.5149, 0.6064, 0.6822, 0.3571),
}
"""recall@1, 5, 10, 20 and MRR@20 of the authors' PyTorch code on the same files, with the same settings, one seed."""


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accuracy", action="store_true", help="write the record")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--settings", nargs="*", default=list(SETTINGS), help="only these, and these seeds, of the record are made anew"
    )
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    train, prefixes, following = asked("train_full", "test")
    if chosen.accuracy:
        rows = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else []
        for name in chosen.settings:
            for seed in chosen.seeds:
                rows = [row for row in rows if (row["settings"], row["seed"]) != (name, seed)]
                rows.append(run(name, SETTINGS[name] | {"seed": seed}, train, prefixes, following))
                rows.sort(key=lambda row: (list(SETTINGS).index(row["settings"]), row["seed"]))
                RECORD.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        print(table(rows))
    if chosen.speed:
        print(json.dumps(speed(train, chosen.rounds), indent=1))


def asked(learned: str, questions: str) -> tuple[lt.Interactions, list[list[Any]], AnyArray]:
    """A training part, the beginnings of sessions of another part, and the index of what follows each."""
    folder = Path(os.environ.get("LONGTAIL_DATA", "data")) / "yoochoose-100k"
    train = lt.Interactions.from_csv(folder / f"{learned}.txt", duplicates="keep")
    return train, *sessions.questions(lt.Interactions.from_csv(folder / f"{questions}.txt", duplicates="keep"), train)


def run(
    name: str, settings: dict[str, Any], train: lt.Interactions, prefixes: Sequence[list[Any]], following: AnyArray
) -> dict[str, Any]:
    """One model: its figures, the loss of every epoch, seconds."""
    model = lt.GRU4Rec(**settings).fit(train)
    began = time.perf_counter()
    figures = figures_of(model, prefixes, following)
    row = {"settings": name, "seed": settings.get("seed", 0), "hyperparameters": settings, **figures}
    row["losses"] = [round(epoch["loss"], 4) for epoch in model.training_]
    row["epoch_seconds"] = round(statistics.median(epoch["seconds"] for epoch in model.report.epochs), 2)
    row["list_seconds"] = round(time.perf_counter() - began, 2)
    print(json.dumps(row), flush=True)
    return row


def figures_of(model: Any, prefixes: Sequence[list[Any]], following: AnyArray) -> dict[str, float]:
    """recall@1, 5, 10, 20 and MRR@20, ties in the worst order."""
    lists = model.recommend_for(prefixes, n=CUTS[-1] + 1, exclude="none")
    hit = lists.items == following[:, None]
    own = np.where(hit, lists.scores, -np.inf).max(axis=1)
    place = np.where(hit.any(axis=1), (lists.scores >= own[:, None]).sum(axis=1), CUTS[-1] + 1)
    figures = {f"recall@{k}": round(float((place <= k).mean()), 5) for k in CUTS}
    return figures | {"mrr@20": round(float(np.where(place <= CUTS[-1], 1 / place, 0).mean()), 5)}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """A row for each setting, the mean of its seeds, and below it what its authors' code gives."""
    names = [f"recall@{k}" for k in CUTS] + ["mrr@20"]
    lines = ["| settings | " + " | ".join(f"{'MRR' if n[0] == 'm' else 'recall'}@{n.partition('@')[2]}" for n in names)]
    lines = [lines[0] + " | seeds |", "|---|" + "---:|" * (len(names) + 1)]
    for name in SETTINGS:
        own = [row for row in rows if row["settings"] == name]
        if own:
            means = " | ".join(f"{statistics.mean(row[n] for row in own):.4f}" for n in names)
            lines.append(f"| {name} | {means} | {len(own)} |")
        if own and name in PUBLISHED:
            lines.append(f"| the authors' code | {' | '.join(f'{value:.4f}' for value in PUBLISHED[name])} | 1 |")
    return "\n".join(lines)


def speed(train: lt.Interactions, rounds: int) -> dict[str, Any]:
    """Seconds of an epoch of both sides, taking turns, and what of ours is outside the compiled steps."""
    from gru4rec_torch import TorchGRU4Rec
    from longtail.algorithms.trainer.on_jax import JaxEngine

    model = lt.GRU4Rec(epochs=2)
    model.fit(train)
    sequences, order = train.sequences.rows(train.n_items), by_first_event(train)
    feed = LaneFeed(sequences, order, model.batch_size, model.negatives, model.popularity_exponent, 1.0, shared=True)
    start = model._network().values()
    peer = TorchGRU4Rec(start, model.batch_size, model.dropout, model.learning_rate, model.momentum)
    engine = JaxEngine(model._network(), model._settings())
    chunks = list(feed.epoch(generator(0, "batches", 1)))
    rates = [np.full(len(chunk["live"]), model.learning_rate, dtype=np.float32) for chunk in chunks]
    engine.start(chunks[0])
    assert engine.program is not None
    ready = [engine.program.localized(chunk) | {"rate": rate} for chunk, rate in zip(chunks, rates, strict=True)]
    peer.run([{name: array[:3] for name, array in chunks[0].items()}])
    ours, theirs, compiled = [], [], []
    for number in range(rounds):
        model.fit(train)
        ours.append(min(epoch["seconds"] for epoch in model.report.epochs))
        began = time.perf_counter()
        peer.run(feed.epoch(generator(0, "batches", number + 2)))
        theirs.append(time.perf_counter() - began)
        for _ in range(2):  # the first may compile
            began = time.perf_counter()
            for chunk in ready:
                engine.state, total = engine.program.run(engine.state, chunk, len(chunk["rate"]))
            float(total)
            spent = time.perf_counter() - began
        compiled.append(spent)
    middle = {name: statistics.median(values) for name, values in (("ours", ours), ("torch", theirs))}
    return {
        "epoch_seconds": {"ours": ours, "torch": theirs, "compiled steps alone": compiled},
        "steps": feed.steps,
        "ratio": round(middle["torch"] / middle["ours"], 2),
        "share outside the compiled steps": round(1 - statistics.median(compiled) / middle["ours"], 3),
    }


if __name__ == "__main__":
    main()
