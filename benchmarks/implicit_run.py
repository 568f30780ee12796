"""Side-by-side runs against `implicit`: the same clicks, the same weights, in turns, each run a process of its own.

```
python benchmarks/implicit_run.py --peer PYTHON                          # 1 M clicks, 64 factors, all tasks
python benchmarks/implicit_run.py --peer PYTHON --sizes 1,20 --factors 64,128
python benchmarks/implicit_run.py --peer PYTHON --tasks top              # 30,000 users x 40,000 items x 64, top 20
```

PYTHON is one that has `implicit` and `threadpoolctl`. Times of ALS and BPR are those of one epoch: a fit of 1 + n
epochs less a fit of one, over n. A ratio is the median over the rounds of peer / ours; above 1 we are faster. The loss
is the exact one over all pairs, after the same number of epochs; recall@20 is on a held-out tenth of the clicks. Our
ALS ends with one more exact solution for the users, whose cost cancels in the difference and whose gain is in the loss.
Variables that choose another kernel of OpenBLAS are left out of the environment of both sides.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
MILLION = 1_000_000
USERS_PER_MILLION, ITEMS = 6_900, 27_000
TASKS = ("cg", "cholesky", "bpr", "top")
ALS = {"alpha": 1.0, "regularization": 0.01}
BPR = {"learning_rate": 0.02, "regularization": 0.01}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, required=True, help="a Python that has implicit and threadpoolctl")
    parser.add_argument("--sizes", default="1", help="millions of clicks, such as 1,20")
    parser.add_argument("--factors", default="64", help="such as 64,128")
    parser.add_argument("--tasks", default=",".join(TASKS), help=f"some of {','.join(TASKS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5, help="epochs of ALS that are timed")
    parser.add_argument("--bpr-epochs", type=int, default=20, help="epochs of BPR that are timed")
    parser.add_argument("--people", type=int, default=30_000, help="users of the task top")
    parser.add_argument("--threads", type=int, help="threads of both sides; all processors when not given")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "implicit.json")
    chosen = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for row in comparisons(chosen, Path(folder)):
            print(one_line(row), flush=True)
            rows.append(row)
    machine = {"system": platform.platform(), "processors": os.cpu_count(), "threads": chosen.threads}
    chosen.output.parent.mkdir(exist_ok=True)
    chosen.output.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")


def comparisons(chosen: argparse.Namespace, folder: Path) -> Any:
    tasks = chosen.tasks.split(",")
    if unknown := set(tasks) - set(TASKS):
        sys.exit(f"no task {', '.join(sorted(unknown))}; choose from {', '.join(TASKS)}")
    for size in [float(text) for text in chosen.sizes.split(",")] if set(tasks) != {"top"} else []:
        path = clicks(round(size * MILLION), folder)
        for factors in [int(text) for text in chosen.factors.split(",")]:
            for task in tasks:
                name = f"{task}, {size:g} M, {factors} factors"
                if task in ("cg", "cholesky"):
                    settings = {**ALS, "factors": factors, "solver": task, "epochs": chosen.epochs}
                    yield compare(name, "als", path, settings, chosen)
                elif task == "bpr":
                    yield compare(name, "bpr", path, {**BPR, "factors": factors, "epochs": chosen.bpr_epochs}, chosen)
    if "top" in tasks:
        path = vectors(chosen.people, 40_000, 64, folder)
        name = f"top 20 of 40,000 for {chosen.people:,}, 64 factors"
        yield compare(name, "top", path, {"n": 20}, chosen, ("ours", "product", "peer"))


def compare(
    name: str, task: str, path: Path, settings: Any, chosen: argparse.Namespace, sides: Any = ("ours", "peer")
) -> dict[str, Any]:
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    for _ in range(chosen.rounds):
        for side in sides:
            script = "implicit_peer.py" if side == "peer" else "implicit_ours.py"
            python = chosen.peer if side == "peer" else sys.executable
            what = "product" if side == "product" else task
            runs[side].append(run([python, HERE / script, what, path, json.dumps(settings)], chosen.threads))
    return {"name": name, "settings": settings, "runs": runs, "ratio": {m: ratios(runs, m) for m in ("cpu", "wall")}}


def ratios(runs: dict[str, list[dict[str, Any]]], measure: str) -> dict[str, float]:
    """Of every other side to ours: the median over the rounds."""
    return {
        side: statistics.median(b[measure] / max(a[measure], 1e-9) for a, b in zip(runs["ours"], found, strict=True))
        for side, found in runs.items()
        if side != "ours"
    }


def run(command: list[Any], threads: int | None) -> dict[str, Any]:
    environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    if threads:
        names = ("LONGTAIL_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        environment |= dict.fromkeys(names, str(threads))
    if str(command[1]).endswith("implicit_ours.py"):
        source = str(HERE.parent / "src")
        environment["PYTHONPATH"] = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    else:
        environment.pop("PYTHONPATH", None)
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def one_line(row: dict[str, Any]) -> str:
    words = []
    for side, found in row["runs"].items():
        cpu, wall = (statistics.median(r[m] for r in found) for m in ("cpu", "wall"))
        words.append(f"{side} {cpu:.3f} s CPU, {wall:.3f} s wall")
        words[-1] += "".join(f", {m} {found[0][m]:.6g}" for m in ("loss", "recall") if m in found[0])
    for side, cpu in row["ratio"]["cpu"].items():
        words.append(f"{side} / ours {cpu:.2f} CPU, {row['ratio']['wall'][side]:.2f} wall")
    return f"{row['name']}: " + "; ".join(words)


# -- data --------------------------------------------------------------------------------------------------------------


def clicks(rows: int, folder: Path) -> Path:
    """Generated clicks, a tenth of them held out, in a file that both sides read."""
    path = folder / f"clicks-{rows}.npz"
    if not path.exists():
        from longtail.data.synthetic import World

        data = World(users=max(1, USERS_PER_MILLION * rows // MILLION), items=ITEMS).ratings(rows)
        held = np.random.default_rng(0).random(len(data)) < 0.1
        parts = {"train": data.take(~held).by_user, "test": data.take(held).by_user}
        arrays = {f"{name}_{of}": getattr(part, of) for name, part in parts.items() for of in ("indices", "indptr")}
        np.savez(path, shape=parts["train"].shape, **arrays)
    return path


def vectors(users: int, items: int, factors: int, folder: Path) -> Path:
    """Random vectors, and fifty items that each user has seen."""
    rng = np.random.default_rng(0)
    path = folder / "vectors.npz"
    seen = np.sort(rng.integers(0, items // 50, (users, 50)) + np.arange(50) * (items // 50), axis=1)
    np.savez(
        path,
        users=rng.standard_normal((users, factors), dtype=np.float32),
        items=rng.standard_normal((items, factors), dtype=np.float32),
        seen_indices=seen.ravel().astype(np.int32),
        seen_indptr=np.arange(0, seen.size + 1, 50).astype(np.int32),
    )
    return path


if __name__ == "__main__":
    main()
