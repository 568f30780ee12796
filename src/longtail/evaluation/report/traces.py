"""Marks and lines that several charts of a report draw alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from longtail.evaluation.report.chart import DASHES, LABEL_IN_LEGEND, PALETTE, SYMBOLS, lines, style

__all__ = ["line_with_intervals"]


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
