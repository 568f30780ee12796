"""SASRec beside a plain PyTorch loop of the same network, and beside RecBole: seconds to train every event once.

```
LONGTAIL_DATA=data python benchmarks/sasrec.py --epochs 5 --rounds 3
LONGTAIL_DATA=data python benchmarks/sasrec.py --recbole recbole-env/bin/python --json benchmarks/results/sasrec.json
```

The sides take turns, each in a process of its own with as many threads, on MovieLens 100K (long histories) and on a
drawn click log of short ones. PyTorch (`sasrec_torch.py`) gets the same windows, padded at the front as published
implementations do, as many rows in a step; an epoch of either learns from every event of every window once. Seconds are
the median of all epochs but the first, which compiles. Ours also tells the share of an epoch spent outside the compiled
steps: what is left of it after running as many steps on batches made before.

RecBole 1.2.1 (`sasrec_recbole.py`, in an environment of its own) makes a sample of every beginning of a history, with
one target each. Its epoch is a step for each `batch_size` samples, of which `--recbole-steps` are timed, and the rest
counted: an epoch would take minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import longtail as lt
from longtail.algorithms.sequence.windows import Rows

HERE = Path(__file__).resolve().parent
LENGTH = 50
SETTINGS = {"factors": 64, "length": LENGTH, "layers": 2, "heads": 1, "dropout": 0.2}
TASKS: dict[str, dict[str, Any]] = {
    "ml-100k, all items": {"log": "ml-100k", "batch_size": 64, "loss": "softmax", "negatives": 0},
    "short histories, 2048 negatives": {"log": "short", "batch_size": 64, "loss": "softmax", "negatives": 2048},
    "short histories, binary": {"log": "short", "batch_size": 64, "loss": "binary", "negatives": 0},
}


def main() -> None:
    """A row for each task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="*", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--recbole", help="the Python of an environment with recbole 1.2.1")
    parser.add_argument("--recbole-steps", type=int, default=20)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--ours", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.ours:
        print(json.dumps(ours(TASKS[chosen.ours], chosen.epochs)))
        return
    rows = []
    for name in chosen.tasks:
        rows.append(compared(name, chosen))
        print(json.dumps(rows[-1]), flush=True)
    print(table(rows))
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def table(rows: list[dict[str, Any]]) -> str:
    """A row for each task."""
    columns = ("task", "ours, s per epoch", "PyTorch / ours", "RecBole / ours", "ours outside compiled steps")
    lines = [f"| {' | '.join(columns)} |", "|---|---:|---:|---:|---:|"]
    for row in rows:
        recbole = f"{row['recbole'] / row['ours']:.0f}" if row.get("recbole") else ""
        shown = f"{row['ours']:.2f} | {row['torch'] / row['ours']:.2f} | {recbole} | {100 * row['outside']:.1f} %"
        lines.append(f"| {row['task']} | {shown} |")
    return "\n".join(lines)


def compared(name: str, chosen: argparse.Namespace) -> dict[str, Any]:
    """Seconds per epoch of each side of one task."""
    task, seconds = TASKS[name], {"ours": [], "torch": []}  # type: ignore[var-annotated]
    outside = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "task.npz"
        np.savez(path, **padded(task))
        common = ["--epochs", str(chosen.epochs + 1)]
        for _ in range(chosen.rounds):
            told = _run([sys.executable, __file__, "--ours", name, *common], chosen.threads)
            seconds["ours"] += told["seconds"][1:]
            outside.append(told["outside"])
            peer = [sys.executable, str(HERE / "sasrec_torch.py"), str(path), *common]
            seconds["torch"] += _run([*peer, "--threads", str(chosen.threads)], chosen.threads)["seconds"][1:]
        row: dict[str, Any] = {"task": name, **{side: median(found) for side, found in seconds.items()}}
        if chosen.recbole:
            write_recbole(log_of(task), Path(folder) / "log")
            asked = [chosen.recbole, str(HERE / "sasrec_recbole.py"), folder, "--steps", str(chosen.recbole_steps)]
            asked += ["--loss", "CE" if task["loss"] == "softmax" else "BPR", "--threads", str(chosen.threads)]
            row |= {f"recbole{key}": value for key, value in _run(asked, chosen.threads).items()}
    return row | {"outside": median(outside), "runs": seconds}


