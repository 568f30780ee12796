"""Learning curves: accuracy against the share of the training data, a line an algorithm."""

from __future__ import annotations

from typing import Any

from longtail.evaluation.findings import Findings, Outcome
from longtail.evaluation.measures import COLUMNS, Column
from longtail.evaluation.report.chart import (
    LINE,
    Chart,
    Figures,
    lines,
)
from longtail.evaluation.report.page import Part, chart_part
from longtail.evaluation.report.traces import line_with_intervals

__all__ = ["curves"]

DRAWN = ("ndcg", "hit_rate", "rmse")
KEPT = {"random": "drawn at random", "earliest": "the earliest"}
_BY_KEY = {column.key: column for column in COLUMNS}


def curves(findings: Findings, drawn: dict[str, Chart]) -> Part | None:
    """The section; None where no curves were asked for."""
    keys = [key for key in DRAWN if any(key in point["figures"] for one in findings.outcomes for point in one.curve)]
    if not findings.curve or not keys:
        return None
    kept = KEPT[findings.curve["order"]]
    legend = f"Each algorithm learned from a share of every user's rows, {kept}, and was judged on the same test part. "
    legend += "A curve that still moves at its end says that more data would help; where curves cross, the best choice "
    legend += "depends on how much there is to learn from. Thin lines are 95% intervals."
    among = findings.protocol.among
    legend += f" Hidden items were ranked among {among} only." if among else ""
    charts = [_chart(findings, _BY_KEY[key]) for key in keys]
    return chart_part("curves", "Learning curves", legend, charts, drawn)


def _chart(findings: Findings, column: Column) -> Chart:
    shares = findings.curve["shares"]
    known = [
        (place, one)
        for place, one in enumerate(findings.outcomes)
        if any(column.key in point["figures"] for point in one.curve)
    ]
    layout: dict[str, Any] = {
        "xaxis": {
            "title": {"text": "share of the training rows"},
            "type": "log",
            "tickvals": shares,
            "ticktext": [f"{share:.3g}" if share < 0.01 else f"{share:.0%}" for share in shares],
        },
        "yaxis": {"title": {"text": f"{column.short}; {column.direction}"}, "nticks": 6},
        "showlegend": True,
        "legend": {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    }
    if column.digits in ("percent", "share"):
        layout["yaxis"]["tickformat"] = ".0%"
    rows = [[one.label, *(_text(column, one, share) for share in shares)] for _, one in known]
    figures = Figures(["algorithm", *(f"{share:.4g} of the rows" for share in shares)], rows)
    title = f"{column.title[:1].upper()}{column.title[1:]}"
    height = 380 + LINE * (2 + len(known) // 2)
    return Chart(title, [_line(place, one, column) for place, one in known], layout, height, figures=figures)


def _text(column: Column, outcome: Outcome, share: float) -> str:
    found = next((point["figures"].get(column.key) for point in outcome.curve if point["share"] == share), None)
    if found is None:
        return "-"
    edges = f" ({column.show(found['low'])} to {column.show(found['high'])})" if "low" in found else ""
    return column.show(found["value"]) + edges


def _line(place: int, outcome: Outcome, column: Column) -> dict[str, Any]:
    found = [
        (point["share"], point["figures"][column.key]) for point in outcome.curve if column.key in point["figures"]
    ]
    said = [f"{lines(outcome.label)}, {share:.0%}: {column.show(one['value'])}" for share, one in found]
    return line_with_intervals(place, outcome.label, found, said)
