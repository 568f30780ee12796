"""Does the spread of what people are shown and meet narrow as they follow a recommender? Simulated, in several worlds.

    python benchmarks/filter_bubble.py --worlds 10 --algorithms popular item-knn svd implicit-als random

Each world is generated anew (its seed is its number) and every recommender, and both controls, meet the same chances in
it; see `longtail.evaluation.behavior.filter_bubble` for the rules and the measures. The record under
`benchmarks/results/` holds, for each recommender and measure, the mean over worlds at first, in the last round, the
change, the change beyond that of people who browse instead, the mean of all rounds, and how far that is above
theirs; with 95 % intervals over worlds.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from scale import environment

HERE = Path(__file__).resolve().parent
RECORD = HERE / "results" / "filter-bubble.json"
ALGORITHMS = ["popular", "item-knn", "svd", "implicit-als", "random"]
SHOWN = {
    "list_spread": "spread of a list",
    "met_spread": "spread of what is met",
    "met_entropy": "genres met, bits",
    "sameness": "sameness of users",
    "utility": "utility of what is chosen, mean of all rounds",
}


def main(arguments: list[str] | None = None) -> None:
    from longtail.evaluation.behavior import Simulation, filter_bubble
    from longtail.evaluation.behavior.bubble_measures import MEASURES

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=Simulation.rounds)
    parser.add_argument("--update", default=Simulation.update, choices=["retrain", "fold-in"])
    parser.add_argument("--position-bias", type=float, default=Simulation.position_bias)
    parser.add_argument("--algorithms", nargs="+", default=ALGORITHMS)
    parser.add_argument("--output", type=Path, default=RECORD)
    options = parser.parse_args(arguments)
    began, results = time.perf_counter(), []
    for seed in range(options.worlds):
        rules = Simulation(rounds=options.rounds, update=options.update, position_bias=options.position_bias, seed=seed)
        results.append(filter_bubble(options.algorithms, rules))
        print(f"world {seed + 1} of {options.worlds}, {time.perf_counter() - began:.0f} s", flush=True)
    rules = {name: value for name, value in results[0].rules.items() if name != "seed"}
    rows = [row(results, label, measure) for label in labels(results) for measure in MEASURES]
    record = {"rules": rules, "worlds": options.worlds, "environment": environment(), "rows": rows}
    options.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(markdown(record))


def labels(results: list[Any]) -> list[str]:
    return [run.label for run in results[0].runs]


def row(results: list[Any], label: str, measure: str) -> dict[str, Any]:
    """One recommender and one measure, over the worlds."""
    from longtail.evaluation.intervals import of_mean

    first = 0 if measure in ("met_spread", "met_entropy") else 1
    curves = [result.run(label).curve(measure) for result in results]
    browsing = [result.run("browsing").curve(measure) for result in results]
    change = [curve[-1] - curve[first] for curve in curves]
    beyond = [mine - (theirs[-1] - theirs[first]) for mine, theirs in zip(change, browsing, strict=True)]
    figures: dict[str, Any] = {"algorithm": label, "control": results[0].run(label).control, "measure": measure}
    mean = [curve[1:].mean() for curve in curves]
    above = [mine - theirs[1:].mean() for mine, theirs in zip(mean, browsing, strict=True)]
    series = {"first": [c[first] for c in curves], "last": [c[-1] for c in curves], "change": change, "beyond": beyond}
    series |= {"mean": mean, "above": above}
    for name, values in series.items():
        edges = zip(("", "_low", "_high"), of_mean(values), strict=True)
        figures |= {f"{name}{edge}": round(float(value), 6) for edge, value in edges}
    return figures


def markdown(record: dict[str, Any]) -> str:
    """Each cell: from first to last round; the change beyond browsing, with its interval over worlds."""
    lines = ["| lists by | " + " | ".join(SHOWN.values()) + " |", "|---" * (len(SHOWN) + 1) + "|"]
    by = {(row["algorithm"], row["measure"]): row for row in record["rows"]}
    for label in dict.fromkeys(row["algorithm"] for row in record["rows"]):
        cells = [_cell(by[label, measure], label) for measure in SHOWN]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(row: dict[str, Any], label: str) -> str:
    """From first to last and the change beyond browsing; of utility, the mean and how far above browsing's it is."""
    moves = row["measure"] != "utility"
    text = f"{row['first']:.2f} to {row['last']:.2f}" if moves else f"{row['mean']:.2f}"
    if label == "browsing":
        return text
    value, low, high = (row[f"{'beyond' if moves else 'above'}{edge}"] for edge in ("", "_low", "_high"))
    told = "**" if low > 0 or high < 0 else ""
    return f"{text}; {told}{value:+.2f}{told} [{low:+.2f}, {high:+.2f}]"


if __name__ == "__main__":
    main()