def _run(command: list[str], threads: int) -> dict[str, Any]:
    """What a process says in its last line."""
    mask = ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads]))
    told = subprocess.run(["taskset", "-c", mask, *command], capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(told.stderr[-2000:])
    found: dict[str, Any] = json.loads(told.stdout.strip().splitlines()[-1])
    return found


def log_of(task: dict[str, Any]) -> lt.Interactions:
    """MovieLens 100K, or 5,000 drawn histories of 8 events in the mean over 20,000 items."""
    if task["log"] == "ml-100k":
        return lt.datasets.movielens("100k")
    rng = np.random.default_rng(0)
    counts = 2 + rng.geometric(1 / 6, 5_000)
    user = np.repeat(np.arange(len(counts)), counts)
    shares = np.cumsum(1.0 / np.arange(10, 20_010))
    item = np.minimum(np.searchsorted(shares / shares[-1], rng.random(len(user))), 19_999)
    return lt.Interactions.from_frame(
        {"user": user, "item": item, "timestamp": np.arange(len(user))}, duplicates="keep"
    )


def ours(task: dict[str, Any], epochs: int) -> dict[str, Any]:
    """Seconds of every epoch, and the share of one outside of compiled steps."""
    from longtail.algorithms.trainer.on_jax import JaxEngine

    asked = {**SETTINGS, "batch_size": task["batch_size"], "loss": task["loss"], "negatives": task["negatives"]}
    log = log_of(task)
    model = lt.make("sasrec", epochs=epochs, **asked).fit(log)
    assert model.report is not None
    seconds = [epoch["seconds"] for epoch in model.report.epochs]
    feed, engine = model._feed(model.histories_), JaxEngine(model._network(), model._settings())
    made, compiled, whole = list(feed.epoch(np.random.default_rng(0))), [], []
    import jax

    for _ in range(4):
        prepared = []
        for chunk in made:  # arrays as the compiled loop takes them
            if engine.program is None:
                engine.start(chunk)
            arrays = engine.program.localized(chunk) | {"rate": np.full(len(chunk["window"]), 1e-3, np.float32)}
            full = 1 << (len(chunk["window"]) - 1).bit_length()
            filled = {
                n: np.concatenate([a, np.zeros((full - len(a), *a.shape[1:]), a.dtype)]) for n, a in arrays.items()
            }
            prepared.append((jax.block_until_ready(jax.device_put(filled)), len(chunk["window"])))
        began = time.perf_counter()
        for arrays, steps in prepared:
            engine.state, total = engine.program.run(engine.state, arrays, steps)
        float(total)
        compiled.append(time.perf_counter() - began)
        began = time.perf_counter()
        for chunk in feed.epoch(np.random.default_rng(1)):
            told = engine.run(chunk, np.full(len(chunk["window"]), 1e-3, np.float32))
        float(told)
        whole.append(time.perf_counter() - began)
    return {"seconds": seconds, "outside": max(0.0, 1.0 - median(compiled[1:]) / median(whole[1:]))}


def padded(task: dict[str, Any]) -> dict[str, Any]:
    """The same windows, one a row, padded at the front: input and target, items from 1."""
    sequences = log_of(task).sequences
    log = log_of(task)
    histories = sequences.rows(log.n_items)
    rows = Rows.of(histories, LENGTH, 1, leave=1)
    at = np.nonzero(rows.window)
    begins = np.flatnonzero(np.diff(rows.window[at].astype(np.int64) + 1000 * at[0], prepend=-1))
    window = np.cumsum(np.bincount(begins, minlength=len(at[0]))) - 1
    shape = int(window.max()) + 1, LENGTH
    source, position = rows.source[at], rows.position[at]
    found = {"input": np.zeros(shape, dtype=np.int32), "target": np.zeros(shape, dtype=np.int32)}
    found["input"][window, position] = histories.indices[source] + 1
    found["target"][window, position] = histories.indices[source + 1] + 1
    loss = "sampled" if task["negatives"] else task["loss"]
    sizes = {"batch_size": task["batch_size"], "negatives": task["negatives"], "loss": loss}
    return {**found, **SETTINGS, **sizes, "n_items": log.n_items}


def write_recbole(log: lt.Interactions, folder: Path) -> None:
    """The log in the atomic files that RecBole reads."""
    folder.mkdir()
    sequences = log.sequences
    user = np.repeat(np.arange(log.n_users), np.diff(sequences.indptr))
    lines = ["user_id:token\titem_id:token\ttimestamp:float"]
    lines += [f"{u}\t{i}\t{t}" for t, (u, i) in enumerate(zip(user.tolist(), sequences.items.tolist(), strict=True))]
    (folder / "log.inter").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
