"""Fill the tables of the documentation (`PAGES`) from the figures recorded in `benchmarks/results`.

```
python benchmarks/results_page.py           # write them
python benchmarks/results_page.py --check   # only say whether they are up to date
```

A table stands between the lines `<!-- table: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import accuracy
import attacks
import behavior
import filter_bubble
import frappe
import growth
import gru4rec
import leakage
import ranking
import sasrec
import sequential
import sessions
import significance
import translation

HERE = Path(__file__).resolve().parent
PAGES = [
    HERE.parent / "docs" / name
    for name in (
        "results.md",
        "data-sense.md",
        "significance.md",
        "algorithms/sessions.md",
        "algorithms/translation.md",
        "algorithms/boltzmann.md",
        "algorithms/neural-cf.md",
        "algorithms/two-tower.md",
        "algorithms/click-through.md",
        "algorithms/autoencoders.md",
        "algorithms/graph-networks.md",
        "algorithms/gru4rec.md",
        "algorithms/attention.md",
        "deep-learning.md",
    )
]
TABLE = re.compile(r"(?<=<!-- table: )(?P<name>[\w -]+)(?P<head> -->\n).*?(?=<!-- end -->)", re.DOTALL)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is out of date")
    options = parser.parse_args(arguments)
    before = {page: page.read_text(encoding="utf-8") for page in PAGES}
    after = {page: filled(text) for page, text in before.items()}
    if options.check:
        return int(before != after)
    for page, text in after.items():
        page.write_text(text, encoding="utf-8")
    return 0


def filled(page: str) -> str:
    """The page with every table made anew."""
    return TABLE.sub(lambda found: f"{found['name']}{found['head']}\n{TABLES[found['name']]()}\n\n", page)


def _recorded(name: str) -> Any:
    return json.loads((HERE / "results" / f"{name}.json").read_text(encoding="utf-8"))


def beside_implicit() -> str:
    """A row a task of `implicit_run.py`, two a task of `item_knn.py`."""
    lines = ["| task | CPU | wall | loss, ours / theirs | recall@20, ours / theirs |", "|---|---|---|---|---|"]
    for row in [*_recorded("implicit-1m")["rows"], *_recorded("implicit-20m")["rows"]]:
        ratio, runs = row["ratio"], row["runs"]
        pairs = " | ".join(_pair(runs, field, text) for field, text in (("loss", "{:.4g}"), ("recall", "{:.4f}")))
        for other in ratio["cpu"]:
            name = row["name"] if other == "peer" else f"{row['name']}: the bare float32 product"
            shown = pairs if other == "peer" else " | "
            lines.append(f"| {name} | {ratio['cpu'][other]:.2f} | {ratio['wall'][other]:.2f} | {shown} |")
    for task in _recorded("item-knn")["tasks"]:
        for phase in ("fit", "lists"):
            ratios = f"{task[f'{phase}_cpu']:.2f} | {task[f'{phase}_wall']:.2f}"
            recall = _pair(task["runs"], "recall", "{:.4f}") if phase == "lists" else ""
            lines.append(f"| item neighborhood {task['task']}, 1 M, {phase} | {ratios} | | {recall} |")
    return "\n".join(lines)


def _pair(runs: dict[str, list[dict[str, Any]]], field: str, text: str) -> str:
    """The medians of a figure on both sides; nothing where it was not measured."""
    if field not in runs["ours"][0]:
        return ""
    middle = [statistics.median(run[field] for run in runs[side]) for side in ("ours", "peer")]
    return " / ".join(text.format(value) for value in middle)


def per_item(*names: str) -> str:
    """The recorded figures of some algorithms on 75 % of the ratings of each item of MovieLens 100K."""
    kept = [row for row in _recorded("ranking") if row["data"] == "ml-100k" and row["protocol"] == "per-item"]
    return ranking.tables([row for row in kept if row["algorithm"].partition(":")[0] in names]).strip()


def of_ratings(*names: str) -> str:
    """The recorded errors of some algorithms on the five folds of MovieLens 100K."""
    return accuracy.markdown([row for row in _recorded("accuracy") if row["algorithm"].partition(":")[0] in names])


PUBLISHED_PER_ITEM = {
    "BiVAE": {"ndcg": 0.4687, "recall": 0.2209, "precision": 0.4082},
    "BPR": {"ndcg": 0.4450, "recall": 0.2166, "precision": 0.3887},
    "NCF": {"ndcg": 0.3686, "recall": 0.1632, "precision": 0.3269},
    "LightGCN": {"ndcg": 0.4164, "recall": 0.1960, "precision": 0.3592},
}
"""What the library Recommenders reports for MovieLens 100K with three quarters of each item's ratings to learn from."""


def towers() -> str:
    """`neumf` and `two-tower` beside simple models and published figures, by NDCG@10."""
    own = [row["algorithm"] for row in _recorded("towers")]
    return beside_published("popular", "implicit-item-knn", "implicit-als", "ease", *own, published=("LightGCN", "NCF"))


def networks() -> str:
    """The networks that make lists, beside what they have to beat."""
    simple = ("popular", "implicit-item-knn", "bpr", "implicit-als", "ease", "slim:non_negative=true")
    return beside_published(*simple, "mult-vae", "mult-dae", "cdae", "two-tower", "neumf", "lightgcn")


