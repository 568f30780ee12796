"""How the time and memory of each algorithm's fit grow with the number of interactions.

    python benchmarks/growth.py --sizes 0.1,1,5,20 --algorithms svd ease

Sizes are in millions of synthetic ratings, in the proportions of MovieLens 20M (see scale.py). Each fit runs in a
process of its own, after one on a tiny world so that no kernel compiles while the clock runs; `peak` is the highest
resident memory, data and interpreter included. The growth exponent b is fitted to seconds = a n^b. A fit that fails, is
refused, takes longer than the limit, or would by the two sizes before it, is reported with the reason, and larger sizes
of that algorithm are left out. The table is printed, and written as JSON and as a page with both plots under
`benchmarks/results/`; what is there already of other algorithms is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from scale import MILLION, environment, growth, peak_mib, sizes_of, world_of

HERE = Path(__file__).resolve().parent
SECONDS_LIMIT = 300

Record = dict[str, Any]


def fit(name: str, ratings: int) -> None:
    """In a child: fit one algorithm and print a line of JSON."""
    import longtail as lt

    lt.make(name).fit(lt.datasets.synthetic(users=60, items=50, ratings=1_000))
    data = world_of(ratings).ratings(ratings)
    data.by_user, data.by_item  # noqa: B018  made once, whatever the algorithm
    before, wall, cpu = peak_mib(), time.perf_counter(), time.process_time()
    lt.make(name).fit(data)
    took = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    print(json.dumps({**took, "peak_mib": peak_mib(), "data_mib": before}))


def measure(name: str, ratings: int, limit: float) -> Record:
    """In the parent: what the child printed, or why it printed nothing."""
    command = [sys.executable, __file__, "--child", name, "--sizes", str(ratings / MILLION)]
    path = os.pathsep.join([str(HERE.parent / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    where = {"algorithm": name, "ratings": ratings}
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            check=False,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        return {**where, "error": f"not done in {limit:g} s"}
    if ran.returncode:
        return {**where, "error": (ran.stderr.strip() or f"exit code {ran.returncode}").splitlines()[-1]}
    return {**where, **json.loads(ran.stdout.splitlines()[-1])}


def expected(ours: list[Record], ratings: int) -> float:
    """The seconds to be expected by the last two sizes: growing as between them, and at least in proportion."""
    if len(ours) < 2:
        return 0.0
    power = growth([(record["ratings"], record["seconds"]) for record in ours[-2:]]) or 1.0
    return float(ours[-1]["seconds"] * (ratings / ours[-1]["ratings"]) ** max(1.0, power))


def exponent(records: list[Record], name: str) -> float | None:
    """The growth exponent of an algorithm's seconds."""
    return growth([(r["ratings"], r["seconds"]) for r in records if r["algorithm"] == name and "seconds" in r])


def print_table(records: list[Record], sizes: list[int]) -> None:
    """A row an algorithm: seconds | peak MiB at each size."""
    names = list(dict.fromkeys(record["algorithm"] for record in records))
    print(f"{'seconds | peak MiB':24}" + "".join(f"{size / MILLION:>16g} M" for size in sizes) + f"{'growth':>10}")
    for name in names:
        ours = {record["ratings"]: record for record in records if record["algorithm"] == name and "seconds" in record}
        cells = [f"{ours[n]['seconds']:.2f} | {ours[n]['peak_mib']:,.0f}" if n in ours else "-" for n in sizes]
        power = exponent(records, name)
        shown = "-" if power is None else f"n^{power:.2f}"
        print(f"{name:24}" + "".join(f"{cell:>18}" for cell in cells) + f"{shown:>10}")
    for record in records:
        if "error" in record:
            print(f"{record['algorithm']}, {record['ratings'] / MILLION:g} M: {record['error']}")


def markdown(report: Record) -> str:
    """The recorded report as a Markdown table: seconds / peak GiB at each size, and the exponent of the seconds."""
    records = report["records"]
    sizes = sorted({record["ratings"] for record in records})
    lines = ["| algorithm | " + " | ".join(f"{size / MILLION:g} M" for size in sizes) + " | seconds grow as |"]
    lines.append("|---" * (len(sizes) + 2) + "|")
    for name in dict.fromkeys(record["algorithm"] for record in records):
        ours = {record["ratings"]: record for record in records if record["algorithm"] == name}
        cells = [_cell(ours.get(size)) for size in sizes]
        power = exponent(records, name)
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {'' if power is None else f'n^{power:.2f}'} |")
    return "\n".join(lines)


def _cell(record: Record | None) -> str:
    if record is None:
        return ""
    if "error" in record:
        return "refused" if "budget" in record["error"] else "over the limit"
    return f"{record['seconds']:.2f} s / {record['peak_mib'] / 1024:.2f}"


def plot(records: list[Record], path: Path) -> None:
    """Both figures against the number of ratings, on logarithmic axes, as a page of its own."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(cols=2, subplot_titles=["fit, seconds", "peak memory, MiB"])
    for name in dict.fromkeys(record["algorithm"] for record in records):
        ours = [record for record in records if record["algorithm"] == name and "seconds" in record]
        for column, field in enumerate(("seconds", "peak_mib"), start=1):
            x, y = [record["ratings"] for record in ours], [record[field] for record in ours]
            trace = go.Scatter(x=x, y=y, name=name, legendgroup=name, showlegend=column == 1, mode="lines+markers")
            figure.add_trace(trace, row=1, col=column)
    figure.update_xaxes(type="log", title="ratings")
    figure.update_yaxes(type="log")
    figure.write_html(path, include_plotlyjs=True)


def kept(path: Path, algorithms: list[str]) -> list[Record]:
    """What was measured before of other algorithms."""
    found = json.loads(path.read_text(encoding="utf-8"))["records"] if path.is_file() else []
    return [record for record in found if record["algorithm"] not in algorithms]


def write(records: list[Record], path: Path) -> None:
    """What was measured so far, as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exponents = {name: exponent(records, name) for name in dict.fromkeys(record["algorithm"] for record in records)}
    report = {"environment": environment(), "records": records, "growth_exponent": exponents}
    path.write_text(json.dumps(report, indent=2) + "\n")


def main() -> None:
    from longtail import registry

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=sizes_of, default="0.1,1,5,20", help="millions of ratings, such as 0.1,1,5,20")
    parser.add_argument("--algorithms", nargs="*", default=registry.BUILT_IN, metavar="NAME")
    parser.add_argument(
        "--limit", type=float, default=SECONDS_LIMIT, help="seconds a fit may take, with making the data"
    )
    parser.add_argument("--output", type=Path, default=HERE / "results" / "growth.json")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        fit(options.child, options.sizes[0])
        return
    records = kept(options.output, options.algorithms)
    for name in options.algorithms:
        for ratings in options.sizes:
            print(f"{name}, {ratings / MILLION:g} M ...", file=sys.stderr, flush=True)
            ours = [record for record in records if record["algorithm"] == name]
            if (forecast := expected(ours, ratings)) > options.limit:
                where = {"algorithm": name, "ratings": ratings}
                records.append({**where, "error": f"not begun: {forecast:,.0f} s to be expected"})
            else:
                records.append(measure(name, ratings, options.limit))
            if "error" in records[-1]:
                break
        write(records, options.output)
    print_table(records, options.sizes)
    plot(records, options.output.with_suffix(".html"))
    print(f"written to {options.output} and {options.output.with_suffix('.html').name}")


if __name__ == "__main__":
    main()
