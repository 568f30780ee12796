"""The bake-off's report: its parts in the order a reader should meet them."""

from __future__ import annotations

from html import escape

from longtail.evaluation import summary
from longtail.evaluation.findings import Findings
from longtail.evaluation.report.chart import Chart
from longtail.evaluation.report.figures import figure_table
from longtail.evaluation.report.page import chart_part, page
from longtail.evaluation.report.people import people
from longtail.evaluation.report.run import what_was_run
from longtail.evaluation.report.sections import sections
from longtail.evaluation.report.verdicts import verdicts

__all__ = ["render"]


def render(findings: Findings) -> str:
    """The report as HTML text. Nothing in it is fetched from elsewhere, and whatever came with the data is escaped."""
    drawn: dict[str, Chart] = {}
    parts = [
        figure_table(findings),
        *verdicts(findings),
        *(chart_part(one.name, one.title, one.legend, one.charts, drawn, one.short) for one in sections(findings)),
        people(findings),
        what_was_run(findings),
    ]
    return page(
        "Longtail bake-off",
        _title(findings),
        summary.sentences(findings),
        parts,
        drawn,
        banner=_banner(findings),
        version=findings.environment["longtail"],
    )


def _title(findings: Findings) -> str:
    count = len(findings.outcomes)
    return f"{findings.name or 'Bake-off'}: {'one algorithm' if count == 1 else f'{count} algorithms compared'}"


def _banner(findings: Findings) -> str:
    if not findings.interrupted:
        return ""
    return f'<p class="banner">The run was interrupted; not run: {escape(", ".join(findings.not_run))}.</p>'
