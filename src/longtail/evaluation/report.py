"""The report: one HTML file that holds everything it shows and works from disk."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs

from longtail.evaluation import report_charts, report_text, summary
from longtail.evaluation.charts import Chart
from longtail.evaluation.findings import Findings
from longtail.evaluation.report_charts import Section

__all__ = ["render"]


def render(findings: Findings) -> str:
    """The report as HTML text. Nothing in it is fetched from elsewhere, and whatever came with the data is escaped."""
    drawn: dict[str, Chart] = {}
    sections = [
        report_text.figure_table(findings),
        *(_charts(section, drawn) for section in report_charts.sections(findings)),
        report_text.lists(findings),
        report_text.what_was_run(findings),
    ]
    return Template(_part("report.html")).substitute(
        title=escape(_title(findings)),
        css=_part("report.css"),
        banner=_banner(findings),
        summary="".join(f"<p>{escape(sentence)}</p>" for sentence in summary.sentences(findings)),
        sections="\n".join(sections),
        version=escape(findings.environment["longtail"]),
        charts=_in_script({name: asdict(chart) for name, chart in drawn.items()}),
        plotly=get_plotlyjs(),
        js=_part("report.js"),
    )


def _title(findings: Findings) -> str:
    count = len(findings.outcomes)
    return f"{findings.name or 'Bake-off'}: {'one algorithm' if count == 1 else f'{count} algorithms compared'}"


def _banner(findings: Findings) -> str:
    if not findings.interrupted:
        return ""
    return f'<p class="banner">The run was interrupted; not run: {escape(", ".join(findings.not_run))}.</p>'


def _charts(section: Section, drawn: dict[str, Chart]) -> str:
    """A section whose charts the script draws into empty elements; `drawn` collects them by the elements' ids."""
    parts = []
    for number, chart in enumerate(section.charts):
        identity = f"chart-{section.name}-{number}"
        drawn[identity] = chart
        heading = f"<h3>{escape(chart.title)}</h3>" if len(section.charts) > 1 else ""
        label = escape(f"{chart.title}. {section.legend}", quote=True)
        parts.append(f'<div>{heading}<div id="{identity}" role="img" aria-label="{label}"></div></div>')
    return (
        f'<section id="{section.name}"><h2>{escape(section.title)}</h2><figure><div class="charts">{"".join(parts)}'
        f"</div><figcaption>{escape(section.legend)}</figcaption></figure></section>"
    )


def _part(name: str) -> str:
    return files("longtail.evaluation").joinpath(name).read_text(encoding="utf-8").rstrip("\n")


def _in_script(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
