"""Side-by-side runs against scikit-surprise: the same task on the same files, in turns, each run a process of its own.

```
python benchmarks/run.py            # all tasks, three rounds; makes the peer's environment on first use
python benchmarks/run.py --quick    # one round of a few small tasks
python benchmarks/run.py --bakeoff  # the classic bake-off too (minutes for the peer)
```

Ratios are medians over the rounds of peer / ours, of CPU time (user and system, all threads) and of memory (the peak
above what the process held before the work). Above 1 we are the faster, or the smaller.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import longtail as lt

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parent / ".venv-surprise"
RESULTS = HERE / "results" / "surprise.json"
VARIANTS = ("basic", "mean", "zscore", "baseline")
SIMILARITIES = ("cosine", "msd", "pearson", "pearson_baseline")
KNN = [f"knn-{side}-{variant}-{name}" for side in ("user", "item") for variant in VARIANTS for name in SIMILARITIES]
TASKS = ["svd", "svdpp", "top10", *KNN]
QUICK = ["svd", "top10", "knn-user-mean-msd", "knn-item-baseline-pearson_baseline"]
MEBIBYTE = 2**20

console = Console(width=None if sys.stdout.isatty() else 110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, help="a Python with scikit-surprise; by default one is set up")
    parser.add_argument("--rounds", type=int, default=3, help="how often each task is run (default 3)")
    parser.add_argument("--tasks", nargs="*", metavar="TASK", help=f"some of {', '.join([*TASKS[:4], '...'])}")
    parser.add_argument("--bakeoff", action="store_true", help="add the classic bake-off of SVD and random")
    parser.add_argument("--quick", action="store_true", help="one round of a few tasks on a tenth of the users")
    chosen = parser.parse_args()
    tasks = chosen.tasks if chosen.tasks is not None else QUICK if chosen.quick else TASKS
    unknown = set(tasks) - set(TASKS) - {"bakeoff"}
    if unknown:
        parser.error(f"no task {', '.join(sorted(unknown))}; choose from {', '.join([*TASKS, 'bakeoff'])}")
    peer = chosen.peer or peer_environment()
    with tempfile.TemporaryDirectory() as folder:
        rows = compare([*tasks, *["bakeoff"] * chosen.bakeoff], peer, Path(folder), chosen)
    show(rows)
    save(rows, peer)


def compare(tasks: list[str], peer: Path, folder: Path, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """Run every task in turns; one row a task."""
    sides = {"ours": [sys.executable, HERE / "longtail_peer.py"], "peer": [peer, HERE / "surprise_peer.py"]}
    files = {
        kind: write_files(kind, folder, chosen.quick) for kind in {"bakeoff" if t == "bakeoff" else "u1" for t in tasks}
    }
    rows = []
    with console.status("") as status:
        for task in tasks:
            runs: dict[str, list[dict[str, Any]]] = {"ours": [], "peer": []}
            for turn in range(1 if chosen.quick else chosen.rounds):
                for side, command in sides.items():
                    status.update(f"{task}: round {turn + 1}, {side}")
                    runs[side].append(run([*command, task, *files["bakeoff" if task == "bakeoff" else "u1"]]))
            rows.append(summary(task, runs))
            console.print(one_line(rows[-1]))
    return rows


def run(command: list[Any]) -> dict[str, Any]:
    """The JSON a peer prints; its own words when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def summary(task: str, runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Medians of both sides, and medians of the ratios of each round."""
    row: dict[str, Any] = {"task": task, "runs": runs}
    for measure, of in (("cpu", total("cpu")), ("wall", total("wall")), ("memory", lambda r: r["memory"]["above"])):
        pairs = list(zip(map(of, runs["peer"]), map(of, runs["ours"]), strict=True))
        row[measure] = {side: statistics.median(p[k] for p in pairs) for k, side in enumerate(("peer", "ours"))}
        row[measure]["ratio"] = statistics.median(a / max(b, 1e-9) for a, b in pairs)
    row["peak"] = {side: statistics.median(r["memory"]["peak"] for r in runs[side]) for side in runs}
    row["rmse"] = {side: runs[side][0].get("rmse") for side in runs}
    return row


def total(measure: str) -> Any:
    return lambda result: sum(result[measure].values())


def one_line(row: dict[str, Any]) -> str:
    cpu, memory = row["cpu"], row["memory"]
    return (
        f"{row['task']}: CPU {cpu['peer']:.3f} s / {cpu['ours']:.4f} s = {cpu['ratio']:.1f}x, memory above the start "
        f"{memory['peer'] / MEBIBYTE:.0f} / {memory['ours'] / MEBIBYTE:.1f} MiB"
    )


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(title="scikit-surprise / Longtail", caption="medians; a ratio above 1: we are faster, or smaller")
    table.add_column("task")
    for name in ("CPU seconds", "ratio", "MiB above start", "ratio", "peak MiB", "RMSE"):
        table.add_column(name, justify="right")
    for row in rows:
        cpu, memory, peak, rmse = row["cpu"], row["memory"], row["peak"], row["rmse"]
        table.add_row(
            row["task"].removeprefix("knn-").replace("-", " "),
            f"{cpu['peer']:.3f} / {cpu['ours']:.4f}",
            f"{cpu['ratio']:.1f}",
            f"{memory['peer'] / MEBIBYTE:.0f} / {memory['ours'] / MEBIBYTE:.1f}",
            f"{memory['ratio']:.1f}",
            f"{peak['peer'] / MEBIBYTE:.0f} / {peak['ours'] / MEBIBYTE:.0f}",
            "" if rmse["peer"] is None else f"{rmse['peer']:.4f} / {rmse['ours']:.4f}",
        )
    console.print(table)


def save(rows: list[dict[str, Any]], peer: Path) -> None:
    """Write everything measured as JSON."""
    versions = [
        subprocess.run(
            [str(p), str(HERE / s), "version", "", ""], capture_output=True, text=True, check=True
        ).stdout.strip()
        for p, s in ((sys.executable, "longtail_peer.py"), (peer, "surprise_peer.py"))
    ]
    machine = {"system": platform.platform(), "processors": os.cpu_count(), "python": platform.python_version()}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"versions": versions, "machine": machine, "tasks": rows}, indent=1) + "\n")
    console.print(f"Written to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


# -- data --------------------------------------------------------------------------------------------------------------


def write_files(kind: str, folder: Path, quick: bool) -> tuple[Path, Path]:
    """The training and test rows as two plain files both sides can read (user, item, rating)."""
    train, test = published(kind) or generated(kind)
    if quick:
        train, test = ([row for row in rows if int(row[0]) % 10 == 1] for rows in (train, test))
    paths = folder / f"{kind}-train.csv", folder / f"{kind}-test.csv"
    for path, rows in zip(paths, (train, test), strict=True):
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return paths


def published(kind: str) -> tuple[list[list[str]], list[list[str]]] | None:
    """MovieLens from `LONGTAIL_DATA`: the first fold of 100K, or all of latest-small; None where it is not there."""
    folder = Path(os.environ.get("LONGTAIL_DATA", ""))
    if kind == "u1" and (folder / "ml-100k" / "u1.base").is_file():
        return tuple(read(folder / "ml-100k" / f"u1.{part}", "\t") for part in ("base", "test"))  # type: ignore[return-value]
    if kind == "bakeoff" and (folder / "ml-latest-small" / "ratings.csv").is_file():
        return read(folder / "ml-latest-small" / "ratings.csv", ",")[1:], []
    return None


def read(path: Path, separator: str) -> list[list[str]]:
    with path.open(newline="") as file:
        return [row[:3] for row in csv.reader(file, delimiter=separator)]


def generated(kind: str) -> tuple[list[list[str]], list[list[str]]]:
    """A generated world of the same size."""
    users, items, ratings = (943, 1_682, 100_000) if kind == "u1" else (671, 9_066, 100_004)
    console.print(f"LONGTAIL_DATA names no MovieLens here: using a generated world of {users} users and {items} items.")
    data = lt.datasets.synthetic(users=users, items=items, ratings=ratings, seed=0)
    parts: Iterable[lt.Interactions] = (data, data.take(data.values < 0))
    if kind == "u1":
        parts = lt.splits.random_holdout(data, 0.2, seed=0)
    train, test = (
        [
            [str(u), str(i), str(v)]
            for u, i, v in zip(p.users.tolist(), p.items.tolist(), p.values.tolist(), strict=True)
        ]
        for p in parts
    )
    return train, test


# -- the peer's environment --------------------------------------------------------------------------------------------


def peer_environment() -> Path:
    """A virtual environment with scikit-surprise, which needs NumPy 1, made on first use."""
    python = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin") / "python"
    ready = ENVIRONMENT / ".ready"
    if ready.is_file():
        return python
    if sys.version_info >= (3, 13):
        sys.exit("scikit-surprise needs NumPy 1 and so Python 3.12 or older; pass one that has it with --peer PYTHON")
    console.print(f"Installing scikit-surprise into {ENVIRONMENT.name} (once; it is compiled, a minute or two) ...")
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    pins = HERE / "surprise-constraints.txt"
    limits = {"PIP_CONSTRAINT": str(pins), "PIP_BUILD_CONSTRAINT": str(pins)}  # the second for pip 25.3 and later
    command = [str(python), "-m", "pip", "install", "--quiet", "-r", str(pins)]
    if subprocess.run(command, env={**os.environ, **limits}, check=False).returncode:
        sys.exit("scikit-surprise could not be installed; pass a Python that has it with --peer PYTHON")
    ready.touch()
    return python


if __name__ == "__main__":
    main()
