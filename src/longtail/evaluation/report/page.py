"""A report as one HTML file: its styles, its script and its charts are all inside, so it works from disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs

import longtail
from longtail.evaluation.report.chart import Chart, Figures

__all__ = ["Part", "chart_part", "chart_places", "in_script", "items", "page", "scrolling", "table"]


@dataclass(frozen=True)
class Part:
    """A section of a page: its id, its heading, and what stands under it, as HTML.

    Attributes:
        name: the id, which the table of contents links to.
        title: the heading, as plain text.
        body: HTML.
        short: the title in the table of contents; by default the heading.
    """

    name: str
    title: str
    body: str
    short: str = ""

    @property
    def html(self) -> str:
        """The section: a landmark with its heading as its name."""
        heading = f'<h2 id="{self.name}-title">{escape(self.title)}</h2>'
        return f'<section id="{self.name}" aria-labelledby="{self.name}-title">{heading}{self.body}</section>'

    @property
    def link(self) -> str:
        """Its line in the table of contents."""
        return f'<li><a href="#{self.name}">{escape(self.short or self.title)}</a></li>'


def page(
    kind: str,
    title: str,
    sentences: Iterable[str],
    parts: Sequence[Part],
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
        parts: the sections, in order.
        charts: by the id of the element that the script draws each into.
        banner: HTML above the summary.
        version: of the Longtail that made the figures.
    """
    drawn = {
        name: {"traces": chart.traces, "layout": chart.layout, "height": chart.height} for name, chart in charts.items()
    }
    return Template(_file("page.html")).substitute(
        kind=escape(kind),
        title=escape(title),
        css=_file("page.css"),
        banner=banner,
        summary="".join(f"<p>{escape(sentence)}</p>" for sentence in sentences),
        contents="".join(part.link for part in parts),
        sections="\n".join(part.html for part in parts),
        version=escape(version),
        charts=in_script(drawn),
        plotly=get_plotlyjs() if charts else "",
        js=_file("page.js"),
    )


def chart_part(
    name: str, title: str, legend: str, charts: Sequence[Chart], drawn: dict[str, Chart], short: str = ""
) -> Part:
    """A section of charts side by side with a legend under them; `drawn` collects them as `chart_places` does."""
    places = chart_places(name, legend, charts, drawn)
    return Part(name, title, f"<figure>{places}<figcaption>{escape(legend)}</figcaption></figure>", short)


def chart_places(name: str, legend: str, charts: Sequence[Chart], drawn: dict[str, Chart]) -> str:
    """Empty elements that the script draws the charts into, each over its figures as a table.

    Args:
        name: what their ids begin with.
        legend: how to read them; part of what a screen reader says.
        charts: the charts.
        drawn: takes them in, by the ids of their elements.
    """
    placed = []
    for number, chart in enumerate(charts):
        identity = f"chart-{name}-{number}"
        drawn[identity] = chart
        heading = f"<h3>{escape(chart.title)}</h3>" if len(charts) > 1 else ""
        label = escape(f"Chart: {chart.title}. {legend}", quote=True)
        wide = ' class="wide"' if chart.wide else ""
        placed.append(
            f'<div{wide}>{heading}<div class="chart" id="{identity}" role="img" aria-label="{label}"></div>'
            f"{_as_table(chart)}</div>"
        )
    return f'<div class="charts">{"".join(placed)}</div>'


def _as_table(chart: Chart) -> str:
    if chart.figures is None:
        return ""
    summary = f'<summary>Figures<span class="unseen"> of the chart: {escape(chart.title)}</span></summary>'
    return f'<details class="data">{summary}{table(chart.title, chart.figures)}</details>'


def table(caption: str, figures: Figures, *, seen: bool = False, classes: str = "plain") -> str:
    """A table of texts that scrolls within itself; the first cell of a row is its heading.

    Args:
        caption: its name, as plain text.
        figures: headings and rows, as plain text.
        seen: whether the caption is shown, and not only read aloud.
        classes: of the table.
    """
    heads = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in figures.headings)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in figures.rows
    )
    hidden = "" if seen else ' class="unseen"'
    return scrolling(
        caption,
        f'<table class="{classes}"><caption{hidden}>{escape(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>",
    )


def scrolling(name: str, html: str) -> str:
    """Something wide, in a region that scrolls sideways and that the keyboard can reach."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name, quote=True)}">{html}</div>'


def items(sentences: Iterable[str]) -> str:
    """List items of plain texts."""
    return "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)


def _file(name: str) -> str:
    return files("longtail.evaluation.report").joinpath(name).read_text(encoding="utf-8").rstrip("\n")


def in_script(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
