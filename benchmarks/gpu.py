"""What a step and an epoch of SASRec and GRU4Rec cost on the device that JAX has, at catalogues of any size.

```
python benchmarks/gpu.py --small                                        # a minute on a CPU
python benchmarks/gpu.py --bandwidth 3350 --flops 67 --flops-mixed 989 --json gpu.json    # of an H100 SXM
```

The log is drawn: histories of 50 events, items by Zipf's law. Steps are timed by whole chunks after two that warm up,
the epoch by `fit` with its feed. Of one compiled step XLA counts the operations and the bytes that its kernels read and
write; divided by the seconds of a step and by the peak of the device (`--bandwidth` in GB/s, `--flops` in TFLOP/s of
float32, `--flops-mixed` of bfloat16) they are the shares reached. XLA counts a gather or scatter as if it touched the
whole table, so the bytes of rows are also estimated by hand: those of the distinct rows that a step reads, each read
and written with its two moments (`row_bytes`).
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import numpy as np

import longtail as lt
from longtail import registry
from longtail.algorithms.trainer.on_jax import JaxEngine

MODELS = (
    "sasrec:batch_size=512,length=50,negatives=2048",
    "sasrec:batch_size=512,length=50,negatives=2048,precision=mixed",
    "sasrec:batch_size=512,length=50,factors=256,heads=4,negatives=8192,precision=mixed",
    "gru4rec:batch_size=512,negatives=2048",
)


def main() -> None:
    """A row for each model and catalogue."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=MODELS, metavar="NAME[:PARAM=VALUE]")
    parser.add_argument("--items", type=int, nargs="*", default=[100_000, 1_000_000], help="sizes of the catalogue")
    parser.add_argument("--people", type=int, default=40_000)
    parser.add_argument("--small", action="store_true", help="few people and items, to see whether it runs")
    parser.add_argument("--bandwidth", type=float, help="peak of the device in GB/s")
    parser.add_argument("--flops", type=float, help="peak of the device in TFLOP/s, float32")
    parser.add_argument("--flops-mixed", type=float, help="peak of the device in TFLOP/s, bfloat16")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    items, people = ([5_000], 1_000) if chosen.small else (chosen.items, chosen.people)
    print(jax.devices(), flush=True)
    rows = []
    for n_items in items:
        log = drawn_log(people, n_items)
        for spec in chosen.models:
            row = {"device": str(jax.devices()[0].device_kind), "model": spec, "n_items": n_items, "events": len(log)}
            try:
                row |= measured(spec, log, chosen)
            except Exception as error:  # one that fails must not take the others with it
                row["error"] = f"{type(error).__name__}: {error}"[:500]
            rows.append(row)
            print(json.dumps(row), flush=True)
            if chosen.json:
                chosen.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def drawn_log(people: int, n_items: int, events: int = 50, seed: int = 0) -> lt.Interactions:
    """A log of `people` histories of as many events."""
    rng = np.random.default_rng(seed)
    popularity = 1.0 / np.arange(10, n_items + 10)
    bounds = np.cumsum(popularity / popularity.sum())
    found = np.minimum(np.searchsorted(bounds, rng.random(people * events)), n_items - 1)
    item = np.concatenate([np.arange(n_items), found])  # each item once, so that all are known
    user = np.concatenate([people + np.arange(n_items) // events, np.repeat(np.arange(people), events)])
    times = np.arange(len(item))
    frame = {"user": user, "item": item, "timestamp": times}
    return lt.Interactions.from_frame(frame, duplicates="keep")


def measured(spec: str, log: lt.Interactions, chosen: argparse.Namespace) -> dict[str, Any]:
    """Seconds and shares of one model."""
    name, given = registry.parse(spec)
    model = lt.make(name, **{**given, "epochs": 2})
    taken: dict[str, Any] = {}

    def keep(feed: Any, score: Any = None) -> None:
        taken["feed"] = feed

    model._train = keep  # the feed is taken from `fit`, and run by hand
    with contextlib.suppress(AttributeError, KeyError):
        model.fit(log)
    feed, network = taken["feed"], model._network()
    engine = JaxEngine(network, dataclasses.replace(model._settings(), epochs=1))
    seconds, steps, chunk = [], 0, {}
    for at, chunk in enumerate(feed.epoch(np.random.default_rng(0))):
        steps = len(next(iter(chunk.values())))
        rates = np.full(steps, 1e-3, dtype=np.float32)
        began = time.perf_counter()
        float(engine.run(chunk, rates))
        if at >= 2:
            seconds.append((time.perf_counter() - began) / steps)
        if at == 0:
            first = chunk
        if at == 11:
            break
    if not seconds:  # a chunk or two are the whole epoch: run the first again
        for _ in range(4):
            began = time.perf_counter()
            float(engine.run(first, np.full(len(next(iter(first.values()))), 1e-3, dtype=np.float32)))
            seconds.append((time.perf_counter() - began) / len(next(iter(first.values()))))
    step = float(np.median(seconds))
    row: dict[str, Any] = {"step_ms": 1e3 * step, "steps_per_epoch": feed.steps}
    row |= counted(engine, first)
    mixed = given.get("precision") == "mixed"
    peak = chosen.flops_mixed if mixed else chosen.flops
    if chosen.bandwidth:
        row["bandwidth_share"] = row["bytes"] / step / (1e9 * chosen.bandwidth)
        row["row_bandwidth_share"] = row["row_bytes"] / step / (1e9 * chosen.bandwidth)
    if peak:
        row["flops_share"] = row["flops"] / step / (1e12 * peak)
    engine.finish()
    whole = lt.make(name, **{**given, "epochs": 3}).fit(log)
    assert whole.report is not None
    last = whole.report.epochs[-1]
    return row | {"epoch_seconds": last["seconds"], "making_batches": last["making_batches"]}


def counted(engine: JaxEngine, chunk: dict[str, Any]) -> dict[str, float]:
    """Operations and bytes of one step, by XLA; bytes of the rows of tables, by hand."""
    program = engine.program
    assert program is not None
    arrays = program.localized(chunk) | {"rate": np.full(len(next(iter(chunk.values()))), 1e-3, dtype=np.float32)}
    batch = {name: array[0] for name, array in arrays.items()}
    weights, memories = engine.state
    cost = jax.jit(program._step).lower(list(weights), memories, batch).compile().cost_analysis()
    cost = cost[0] if isinstance(cost, list) else cost
    rows = 0.0
    for n, table in enumerate(program.tables):
        distinct = float((arrays[f"rows {n}"][0] < table.n_rows).sum())
        widths = sum(int(np.prod(weights[at].shape[1:])) for at in table.places)
        rows += distinct * widths * 4 * 6  # the rows and two moments of each, read and written
    return {"flops": float(cost.get("flops", 0.0)), "bytes": float(cost.get("bytes accessed", 0.0)), "row_bytes": rows}


if __name__ == "__main__":
    main()
