"""A report as one HTML file: its styles, its script and its charts are all inside, so it works from disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs

import longtail
from longtail.evaluation.charts import Chart

__all__ = ["chart_section", "in_script", "page"]


def page(
    kind: str,
    title: str,
    sentences: Iterable[str],
    sections: Iterable[str],
    charts: Mapping[str, Chart],
    *,
    banner: str = "",
    version: str = longtail.__version__,
) -> str:
    """The page. Nothing in it is fetched from elsewhere.

    Args:
        kind: what sort of report it is.
        title: the heading, as plain text.
        sentences: the summary, as plain text.
        sections: HTML.
        charts: by the id of the element that the script draws each into.
        banner: HTML above the summary.
        version: of the Longtail that made the figures.
    """
    return Template(_part("report.html")).substitute(
        kind=escape(kind),
        title=escape(title),
        css=_part("report.css"),
        banner=banner,
        summary="".join(f"<p>{escape(sentence)}</p>" for sentence in sentences),
        sections="\n".join(sections),
        version=escape(version),
        charts=in_script({name: asdict(chart) for name, chart in charts.items()}),
        plotly=get_plotlyjs(),
        js=_part("report.js"),
    )


def chart_section(name: str, title: str, legend: str, charts: list[Chart], drawn: dict[str, Chart]) -> str:
    """A section whose charts the script draws into empty elements; `drawn` collects them by the elements' ids."""
    parts = []
    for number, chart in enumerate(charts):
        identity = f"chart-{name}-{number}"
        drawn[identity] = chart
        heading = f"<h3>{escape(chart.title)}</h3>" if len(charts) > 1 else ""
        label = escape(f"{chart.title}. {legend}", quote=True)
        wide = ' class="wide"' if chart.wide else ""
        parts.append(f'<div{wide}>{heading}<div id="{identity}" role="img" aria-label="{label}"></div></div>')
    return (
        f'<section id="{name}"><h2>{escape(title)}</h2><figure><div class="charts">{"".join(parts)}'
        f"</div><figcaption>{escape(legend)}</figcaption></figure></section>"
    )


def _part(name: str) -> str:
    return files("longtail.evaluation").joinpath(name).read_text(encoding="utf-8").rstrip("\n")


def in_script(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
