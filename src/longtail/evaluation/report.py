"""The bake-off's report: one HTML file that holds everything it shows and works from disk."""

from __future__ import annotations

from html import escape

from longtail.evaluation import report_charts, report_text, summary
from longtail.evaluation.charts import Chart
from longtail.evaluation.findings import Findings
from longtail.evaluation.page import chart_section, page

__all__ = ["render"]


def render(findings: Findings) -> str:
    """The report as HTML text. Nothing in it is fetched from elsewhere, and whatever came with the data is escaped."""
    drawn: dict[str, Chart] = {}
    sections = [
        report_text.figure_table(findings),
        *(
            chart_section(section.name, section.title, section.legend, section.charts, drawn)
            for section in report_charts.sections(findings)
        ),
        report_text.lists(findings),
        report_text.what_was_run(findings),
    ]
    return page(
        "Longtail bake-off",
        _title(findings),
        summary.sentences(findings),
        sections,
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
