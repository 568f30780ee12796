"""The page of a comparison: warnings, what changed, and how far each figure moved."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from longtail.evaluation.comparing.comparison import Compared, Comparison, Difference
from longtail.evaluation.comparing.wording import heading, nature, sentences, shown
from longtail.evaluation.measures import GROUPS, Column
from longtail.evaluation.report.chart import LINE, PALETTE, SYMBOLS, Chart, Figures, lines, style
from longtail.evaluation.report.page import Part, chart_part, items, page, scrolling, table

__all__ = ["render"]

LEADING = ("rmse", "ndcg", "hit_rate")
"""Figures that are drawn, where there are any."""
ROW = 38


def render(comparison: Comparison) -> str:
    """The page as HTML text; nothing in it is fetched from elsewhere, and whatever came with the data is escaped."""
    drawn: dict[str, Chart] = {}
    parts = [_changes(comparison)]
    charts = [_moves(comparison, column) for column in comparison.columns if column.key in LEADING]
    if charts:
        legend = "A mark for each run, by its shape; the line between them is how far the figure moved."
        parts.append(chart_part("moves", "What moved", legend, charts, drawn))
    parts += [part for group, title in GROUPS.items() for part in [_group(comparison, group, title)] if part]
    return page(
        "Longtail comparison of bake-offs",
        f"{comparison.names[0]} against {', '.join(comparison.names[1:])}",
        [*sentences(comparison), nature(comparison)],
        parts,
        drawn,
        banner=_banner(comparison.warnings),
    )


def _banner(warnings: Sequence[str]) -> str:
    return f'<div class="banner" role="alert"><ul>{items(warnings)}</ul></div>' if warnings else ""


def _changes(comparison: Comparison) -> Part:
    runs = [[name, headline] for name, headline in zip(comparison.names, comparison.headlines, strict=True)]
    body = table("The runs", Figures(["run", "made of"], runs), classes="words")
    if comparison.changes:
        rows = [[f"{one.part}: {one.what}", *one.values, EFFECTS[one.effect]] for one in comparison.changes]
        headings = ["what", *comparison.names, "what that does"]
        body += (
            f"<h3>Settings that differ</h3>{table('Settings that differ', Figures(headings, rows), classes='words')}"
        )
    parameters = [
        [f"{one.label}: {name}", *values] for one in comparison.algorithms for name, values in one.parameters.items()
    ]
    if parameters:
        made = table("Parameters that differ", Figures(["parameter", *comparison.names], parameters), classes="words")
        body += f"<h3>Parameters that differ</h3>{made}"
    if not comparison.changes and not parameters:
        body += '<p class="note">Nothing: data, protocol, versions, machine and parameters are the same.</p>'
    return Part("changes", "What changed", body)


EFFECTS = {
    "figures": "no figure can be compared",
    "chance": "other rows are hidden: differences hold luck",
    "seconds": "seconds and memory cannot be compared",
    "memory": "memory cannot be compared",
    "none": "nothing by itself",
}


def _group(comparison: Comparison, group: str, title: str) -> Part | None:
    columns = [column for column in comparison.columns if column.group == group]
    if not columns:
        return None
    names = comparison.names
    width = 2 * len(names) - 1
    spans = "".join(
        f'<th class="first" colspan="{width}" scope="colgroup">{escape(heading(column))}; {column.direction}</th>'
        for column in columns
    )
    heads = "".join(_headings(names) for _ in columns)
    rows = "".join(_row(comparison, one, columns) for one in comparison.algorithms)
    name = f"{title[:1].upper()}{title[1:]}"
    caption = f"{escape(name)}, run by run; press a heading to sort"
    made = (
        f'<table class="figures"><caption class="unseen">{caption}</caption>'
        f'<thead><tr class="group"><td></td>{spans}</tr><tr><th scope="col" data-opposite="descending">'
        f'<button type="button">algorithm</button></th>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    )
    unusable = not any(comparison.comparable(column.key) for column in columns)
    warning = '<p class="banner">Not comparable between these runs.</p>' if unusable else ""
    return Part(f"group-{group}", name, warning + scrolling(name, made))


def _headings(names: Sequence[str]) -> str:
    titles = [*names, *(f"{name} minus {names[0]}" for name in names[1:])]
    return "".join(
        f'<th scope="col"{" class=first" if not place else ""} data-opposite="ascending">'
        f'<button type="button">{escape(title)}</button></th>'
        for place, title in enumerate(titles)
    )


def _row(comparison: Comparison, one: Compared, columns: Sequence[Column]) -> str:
    cells = "".join(_cells(comparison, one, column) for column in columns)
    return f'<tr><th scope="row" data-value="{escape(one.label, quote=True)}">{escape(one.label)}</th>{cells}</tr>'


def _cells(comparison: Comparison, one: Compared, column: Column) -> str:
    count = len(comparison.names)
    values = one.values.get(column.key, [None] * count)
    differences = one.differences.get(column.key, [Difference(None, "unknown")] * (count - 1))
    usable = comparison.comparable(column.key)
    plain = "".join(
        f'<td{" class=first" if not place else ""} data-value="{"" if value is None else repr(value)}">'
        f"{escape(column.show(value))}</td>"
        for place, value in enumerate(values)
    )
    return plain + "".join(_moved(column, difference, usable) for difference in differences)


def _moved(column: Column, difference: Difference, usable: bool) -> str:
    told = usable and difference.sense in ("better", "worse") and difference.told_apart is not False
    word = f" {difference.sense}" if told else " (chance?)" if usable and difference.told_apart is False else ""
    classes = f' class="{difference.sense}"' if told else ""
    value = "" if difference.value is None else repr(difference.value)
    return f'<td{classes} data-value="{value}">{escape(shown(column, difference) + word)}</td>'


def _moves(comparison: Comparison, column: Column) -> Chart:
    """A line an algorithm, with a mark for each run."""
    rows = [one for one in comparison.algorithms if column.key in one.values]
    traces = []
    for place, one in enumerate(rows):
        known = [value for value in one.values[column.key] if value is not None]
        line = {"color": "@muted", "width": 2}
        traces.append(
            {"type": "scatter", "mode": "lines", "x": [min(known), max(known)], "y": [place, place], "line": line}
            | {"hoverinfo": "skip", "showlegend": False}
        )
    for number, name in enumerate(comparison.names):
        found = [(one.values[column.key][number], place) for place, one in enumerate(rows)]
        known_at = [(value, place) for value, place in found if value is not None]
        marker = {"size": 12, "color": f"@{(number + 2) % PALETTE}", "symbol": style(SYMBOLS, number)}
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": lines(name),
                "x": [value for value, _ in known_at],
                "y": [place for _, place in known_at],
                "marker": marker | {"line": {"color": "@ink", "width": 0.8}},
                "customdata": [f"{lines(rows[place].label)}: {column.show(value)}" for value, place in known_at],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": column.direction}, "nticks": 6, "zeroline": False},
        "yaxis": {
            "tickvals": list(range(len(rows))),
            "ticktext": [lines(one.label) for one in rows],
            "range": [len(rows) - 0.5, -0.5],
            "zeroline": False,
        },
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }
    if column.digits in ("percent", "share"):
        layout["xaxis"]["tickformat"] = ".0%"
    figures = Figures(
        ["algorithm", *comparison.names],
        [[one.label, *map(column.show, one.values[column.key])] for one in rows],
    )
    height = 120 + sum(max(ROW, LINE * (lines(one.label).count("<br>") + 1) + 8) for one in rows)
    return Chart(f"{column.title[:1].upper()}{column.title[1:]}", traces, layout, height, figures=figures)
