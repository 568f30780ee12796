"""Marks and lines that several charts of a report draw alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from longtail.evaluation.report.chart import DASHES, LABEL_IN_LEGEND, PALETTE, SYMBOLS, lines, style

__all__ = ["line_with_intervals", "named_points"]


def line_with_intervals(
    place: int, label: str, found: Sequence[tuple[float, Mapping[str, Any]]], said: Sequence[str]
) -> dict[str, Any]:
    """A plotly trace: the figures of an algorithm joined by a line, each with its interval where it has one.

    Args:
        place: of the algorithm among all, which decides its colour, dash and symbol.
        label: of the algorithm.
        found: where on the x axis, and the figure: its `value` and, where known, `low` and `high`.
        said: the words of each point when it is pointed at.
    """
    colour = f"@{place % PALETTE}"
    figures = [figure for _, figure in found]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": lines(label, LABEL_IN_LEGEND),
        "x": [at for at, _ in found],
        "y": [figure["value"] for figure in figures],
        "line": {"color": colour, "width": 2, "dash": style(DASHES, place)},
        "marker": {
            "size": 9,
            "color": colour,
            "symbol": style(SYMBOLS, place),
            "line": {"color": "@ink", "width": 0.8},
        },
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [figure.get("high", figure["value"]) - figure["value"] for figure in figures],
            "arrayminus": [figure["value"] - figure.get("low", figure["value"]) for figure in figures],
            "color": colour,
            "thickness": 1,
            "width": 3,
        },
        "customdata": list(said),
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def named_points(
    x: Sequence[float],
    y: Sequence[float],
    labels: Sequence[str],
    places: Sequence[str | None],
    turns: Sequence[int],
    outline: Mapping[str, Any],
    said: Sequence[str],
    *,
    size: int,
) -> dict[str, Any]:
    """A plotly trace: a point an algorithm, with its name beside it where there is room.

    Args:
        x: across.
        y: upwards.
        labels: of the points.
        places: where each label stands, as plotly says it ("top center"); None where there is no room for it.
        turns: the place of each algorithm among all, which decides its colour and symbol.
        outline: of the points.
        said: the words of each point when it is pointed at.
        size: of a point, in pixels.
    """
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": list(x),
        "y": list(y),
        "text": [label if place else "" for label, place in zip(labels, places, strict=True)],
        "textposition": [place or "top center" for place in places],
        "marker": {
            "size": size,
            "color": [f"@{turn % PALETTE}" for turn in turns],
            "symbol": [style(SYMBOLS, turn) for turn in turns],
            "line": dict(outline),
        },
        "cliponaxis": False,
        "customdata": list(said),
        "hovertemplate": "%{customdata}<extra></extra>",
    }
