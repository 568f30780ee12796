"""What the data hold, and what that means for protocol and algorithm."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from longtail.evaluation.findings import Findings
from longtail.evaluation.report.chart import Chart, Figures
from longtail.evaluation.report.page import Part, chart_places

__all__ = ["sense"]

ABOUT = {
    "protocol": "What this means for the protocol",
    "algorithm": "What this means for the algorithms",
    "data": "What this means for the data",
}


def sense(findings: Findings, drawn: dict[str, Chart]) -> Part | None:
    """The section; None where the data were not looked at."""
    facts = findings.sense
    if not facts:
        return None
    told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in _facts(facts).items())
    legend = "What the ratings are, and when they were made."
    charts = [chart for chart in (_ratings(facts), _activity(facts)) if chart is not None]
    caption = f"<figcaption>{escape(legend)}</figcaption>"
    figure = f"<figure>{chart_places('sense', legend, charts, drawn)}{caption}</figure>" if charts else ""
    return Part("sense", "The data", f"<dl>{told}</dl>{_advice(facts)}{figure}")


def _advice(facts: Mapping[str, Any]) -> str:
    """What follows from the facts, by what it bears on."""
    parts = []
    for about, title in ABOUT.items():
        said = [one["text"] for one in facts.get("advice") or [] if one.get("about") == about]
        if said:
            listed = "".join(f"<li>{escape(text)}</li>" for text in said)
            parts.append(f"<h3>{title}</h3><ul>{listed}</ul>")
    return "".join(parts)


def _facts(facts: Mapping[str, Any]) -> dict[str, str]:
    noun = "ratings" if facts.get("feedback") == "explicit" else "interactions"
    found: dict[str, str | None] = {
        noun: _count(facts.get("interactions")),
        "users": _each(facts, "users", "per_user"),
        "items": _each(facts, "items", "per_item"),
        "density": None if facts.get("density") is None else f"{facts['density']:.2%} of all pairs",
        "long tail": _tail(facts, noun),
        "time": f"{facts['first']} to {facts['last']}" if facts.get("first") else "unknown",
        "loading": facts.get("loading"),
        "suspicious users": _suspicious(facts.get("suspicious")),
    }
    return {name: text for name, text in found.items() if text}


def _count(value: Any) -> str | None:
    return None if value is None else f"{value:,}"


def _each(facts: Mapping[str, Any], what: str, spread: str) -> str | None:
    if facts.get(what) is None:
        return None
    per = facts.get(spread)
    rows = f", with {per['fewest']:,} to {per['most']:,} rows each, median {per['median']:,.0f}" if per else ""
    return f"{facts[what]:,}{rows}"


def _tail(facts: Mapping[str, Any], noun: str) -> str | None:
    if facts.get("head_share") is None:
        return None
    gini = f" (Gini {facts['gini_items']:.2f})" if facts.get("gini_items") is not None else ""
    return f"the most popular tenth of the items takes {facts['head_share']:.0%} of the {noun}{gini}"


def _suspicious(found: Mapping[str, Any] | None) -> str | None:
    if found is None:
        return None
    if not found.get("users"):
        return "none stood out"
    kinds = ", ".join(f"{one['users']:,} {one['kind']} ({one['step']})" for one in found.get("kinds", []))
    return f"{found['users']:,} stand out: {kinds}"


def _ratings(facts: Mapping[str, Any]) -> Chart | None:
    counts = facts.get("ratings")
    if not counts:
        return None
    return _columns("Ratings", list(counts), list(counts.values()), "rating")


def _activity(facts: Mapping[str, Any]) -> Chart | None:
    activity = facts.get("activity")
    if not activity:
        return None
    return _columns("Activity", activity["periods"], activity["rows"], activity["by"])


def _columns(title: str, names: list[str], counts: list[int], what: str) -> Chart:
    trace = {
        "type": "bar",
        "x": names,
        "y": counts,
        "marker": {"color": "@heat"},
        "hovertemplate": "%{x}: %{y:,}<extra></extra>",
    }
    layout = {
        "xaxis": {"type": "category", "title": {"text": what}, "nticks": 12, "showgrid": False},
        "yaxis": {"title": {"text": "rows"}, "nticks": 5},
        "bargap": 0.12,
    }
    rows = [[name, f"{count:,}"] for name, count in zip(names, counts, strict=True)]
    return Chart(title, [trace], layout, 260, figures=Figures([what, "rows"], rows))
