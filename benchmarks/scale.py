"""How time and memory grow with the number of ratings: generate, write, load, split, fit, recommend.

    python benchmarks/scale.py --sizes 1,5,20

Sizes are in millions of synthetic ratings, in the proportions of MovieLens 20M: 6,900 users to a million ratings and
27,000 items always. Each group of steps runs in a process of its own, because a peak never falls again; `peak` is the
highest resident memory of that process up to the end of the step, data and interpreter included. The growth exponent b
is fitted to seconds = a n^b; 1 is linear. The table is printed, and written as JSON under `benchmarks/results/`. A step
that fails is reported, does not stop the others, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MILLION = 1_000_000
USERS_PER_MILLION, ITEMS = 6_900, 27_000

Step = tuple[str, Callable[[], Any]]
Record = dict[str, Any]


def world_of(ratings: int) -> Any:
    from longtail.data.synthetic import World

    return World(users=max(1, USERS_PER_MILLION * ratings // MILLION), items=ITEMS)


def generate(ratings: int, folder: Path) -> Iterator[Step]:
    yield "generate in memory", lambda: world_of(ratings).ratings(ratings)


def write_parquet(ratings: int, folder: Path) -> Iterator[Step]:
    path = folder / "ratings.parquet"
    yield "generate and write Parquet", lambda: world_of(ratings).write_ratings(path, ratings)


def write_csv(ratings: int, folder: Path) -> Iterator[Step]:
    path = folder / "ratings.csv"
    yield "generate and write CSV", lambda: world_of(ratings).write_ratings(path, ratings, "csv")


def load_parquet(ratings: int, folder: Path) -> Iterator[Step]:
    from longtail.data.interactions import Interactions

    yield "load Parquet", lambda: Interactions.from_parquet(folder / "ratings.parquet")


def load_csv(ratings: int, folder: Path) -> Iterator[Step]:
    from longtail.data.interactions import Interactions

    yield "load CSV", lambda: Interactions.from_csv(folder / "ratings.csv")


def split_random(ratings: int, folder: Path) -> Iterator[Step]:
    from longtail.data.splits import random_holdout

    data = world_of(ratings).ratings(ratings)
    yield "split, random hold-out", lambda: random_holdout(data)


def split_last(ratings: int, folder: Path) -> Iterator[Step]:
    from longtail.data.splits import leave_one_out

    data = world_of(ratings).ratings(ratings)
    yield "split, leave one out (random)", lambda: leave_one_out(data)
    yield "split, leave one out (last)", lambda: leave_one_out(data, which="last")


def model(ratings: int, folder: Path) -> Iterator[Step]:
    import longtail as lt

    lt.make("svd", epochs=1).fit(world_of(1_000).ratings(1_000)).recommend(n=10)  # so that no kernel compiles below
    data, svd = world_of(ratings).ratings(ratings), lt.make("svd", epochs=1)
    yield "fit SVD, one epoch", lambda: svd.fit(data)
    yield "top-10 for everyone", lambda: svd.recommend(n=10)


GROUPS = {group.__name__: group for group in (
    generate, write_parquet, write_csv, load_parquet, load_csv, split_random, split_last, model
)}  # fmt: skip


def peak_mib() -> float:
    """Highest resident memory of this process (on Linux without that of the parent it was forked from)."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def run_group(name: str, ratings: int, folder: Path) -> None:
    """In a child: run the steps of one group and print a JSON line for each."""
    importlib.import_module("longtail.data.synthetic")  # so that no import is timed below
    for step, work in GROUPS[name](ratings, folder):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        record = {"step": step, "seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
        print(json.dumps({**record, "peak_mib": peak_mib()}), flush=True)
        del result


def measure(name: str, ratings: int, folder: Path) -> list[Record]:
    """In the parent: the records of one group; a failure is a record, too."""
    command = [sys.executable, __file__, "--group", name, "--ratings", str(ratings), "--folder", str(folder)]
    path = os.pathsep.join([str(HERE.parent / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False)
    records = [{"ratings": ratings, **json.loads(line)} for line in ran.stdout.splitlines()]
    if ran.returncode:
        reason = (ran.stderr.strip() or f"exit code {ran.returncode}").splitlines()[-1]
        records.append({"ratings": ratings, "step": f"{name} (failed)", "error": reason})
    return records


def growth(points: list[tuple[int, float]]) -> float | None:
    """The exponent b of seconds = a n^b, by least squares on logarithms; None for fewer than two sizes."""
    if len(points) < 2:
        return None
    logs = [(math.log(n), math.log(seconds)) for n, seconds in points]
    mean_n, mean_s = (sum(column) / len(logs) for column in zip(*logs, strict=True))
    return sum((n - mean_n) * (s - mean_s) for n, s in logs) / sum((n - mean_n) ** 2 for n, _ in logs)


def print_table(records: list[Record], sizes: list[int]) -> None:
    steps = list(dict.fromkeys(record["step"] for record in records))
    print(f"{'seconds | peak MiB':32}" + "".join(f"{size / MILLION:>16g} M" for size in sizes) + f"{'growth':>10}")
    for step in steps:
        ours = {record["ratings"]: record for record in records if record["step"] == step and "seconds" in record}
        cells = [f"{ours[n]['seconds']:.2f} | {ours[n]['peak_mib']:,.0f}" if n in ours else "-" for n in sizes]
        exponent = growth([(n, record["seconds"]) for n, record in ours.items()])
        shown = "-" if exponent is None else f"n^{exponent:.2f}"
        print(f"{step:32}" + "".join(f"{cell:>18}" for cell in cells) + f"{shown:>10}")
    for record in records:
        if "error" in record:
            print(f"{record['ratings'] / MILLION:g} M, {record['step']}: {record['error']}")


def environment() -> Record:
    versions = {}
    for package in ("longtail", "numpy", "scipy", "numba", "polars"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "source tree"
    return {"python": platform.python_version(), "machine": platform.machine(), "cpus": os.cpu_count(), **versions}


def sizes_of(text: str) -> list[int]:
    sizes = [round(float(part) * MILLION) for part in text.split(",")]
    if not sizes or min(sizes) < 1:
        raise ValueError(text)
    return sizes


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=sizes_of, default="1,5,20", help="millions of ratings, such as 1,5,20")
    parser.add_argument("--steps", default=",".join(GROUPS), help="groups of steps to run (default: all)")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "scale.json")
    parser.add_argument("--group", choices=GROUPS, help=argparse.SUPPRESS)
    parser.add_argument("--ratings", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.group:
        run_group(options.group, options.ratings, options.folder)
        return
    chosen = options.steps.split(",")
    if unknown := [name for name in chosen if name not in GROUPS]:
        parser.error(f"unknown step {unknown[0]}; choose from {', '.join(GROUPS)}")
    records: list[Record] = []
    for ratings in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            for name in chosen:
                print(f"{ratings / MILLION:g} M: {name} ...", file=sys.stderr, flush=True)
                records += measure(name, ratings, Path(folder))
    print_table(records, options.sizes)
    exponents = {}
    for step in dict.fromkeys(record["step"] for record in records if "seconds" in record):
        exponents[step] = growth([(r["ratings"], r["seconds"]) for r in records if r["step"] == step])
    options.output.parent.mkdir(parents=True, exist_ok=True)
    report = {"environment": environment(), "records": records, "growth_exponent": exponents}
    options.output.write_text(json.dumps(report, indent=2) + "\n")
    print(f"written to {options.output}")
    if any("error" in record for record in records):
        sys.exit(1)


if __name__ == "__main__":
    main()
