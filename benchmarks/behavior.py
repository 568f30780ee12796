"""How much lists change by chance, by one rating and from day to day, and how soon a rating is heard.

    python benchmarks/behavior.py --data ml-latest-small --algorithms popular svd

See `longtail.evaluation.behavior` for what is measured. Times are of one process with the machine's threads; run it on
a quiet machine. What the record under `benchmarks/results/` holds of other algorithms is kept.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from scale import environment

HERE = Path(__file__).resolve().parent
RECORD = HERE / "results" / "behavior.json"
ALGORITHMS = ["popular", "item-knn", "svd", "implicit-als", "random"]
CAUSES = [
    "another seed",
    "an old rating again, online",
    "one rating, folded in",
    "one rating, online",
    "one rating, retrained",
    "a day later, idle users",
]


def main(arguments: list[str] | None = None) -> None:
    import longtail as lt
    from longtail.evaluation.behavior import behave

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default="ml-latest-small")
    parser.add_argument("--probes", type=int, default=50)
    parser.add_argument("--retrains", type=int, default=5)
    parser.add_argument("--algorithms", nargs="+", default=ALGORITHMS)
    parser.add_argument("--output", type=Path, default=RECORD)
    options = parser.parse_args(arguments)
    data = lt.datasets.load(options.data)
    rules = {"data": options.data, "probes": options.probes, "retrains": options.retrains}
    kept = json.loads(options.output.read_text(encoding="utf-8")) if options.output.exists() else {}
    record: dict[str, Any] = {"rules": rules, "environment": environment(), "algorithms": {}}
    if kept.get("rules") == rules:
        record["algorithms"] = kept["algorithms"]
    for name in options.algorithms:
        began = time.perf_counter()
        found = behave(lt.make(name), data, probes=options.probes, retrains=options.retrains)
        record["algorithms"][name] = found.to_dict()
        options.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    print(churn(record), responsiveness(record), sep="\n\n")


def churn(record: dict[str, Any]) -> str:
    """1 - RBO by cause."""
    lines = ["| lists by | " + " | ".join(CAUSES) + " |", "|---" * (len(CAUSES) + 1) + "|"]
    for name, found in record["algorithms"].items():
        by = {row["cause"]: row for row in found["changes"]}
        lines.append(f"| {name} | " + " | ".join(_range(by[cause], "change", "{:.3f}") for cause in CAUSES) + " |")
    return "\n".join(lines)


def responsiveness(record: dict[str, Any]) -> str:
    """Rank gain and time by way."""
    ways = ["fold-in", "online", "retrain"]
    heads = [f"{way}: places" for way in ways] + [f"{way}: ms" for way in ways]
    lines = ["| lists by | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for name, found in record["algorithms"].items():
        by = {row["way"]: row for row in found["ways"]}
        gains = [_range(by[way], "rank_gain", "{:+.1f}") for way in ways]
        times = [f"{by[way]['milliseconds']:,.0f}" if by[way]["milliseconds"] is not None else "" for way in ways]
        lines.append(f"| {name} | " + " | ".join([*gains, *times]) + " |")
    return "\n".join(lines)


def _range(row: dict[str, Any], name: str, form: str) -> str:
    """A figure with its interval; nothing where there is none."""
    value, low, high = (row[f"{name}{edge}"] for edge in ("", "_low", "_high"))
    if value is None:
        return ""
    return form.format(value) + (f" [{form.format(low)}, {form.format(high)}]" if low is not None else "")


if __name__ == "__main__":
    main()
