"""The tables in `docs/metrics/index.md`: of all metrics, and of the agreements that the checks find."""

from __future__ import annotations

import importlib.metadata
import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agreement.checks import LIST_RECORDS, ROOT, Check, checks, drawn, version, views
from agreement.recorded import record
from agreement.worlds import World
from longtail.evaluation.metrics import METRICS

PAGE: Path = ROOT / "docs" / "metrics" / "index.md"
TABLE = re.compile(r"(?<=<!-- )(?P<name>metrics|agreements)(?P<mark> -->\n).*?(?=<!-- end -->)", re.DOTALL)
SMALLEST = 1e-12
"""The smallest bound that is told: below it lies what the order of additions makes."""
LIVE = {
    "ir_measures": "ir_measures",
    "pytrec_eval": "pytrec_eval-terrier",
    "scikit-learn": "scikit-learn",
    "SciPy": "scipy",
}
KINDS = ("ties", "short", "empty", "no list", "no relevant")


@dataclass(frozen=True)
class Found:
    """What a check has found: figures compared, users in each special situation, the largest difference."""

    figures: int
    defined: int
    kinds: Counter[str]
    difference: float
    example: str


@cache
def measured(check: Check) -> Found:
    kinds: Counter[str] = Counter()
    count, defined, largest, example = 0, 0, 0.0, ""
    for number, (world, view) in enumerate(zip(drawn(), views(), strict=True)):
        theirs = {key: value for key, value in check.theirs(number).items() if asks(check, world, key)}
        ours = {key: value for key, value in check.ours(view).items() if asks(check, world, key)}
        missing = [key for key in ours.keys() ^ theirs.keys() if not nan_only(ours, theirs, key)]
        if missing:
            return Found(0, 0, kinds, math.inf, f"world {number}: only one side knows {sorted(map(str, missing))}")
        for key in ours.keys() & theirs.keys():
            apart = difference(ours[key], theirs[key])
            count, defined = count + 1, defined + (not math.isnan(ours[key]))
            kinds.update(kinds_of(world, key, check.least))
            if apart > largest:
                largest, example = apart, f"world {number}, {key}: ours {ours[key]!r}, theirs {theirs[key]!r}"
    return Found(count, defined, kinds, largest, example)


def asks(check: Check, world: World, key: int | str) -> bool:
    return isinstance(key, str) or check.only(world, key)


def nan_only(ours: dict[int | str, float], theirs: dict[int | str, float], key: int | str) -> bool:
    """Whether the side that has the figure says that it is undefined: others leave such a user out."""
    return math.isnan(ours.get(key, theirs.get(key, 0.0)))


def difference(one: float, other: float) -> float:
    if math.isnan(one) or math.isnan(other):
        return 0.0 if math.isnan(one) and math.isnan(other) else math.inf
    return abs(one - other)


def kinds_of(world: World, key: int | str, least: float) -> list[str]:
    """The special situations that a user is in; of everybody, those of any user."""
    if isinstance(key, str):
        return []
    scores = [score for _, score in world.lists.get(key, [])]
    return [
        kind
        for kind, holds in {
            "ties": len(set(scores)) < len(scores),
            "short": 0 < len(scores) < world.n,
            "empty": key in world.lists and not scores,
            "no list": key not in world.lists,
            "no relevant": not world.truth(key, least),
        }.items()
        if holds
    ]


def bound(apart: float) -> str:
    """The next power of ten, and not below `SMALLEST`: the same on every machine."""
    return f"1e{max(math.ceil(math.log10(apart)) if apart else -99, round(math.log10(SMALLEST)))}"


def lines() -> list[str]:
    rows = ["| metric | definition | agrees with | figures | of these with | to within |", "|---|---|---|---|---|---|"]
    for check in checks():
        found = measured(check)
        special = ", ".join(f"{kind} {found.kinds[kind]}" for kind in KINDS if found.kinds[kind])
        peer = check.peer + (f"; {check.whom}" if check.whom else "")
        name = f"[`{check.metric}`]({check.metric}.md)"
        definition = f"`{check.definition}`" if re.search("=|^[.]", check.definition) else check.definition or "default"
        rows.append(f"| {name} | {definition} | {peer} | {found.figures:,} | {special} | {bound(found.difference)} |")
    return rows


def of_agreements() -> str:
    """The table, and what it was made with."""
    libraries = [f"{name} {version(package)}" for name, package in LIVE.items()]
    kept = [f"{record(name)['library']} {record(name)['version']}" for name in LIST_RECORDS]
    head = f"Run beside Longtail: {', '.join(libraries)}. Recorded from runs of their own: {', '.join(kept)}."
    ones = sum(len(world.users) == 1 for world in drawn())
    worlds = f"{len(drawn())} random worlds, {ones} of them with a single user."
    return "\n".join([f"{worlds} {head}", "", *lines(), ""])


def same_libraries() -> bool:
    """Whether what is installed is what the project is tested with."""
    return all(importlib.metadata.version(package) == version(package) for package in LIVE.values())


def of_metrics() -> str:
    """A line a metric: name, code, direction, and what a high value tells and hides."""
    rows = ["| metric | code | direction | what a high value tells, and hides |", "|---|---|---|---|"]
    for name, info in METRICS.items():
        rows.append(f"| [`{name}`]({name}.md) | {info.short} | {info.direction} | {info.meaning} |")
    return "\n".join([*rows, ""])


def filled(page: str) -> str:
    """The page with its tables made anew."""
    made = {"metrics": of_metrics, "agreements": of_agreements}
    return TABLE.sub(lambda found: f"{found['name']}{found['mark']}\n{made[found['name']]()}\n", page)
