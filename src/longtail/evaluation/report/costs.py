"""What accuracy costs: points over seconds and memory, and the front of those that nobody beats on both."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from longtail.evaluation.findings import Findings, Outcome
from longtail.evaluation.measures import COLUMNS, Column
from longtail.evaluation.report.chart import LABEL, Chart, Figures, lines
from longtail.evaluation.report.label_places import label_places
from longtail.evaluation.report.traces import named_points

__all__ = ["COSTS", "LEADING", "front", "leading", "price"]

LEADING = ("ndcg", "recall", "hit_rate", "rmse")
"""Figures of accuracy; the first that was measured leads."""
CHEAPEST = 1e-4
"""Seconds, or megabytes, below which a cost cannot be told from nothing."""
COSTS = {
    "fit_seconds": "seconds to learn",
    "recommend_seconds": "seconds to list for everyone",
    "peak_mb": "peak memory in MB",
}
"""What is paid, with short names for the axes."""
SIZE = 250.0, 280.0
"""Pixels a small chart is taken to have."""
_BY_KEY = {column.key: column for column in COLUMNS}


def leading(findings: Findings) -> list[Column]:
    """The figures of accuracy to set against costs: the first of the lists', and the error of ratings."""
    known = [
        key
        for key in LEADING
        if key in _BY_KEY and any(outcome.values.get(key) is not None for outcome in findings.outcomes)
    ]
    lists = [key for key in known if key != "rmse"][:1]
    return [_BY_KEY[key] for key in [*lists, *(key for key in known if key == "rmse")]]


def front(costs: Sequence[float], values: Sequence[float], *, higher_is_better: bool) -> list[int]:
    """The positions, cheapest first, that no other beats: none is as cheap and better, or as good and cheaper.

    Examples:
        >>> front([1.0, 2.0, 3.0, 4.0], [0.2, 0.1, 0.5, 0.5], higher_is_better=True)
        [0, 2]
    """
    sign = -1.0 if higher_is_better else 1.0
    order = sorted(range(len(costs)), key=lambda at: (costs[at], sign * values[at]))
    kept: list[int] = []
    for at in order:
        if not kept or sign * values[at] < sign * values[kept[-1]]:
            kept.append(at)
    return kept


def price(findings: Findings, accuracy: Column, key: str) -> Chart:
    """A figure of accuracy against a cost on a logarithmic axis; a line joins the front."""
    cost = _BY_KEY[key]
    rows = [
        (place, outcome)
        for place, outcome in enumerate(findings.outcomes)
        if outcome.error is None and None not in (outcome.values.get(key), outcome.values.get(accuracy.key))
    ]
    x = [max(CHEAPEST, float(outcome.values[key] or 0.0)) for _, outcome in rows]
    y = [float(outcome.values[accuracy.key] or 0.0) for _, outcome in rows]
    best = front(x, y, higher_is_better=bool(accuracy.higher_is_better))
    powers = [math.log10(value) for value in x]
    across, up = _room(powers), _room(y)
    traces = [_line(best, x, y), _points(rows, x, y, best, across, up, accuracy, cost)]
    layout = {
        "xaxis": {
            "title": {"text": COSTS[key]},
            "type": "log",
            "range": list(across),
            "dtick": 1,
            "exponentformat": "none",
        },
        "yaxis": {"title": {"text": accuracy.title}, "range": _upwards(accuracy, up), "nticks": 6},
    }
    if accuracy.digits in ("percent", "share"):
        layout["yaxis"]["tickformat"] = ".0%"
    figures = Figures(
        ["algorithm", cost.title, accuracy.title, "on the front"],
        [
            [outcome.label, cost.show(outcome.values[key]), accuracy.show(value), "yes" if at in best else "no"]
            for at, ((_, outcome), value) in enumerate(zip(rows, y, strict=True))
        ],
    )
    return Chart(
        f"{accuracy.title[:1].upper()}{accuracy.title[1:]}, {COSTS[key]}", traces, layout, 400, figures=figures
    )


def _line(best: list[int], x: list[float], y: list[float]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x[at] for at in best],
        "y": [y[at] for at in best],
        "line": {"color": "@best", "width": 2, "shape": "hv"},
        "hoverinfo": "skip",
    }


def _points(
    rows: list[tuple[int, Outcome]],
    x: list[float],
    y: list[float],
    best: list[int],
    across: tuple[float, float],
    up: tuple[float, float],
    accuracy: Column,
    cost: Column,
) -> dict[str, Any]:
    labels = [lines(outcome.label, LABEL) for _, outcome in rows]
    spots = [
        ((math.log10(a) - across[0]) / (across[1] - across[0]), _height(accuracy, b, up))
        for a, b in zip(x, y, strict=True)
    ]
    corners = [(spots[after][0], spots[at][1]) for at, after in itertools.pairwise(best)]
    level = [(spots[at], corner) for at, corner in zip(best, corners, strict=False)]
    upright = [(corner, spots[at]) for corner, at in zip(corners, best[1:], strict=True)]
    places = label_places(spots, labels, size=SIZE, tolerance=0.3, drawn=[*level, *upright])
    outline = {
        "color": ["@best" if at in best else "@ink" for at in range(len(rows))],
        "width": [3 if at in best else 0.8 for at in range(len(rows))],
    }
    said = [
        f"{label}<br>{accuracy.title} {accuracy.show(b)}<br>{COSTS[cost.key]} {cost.show(a)}"
        for label, a, b in zip(labels, x, y, strict=True)
    ]
    return named_points(x, y, labels, places, [place for place, _ in rows], outline, said, size=12)


def _room(values: list[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.2 * (high - low) or 0.5 * abs(high) or 1.0
    return low - margin, high + margin


def _upwards(accuracy: Column, up: tuple[float, float]) -> list[float]:
    """The ends of the upright axis, so that better is always higher up."""
    return list(up) if accuracy.higher_is_better else [up[1], up[0]]


def _height(accuracy: Column, value: float, up: tuple[float, float]) -> float:
    share = (value - up[0]) / (up[1] - up[0])
    return share if accuracy.higher_is_better else 1 - share
