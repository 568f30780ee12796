"""The segments: who is served well and who badly, as charts and tables."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from longtail.evaluation.findings import Findings, Outcome
from longtail.evaluation.measures import COLUMNS, Column
from longtail.evaluation.report.chart import (
    LINE,
    Chart,
    Figures,
    lines,
)
from longtail.evaluation.report.figures import swatch
from longtail.evaluation.report.page import Part, chart_places, scrolling
from longtail.evaluation.report.traces import line_with_intervals
from longtail.evaluation.segments import ENOUGH, KINDS, METRICS

__all__ = ["segments"]

TITLES = {"users": "By user", "items": "By hidden item"}
ASKED = {"Lists": ("hit_rate", "recall", "ndcg"), "Ratings": ("rmse",)}
_BY_KEY = {column.key: column for column in COLUMNS}


def segments(findings: Findings, drawn: dict[str, Chart]) -> Part | None:
    """The section; None where nothing was kept by segment."""
    known = [(place, one) for place, one in enumerate(findings.outcomes) if one.error is None and one.segments]
    if not known or not findings.segments:
        return None
    among = findings.protocol.among
    legend = f"Hidden items were ranked among {among} only. " if among else ""
    legend += "A line falls where a segment is served worse. Thin lines are 95% intervals; each algorithm stands a "
    legend += "little aside of the others, so that they can be seen."
    charts = [chart for kind in KINDS for chart in [_chart(known, kind)] if chart is not None]
    body = [
        '<p class="lead">A mean over everybody hides who is served badly. The same hidden rows, split up by how much '
        "there is to learn of the user, and by how popular the hidden item is.</p>",
        f"<figure>{chart_places('segments', legend, charts, drawn)}<figcaption>{escape(legend)}</figcaption></figure>",
    ]
    for kind in KINDS:
        body += [f"<h3>{TITLES[kind]}</h3>", _rules(findings, kind, known), _table(kind, known, among)]
    title = "Who is served well, and who is not"
    return Part("segments", f"{title}, among {among}" if among else title, "".join(body), "Segments")


def _figure(outcome: Outcome, kind: str, name: str, key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = outcome.segments.get(kind, {}).get(name, {}).get(key, {})
    return found


def _users(known: list[tuple[int, Outcome]], kind: str, name: str, keys: tuple[str, ...]) -> int:
    return max((_figure(one, kind, name, key).get("users", 0) for _, one in known for key in keys), default=0)


def _names(kind: str, known: list[tuple[int, Outcome]]) -> list[str]:
    """The segments that somebody is in; those with nobody are told of in words only."""
    return [name for name in KINDS[kind] if _users(known, kind, name, METRICS)]


def _rules(findings: Findings, kind: str, known: list[tuple[int, Outcome]]) -> str:
    """What each segment is, how many users it holds, and where that is too few, in words."""
    told = []
    for name in KINDS[kind]:
        rule = findings.segments.get(kind, {}).get(name, "")
        sizes = "; ".join(
            _size(_users(known, kind, name, keys), what) for what, keys in ASKED.items() if _asked(known, keys)
        )
        told.append(f"<dt>{name}</dt><dd>{escape(rule)}. {sizes}.</dd>")
    return f"<dl>{''.join(told)}</dl>"


def _asked(known: list[tuple[int, Outcome]], keys: tuple[str, ...]) -> bool:
    return any(_users(known, kind, name, keys) for kind, names in KINDS.items() for name in names)


def _size(users: int, what: str) -> str:
    if not users:
        return f"{what}: nobody"
    count = f"{users:,} test user{'' if users == 1 else 's'}"
    return f"{what}: only {count}, too few to say anything" if users < ENOUGH else f"{what}: {count}"


def _metrics(kind: str, known: list[tuple[int, Outcome]]) -> list[str]:
    """The figures some algorithm has; recall only where it is not the hit rate."""
    keys = [key for key in METRICS if any(_figure(one, kind, name, key) for _, one in known for name in KINDS[kind])]
    pairs = [
        (_figure(one, kind, name, "recall").get("value"), _figure(one, kind, name, "hit_rate").get("value"))
        for _, one in known
        for name in KINDS[kind]
    ]
    return [key for key in keys if key != "recall" or any(recall != hits for recall, hits in pairs)]


def _table(kind: str, known: list[tuple[int, Outcome]], among: str) -> str:
    keys, names = _metrics(kind, known), _names(kind, known)
    spans = "".join(
        f'<th class="first" colspan="{len(names)}" scope="colgroup">{escape(_title(key, among))}; '
        f"{_BY_KEY[key].direction}</th>"
        for key in keys
    )
    heads = "".join(_heading(name, _BY_KEY[key], first=not at) for key in keys for at, name in enumerate(names))
    rows = "".join(_row(place, one, kind, keys, names) for place, one in known)
    caption = f"Figures {TITLES[kind].lower()}, with 95% intervals; press a heading to sort by it"
    made = (
        f'<table class="figures"><caption class="unseen">{caption}</caption><thead><tr class="group"><td></td>{spans}'
        '</tr><tr><th scope="col" data-opposite="descending"><button type="button">algorithm</button></th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )
    return scrolling(f"Figures {TITLES[kind].lower()}", made)


def _title(key: str, among: str) -> str:
    return f"{_BY_KEY[key].title}, among {among}" if among and key != "rmse" else _BY_KEY[key].title


def _heading(name: str, column: Column, *, first: bool) -> str:
    opposite = "ascending" if column.higher_is_better else "descending"
    style_of = ' class="first"' if first else ""
    return f'<th scope="col"{style_of} data-opposite="{opposite}"><button type="button">{name}</button></th>'


def _row(place: int, outcome: Outcome, kind: str, keys: list[str], names: list[str]) -> str:
    cells = []
    for key in keys:
        for at, name in enumerate(names):
            figure = _figure(outcome, kind, name, key)
            few = " few" if figure and figure["users"] < ENOUGH else ""
            classes = " ".join(filter(None, ["first" if not at else "", few.strip()]))
            value = repr(figure["value"]) if figure else ""
            cells.append(f'<td class="{classes}" data-value="{value}">{_shown(_BY_KEY[key], figure)}</td>')
    label = escape(outcome.label)
    quoted = escape(outcome.label, quote=True)
    return f'<tr><th scope="row" data-value="{quoted}">{swatch(place)}{label}</th>{"".join(cells)}</tr>'


def _shown(column: Column, figure: Mapping[str, Any]) -> str:
    if not figure:
        return "-"
    text = column.show(figure["value"])
    if "low" not in figure:
        return text
    return f"{text} <small>{column.show(figure['low'])} to {column.show(figure['high'])}</small>"


def _chart(known: list[tuple[int, Outcome]], kind: str) -> Chart | None:
    """The leading figure of each algorithm over the segments."""
    keys = _metrics(kind, known)
    if not keys:
        return None
    key = next((key for key in ("ndcg", "hit_rate") if key in keys), keys[0])
    column, names = _BY_KEY[key], _names(kind, known)
    traces = []
    for turn, (place, outcome) in enumerate(known):
        aside = 0.5 * ((turn + 0.5) / len(known) - 0.5)
        found = [(at + aside, _figure(outcome, kind, name, key)) for at, name in enumerate(names)]
        traces.append(_line(place, outcome, column, [(at, figure) for at, figure in found if figure]))
    layout: dict[str, Any] = {
        "xaxis": {"tickvals": list(range(len(names))), "ticktext": names, "range": [-0.5, len(names) - 0.5]},
        "yaxis": {"title": {"text": f"{column.short}; {column.direction}"}, "nticks": 6, "rangemode": "tozero"},
        "showlegend": True,
        "legend": {"orientation": "h", "y": -0.12, "yanchor": "top", "x": 0},
    }
    if column.digits in ("percent", "share"):
        layout["yaxis"]["tickformat"] = ".0%"
    rows = [
        [outcome.label, *(column.show(_figure(outcome, kind, name, key).get("value")) for name in names)]
        for _, outcome in known
    ]
    title = f"{TITLES[kind]}: {column.title}"
    height = 380 + LINE * (2 + len(known) // 2)
    return Chart(title, traces, layout, height, figures=Figures(["algorithm", *names], rows))


def _line(place: int, outcome: Outcome, column: Column, found: list[tuple[float, Mapping[str, Any]]]) -> dict[str, Any]:
    said = [f"{lines(outcome.label)}: {column.show(figure['value'])}" for _, figure in found]
    return line_with_intervals(place, outcome.label, found, said)
