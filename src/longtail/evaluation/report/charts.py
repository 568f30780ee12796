"""The charts of a bake-off: bars, points, lines and a heat map, each with its figures as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from longtail.evaluation.findings import Findings, Outcome
from longtail.evaluation.intervals import wilson
from longtail.evaluation.label_lines import wrapped
from longtail.evaluation.measures import COLUMNS, FLOORED, Column
from longtail.evaluation.report.chart import (
    DASHES,
    LABEL,
    LABEL_IN_LEGEND,
    LINE,
    PALETTE,
    Chart,
    Figures,
    lines,
    style,
)
from longtail.evaluation.report.label_places import label_places
from longtail.evaluation.report.traces import named_points

__all__ = ["bars", "by_rating", "hit_bars", "long_tail", "trade_off"]

CROWD = 7
"""With more points than this, a chart of points takes the whole width, and labels without room are left out."""
ROW = 34
ROOM, TOLERANCE = (1000.0, 440.0), 0.02
OUTLINE = {"color": "@ink", "width": 0.8}
_BY_KEY = {column.key: column for column in COLUMNS}


def bars(findings: Findings, key: str) -> Chart:
    """One horizontal bar an algorithm, the best on top."""
    column = _BY_KEY[key]
    rows = _ranked(findings, column)
    texts = [column.show(outcome.values[key]) for _, outcome in rows]
    values = [float(outcome.values[key] or 0.0) for _, outcome in rows]
    middles = _middles(rows, ROW)
    trace = _bar(values, middles, [f"@{colour}" for colour, _ in rows], 0.62 * ROW)
    traces = [trace, _labels(values, middles, texts)]
    figures = Figures(
        ["algorithm", column.title], [[one.label, text] for (_, one), text in zip(rows, texts, strict=True)]
    )
    return _bar_chart(_first_upper(column.title), rows, traces, max(values, default=1.0), ROW, figures)


def hit_bars(findings: Findings, key: str) -> Chart:
    """Two bars an algorithm where there is a floor, without it and with it, each with its 95 % interval."""
    column = _BY_KEY[key]
    rows = _ranked(findings, column)
    traces, furthest = [], 0.0
    variants = [key, FLOORED + key] if findings.columns("floored") else [key]
    row = ROW * (1.5 if len(variants) > 1 else 1)
    middles = _middles(rows, row)
    for place, name in enumerate(variants):
        known = [
            (middle, colour, outcome)
            for middle, (colour, outcome) in zip(middles, rows, strict=True)
            if outcome.values.get(name) is not None
        ]
        values = [float(outcome.values[name] or 0.0) for _, _, outcome in known]
        edges = [wilson(value, outcome.users[name]) for value, (_, _, outcome) in zip(values, known, strict=True)]
        at = [middle + _aside(outcome, place, variants) * 0.4 * row for middle, _, outcome in known]
        trace = _bar(values, at, [f"@{colour}" for _, colour, _ in known], 0.34 * row, hatched=name != key)
        trace["error_x"] = {
            "type": "data",
            "symmetric": False,
            "array": [high - value for value, (_, high) in zip(values, edges, strict=True)],
            "arrayminus": [value - low for value, (low, _) in zip(values, edges, strict=True)],
            "color": "@ink",
            "thickness": 1,
            "width": 3,
        }
        traces += [trace, _labels([high for _, high in edges], at, [column.show(value) for value in values])]
        furthest = max([furthest, *(high for _, high in edges)])
    figures = _with_intervals(rows, column, variants)
    chart = _bar_chart(_first_upper(column.title), rows, traces, furthest, row, figures)
    chart.layout["xaxis"]["tickformat"] = ".0%"
    return chart


def _aside(outcome: Outcome, place: int, variants: list[str]) -> float:
    """How far from the middle of its row a bar stands: one that is alone stands there."""
    alone = sum(outcome.values.get(name) is not None for name in variants) == 1
    return 0.0 if alone else place - (len(variants) - 1) / 2


def _with_intervals(rows: list[tuple[int, Outcome]], column: Column, variants: list[str]) -> Figures:
    headings, found = ["algorithm"], [[outcome.label] for _, outcome in rows]
    for name in variants:
        headings += [column.title + (" with the floor" if name != column.key else ""), "95% interval"]
        for line, (_, outcome) in zip(found, rows, strict=True):
            value = outcome.values.get(name)
            edges = [] if value is None else wilson(value, outcome.users[name])
            line += [column.show(value), " to ".join(map(column.show, edges)) or "-"]
    return Figures(headings, found)


def trade_off(findings: Findings, key: str) -> Chart:
    """Hit rate of the lists against another quality of the same lists, a point an algorithm."""
    column, hits = _BY_KEY[key], _BY_KEY[FLOORED + "hit_rate" if findings.columns("floored") else "hit_rate"]
    rows = [row for row in enumerate(findings.outcomes) if None not in map(row[1].values.get, (key, hits.key))]
    x = [float(outcome.values[key] or 0.0) for _, outcome in rows]
    y = [float(outcome.values[hits.key] or 0.0) for _, outcome in rows]
    crowd = len(rows) > CROWD
    labels = [lines(outcome.label, LABEL_IN_LEGEND if crowd else LABEL) for _, outcome in rows]
    (left, right), (bottom, top) = _room(x), _room(y)
    points = [((a - left) / (right - left), (b - bottom) / (top - bottom)) for a, b in zip(x, y, strict=True)]
    places = label_places(points, labels, size=ROOM, tolerance=TOLERANCE) if crowd else label_places(points, labels)
    hover = [
        f"{label}<br>{column.title} {column.show(a)}<br>{hits.title} {hits.show(b)}"
        for label, a, b in zip(labels, x, y, strict=True)
    ]
    trace = named_points(x, y, labels, places, [place for place, _ in rows], OUTLINE, hover, size=13)
    layout = {
        "xaxis": {"title": {"text": column.title}, "range": [left, right], "nticks": 6},
        "yaxis": {"title": {"text": hits.title}, "range": [bottom, top], "tickformat": ".0%", "nticks": 6},
    }
    figures = Figures(
        ["algorithm", column.title, hits.title],
        [[one.label, column.show(a), hits.show(b)] for (_, one), a, b in zip(rows, x, y, strict=True)],
    )
    title = f"{_first_upper(hits.title)} and {column.title}"
    return Chart(title, [trace], layout, 540 if crowd else 380, crowd, figures)


def long_tail(findings: Findings) -> Chart:
    """Cumulative share of interactions, and of the places in each algorithm's lists, by popularity rank."""
    line = {"type": "scatter", "mode": "lines", "x": findings.ranks}
    what = "what people rated" if findings.explicit else "what people chose"
    traces = [{**line, "y": findings.tail, "name": what, "line": {"color": "@ink", "width": 5}}]
    for place, outcome in enumerate(findings.outcomes):
        if outcome.tail:
            drawn = {"color": f"@{place % PALETTE}", "width": 2.5, "dash": style(DASHES, place)}
            traces.append({**line, "y": outcome.tail, "name": lines(outcome.label, LABEL_IN_LEGEND), "line": drawn})
    for trace in traces:
        trace["hovertemplate"] = "the %{x:,} most popular items: %{y:.0%}"
    layout = {
        "xaxis": {
            "title": {"text": "items, most popular first"},
            "type": "log",
            "tickformat": ",d",
            "dtick": 1,
        },
        "yaxis": {"title": {"text": "share that falls to them"}, "tickformat": ".0%", "range": [0, 1.02]},
        "showlegend": True,
        "legend": {"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0},
        "hovermode": "x unified",
    }
    named = sum(len(wrapped(outcome.label, LABEL_IN_LEGEND)) for outcome in findings.outcomes if outcome.tail)
    height = 460 + LINE * max(4, named // 2)
    return Chart("The long tail", traces, layout, height, figures=_shares(findings, what))


def _shares(findings: Findings, what: str) -> Figures:
    """The curves, read at the ranks closest to 1, 10, 100 and so on."""
    powers = [10**power for power in range(len(str(findings.ranks[-1])))]
    at = sorted({min(range(len(findings.ranks)), key=lambda place: abs(findings.ranks[place] - p)) for p in powers})
    tails = [(what, findings.tail), *((one.label, one.tail) for one in findings.outcomes if one.tail)]
    rows = [[name, *(f"{tail[place]:.1%}" for place in at)] for name, tail in tails]
    return Figures(["share of the", *(f"{findings.ranks[place]:,} most popular" for place in at)], rows)


def by_rating(findings: Findings) -> Chart:
    """Hit rate without the floor, a row an algorithm and a column an actual rating; the last row counts the users."""
    rows = [outcome for outcome in findings.outcomes if outcome.by_rating.get("hits")]
    labels = [lines(outcome.label) for outcome in rows]
    row = max([ROW, *(LINE * _height(outcome) + 8 for outcome in rows)])
    cells = [outcome.by_rating["hits"] for outcome in rows]
    ratings = [f"{cell['rating']:g}" for cell in cells[0]]
    shares = [[cell["hit_rate"] for cell in row] for row in cells]
    heat = {
        "type": "heatmap",
        "z": shares,
        "x": ratings,
        "y": labels,
        "text": [[f"{100 * share:.0f}" if share else "·" for share in row] for row in shares],
        "texttemplate": "%{text}",
        "colorscale": [[0, "@paper"], [1, "@heat"]],
        "zmin": 0,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": "%{y}<br>rated %{x}: %{z:.1%} found<extra></extra>",
    }
    counts = {
        "type": "scatter",
        "mode": "text",
        "x": ratings,
        "y": ["n"] * len(ratings),
        "text": [f"{cell['users']:.0f}" for cell in cells[0]],
        "textfont": {"color": "@muted", "size": 11},
        "hoverinfo": "skip",
    }
    layout = {
        "xaxis": {"title": {"text": "actual rating"}, "type": "category", "showgrid": False, "tickangle": 0},
        "yaxis": {"type": "category", "range": [len(rows) + 0.5, -0.5], "showgrid": False},
    }
    figures = Figures(
        ["percent found", *(f"rated {rating}" for rating in ratings)],
        [
            *([one.label, *(f"{100 * share:.1f}" for share in line)] for one, line in zip(rows, shares, strict=True)),
            ["users", *(f"{cell['users']:,.0f}" for cell in cells[0])],
        ],
    )
    height = 110 + row * (len(rows) + 1)
    return Chart("Percent of hidden items found, by their rating", [heat, counts], layout, height, figures=figures)


# -- parts ---------------------------------------------------------------------------------------------------------


def _indexed(findings: Findings) -> list[tuple[int, Outcome]]:
    return [(place % PALETTE, outcome) for place, outcome in enumerate(findings.outcomes)]


def _known(findings: Findings, column: Column) -> list[tuple[int, Outcome]]:
    return [row for row in _indexed(findings) if row[1].values.get(column.key) is not None]


def _ranked(findings: Findings, column: Column) -> list[tuple[int, Outcome]]:
    value: Callable[[tuple[int, Outcome]], float] = lambda row: row[1].values[column.key] or 0.0  # noqa: E731
    return sorted(_known(findings, column), key=value, reverse=bool(column.higher_is_better))


def _bar(
    values: Sequence[float], at: Sequence[float], colours: list[str], width: float, *, hatched: bool = False
) -> dict[str, Any]:
    marker: dict[str, Any] = {"color": colours, "line": OUTLINE}
    if hatched:
        marker["pattern"] = {"shape": "/", "fillmode": "replace", "size": 6, "solidity": 0.35}
    return {
        "type": "bar",
        "orientation": "h",
        "x": list(values),
        "y": list(at),
        "width": width,
        "marker": marker,
        "hoverinfo": "skip",
    }


def _labels(ends: Sequence[float], at: Sequence[float], texts: list[str]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        "x": list(ends),
        "y": list(at),
        "text": [f" {text}" for text in texts],
        "textposition": "middle right",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _bar_chart(
    title: str,
    rows: list[tuple[int, Outcome]],
    traces: list[dict[str, Any]],
    furthest: float,
    row: float,
    figures: Figures,
) -> Chart:
    total = sum(_row_heights(rows, row))
    layout = {
        "xaxis": {"range": [0, 1.3 * furthest or 1.0], "showgrid": False, "nticks": 5},
        "yaxis": {
            "tickvals": _middles(rows, row),
            "ticktext": [lines(outcome.label) for _, outcome in rows],
            "range": [total, 0],
            "showgrid": False,
            "zeroline": False,
            "automargin": True,
        },
    }
    return Chart(title, traces, layout, round(60 + total), figures=figures)


def _middles(rows: list[tuple[int, Outcome]], row: float) -> list[float]:
    """The middle of each row, in pixels from the top; a row is higher where its label has many lines."""
    heights = _row_heights(rows, row)
    return [end - height / 2 for end, height in zip(accumulate(heights), heights, strict=True)]


def _row_heights(rows: list[tuple[int, Outcome]], row: float) -> list[float]:
    return [max(row, LINE * _height(outcome) + 8) for _, outcome in rows]


def _height(outcome: Outcome) -> int:
    return len(wrapped(outcome.label, LABEL))


def _room(values: list[float]) -> tuple[float, float]:
    """The ends of an axis with room for labels beside the outermost points."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.18 * (high - low) or 0.5 * abs(high) or 1.0
    return low - margin, high + margin


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