def beside_published(*names: str, published: Sequence[str] = tuple(PUBLISHED_PER_ITEM)) -> str:
    """Recorded figures on three quarters of each item's ratings of MovieLens 100K, and published ones, by NDCG@10."""
    records = [row for record in ("ranking", "autoencoders", "towers") for row in _recorded(record)]
    kept = ("ml-100k", "per-item")
    rows = [row for row in records if (row["data"], row["protocol"]) == kept and row["algorithm"] in names]
    shown = {f"`{row['algorithm']}`": row for row in rows}
    shown |= {f"{name}, published": PUBLISHED_PER_ITEM[name] for name in published}
    lines = ["| model | NDCG@10 | recall@10 | precision@10 |", "|---|---:|---:|---:|"]
    for name, row in sorted(shown.items(), key=lambda pair: -_value(pair[1]["ndcg"])):
        cells = (_with_error(row[metric]) for metric in ("ndcg", "recall", "precision"))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _value(entry: Any) -> float:
    return float(entry["value"] if isinstance(entry, dict) else entry)


def _with_error(entry: Any) -> str:
    return f"{_value(entry):.4f}" + (f" ± {entry['plus_minus']:.4f}" if isinstance(entry, dict) else "")


def million_items() -> str:
    """A row for each model of `million_items.py`."""
    lines = ["| model | items | events | peak GB | first epoch s | epoch s |", "|---|---:|---:|---:|---:|---:|"]
    for row in _recorded("million-items"):
        seconds = f"{row['first_epoch_seconds']:.0f} | {row['epoch_seconds']:.0f}"
        lines.append(f"| `{row['model']}` | {row['items']:,} | {row['events']:,} | {row['peak_gb']:.1f} | {seconds} |")
    return "\n".join(lines)


def gru4rec_speed() -> str:
    """What `gru4rec.py --speed` told."""
    told = _recorded("gru4rec-speed")
    ours, torch = (statistics.median(told["epoch_seconds"][side]) for side in ("ours", "torch"))
    share = 100 * told["share outside the compiled steps"]
    head = "| ours, s per epoch | PyTorch loop, s | ratio | ours outside compiled steps |\n|---:|---:|---:|---:|\n"
    return f"{head}| {ours:.2f} | {torch:.2f} | {torch / ours:.1f} | {share:.0f} % |"


def gpu() -> str:
    """A row for each model and catalogue of `gpu.py`."""
    lines = ["| model | items | step ms | epoch s | events in it | matrix peak | bytes of rows |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|")
    for row in _recorded("gpu"):
        flops, rows = (f"{100 * row[key]:.1f} %" for key in ("flops_share", "row_bandwidth_share"))
        cells = f"{row['n_items']:,} | {row['step_ms']:.2f} | {row['epoch_seconds']:.2f} | {row['events']:,}"
        lines.append(f"| `{row['model']}` | {cells} | {flops} | {rows} |")
    return "\n".join(lines)


def autoencoders(which: str) -> str:
    """The records of the autoencoders, among those of the simple models that they have to beat."""
    if which == "ratings":
        others = [run for run in _recorded("accuracy") if run["algorithm"] in ("fm", "svd", "bpmf", "item-knn", "bias")]
        return accuracy.markdown([*_recorded("autorec"), *others])
    own = _recorded("autoencoders")
    simple = ("ease", "implicit-als", "implicit-item-knn", "bpr", "popular")
    asked = {(run["data"], run["protocol"]) for run in own}
    others = [run for run in _recorded("ranking") if run["algorithm"] in simple]
    return ranking.tables([*own, *(run for run in others if (run["data"], run["protocol"]) in asked)]).strip()


TABLES: dict[str, Callable[[], str]] = {
    "autoencoders of ratings": lambda: autoencoders("ratings"),
    "autoencoders for lists": lambda: autoencoders("lists"),
    "boltzmann": lambda: of_ratings("rbm", "conditional-rbm", "bias", "svd", "svdpp"),
    "networks": networks,
    "gru4rec speed": gru4rec_speed,
    "gpu": gpu,
    "sasrec speed": lambda: sasrec.table(_recorded("sasrec")),
    "lightgcn": lambda: per_item("lightgcn", "bpr", "ease", "implicit-als", "rp3beta", "popular"),
    "accuracy": lambda: accuracy.markdown(_recorded("accuracy")),
    "ranking": lambda: ranking.tables(_recorded("ranking")).strip(),
    "implicit": beside_implicit,
    "growth": lambda: growth.markdown(_recorded("growth")),
    "leakage": lambda: leakage.table(_recorded("leakage")),
    "false alarms": lambda: attacks.baseline(_recorded("attacks")),
    "detection": lambda: attacks.detection(_recorded("attacks")),
    "effect": lambda: attacks.effect(_recorded("attacks")),
    "intervals": lambda: significance.coverage_table(_recorded("significance")),
    "false positives": lambda: significance.false_positives_table(_recorded("significance")),
    "family-wise": lambda: significance.family_wise_table(_recorded("significance")),
    "seed noise": lambda: significance.seeds_table(_recorded("significance")),
    "churn": lambda: behavior.churn(_recorded("behavior")),
    "responsiveness": lambda: behavior.responsiveness(_recorded("behavior")),
    "sessions": lambda: sessions.table(_recorded("sessions")),
    "towers": towers,
    "million items": million_items,
    "sequential": lambda: sequential.table(_recorded("sequential")),
    "gru4rec": lambda: gru4rec.table(_recorded("gru4rec")),
    "frappe": lambda: frappe.table(_recorded("frappe")),
    "translation": lambda: translation.table(_recorded("translation")),
    "filter bubble": lambda: filter_bubble.markdown(_recorded("filter-bubble")),
}

if __name__ == "__main__":
    sys.exit(main())
