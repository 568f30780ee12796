"""The bake-off's report: its parts in the order a reader should meet them."""

from __future__ import annotations

import dataclasses
from html import escape

from longtail.evaluation import summary
from longtail.evaluation.findings import Findings
from longtail.evaluation.report.audit import audit, leaks
from longtail.evaluation.report.chart import Chart
from longtail.evaluation.report.curves import curves
from longtail.evaluation.report.figures import figure_table
from longtail.evaluation.report.page import Part, chart_part, page
from longtail.evaluation.report.people import people
from longtail.evaluation.report.run import what_was_run
from longtail.evaluation.report.sections import sections
from longtail.evaluation.report.segments import segments
from longtail.evaluation.report.sense import sense
from longtail.evaluation.report.verdicts import verdicts

__all__ = ["render"]

WITHOUT_HITS = ("sense", "audit", "accuracy", "cost", "run")
"""Parts that hold no figure of hidden items."""


def render(findings: Findings) -> str:
    """The report as HTML text. Nothing in it is fetched from elsewhere, and whatever came with the data is escaped."""
    drawn: dict[str, Chart] = {}
    found = [
        figure_table(findings),
        verdicts(findings),
        sense(findings, drawn),
        audit(findings),
        *(chart_part(one.name, one.title, one.legend, one.charts, drawn, one.short) for one in sections(findings)),
        segments(findings, drawn),
        people(findings),
        curves(findings, drawn),
        what_was_run(findings),
    ]
    parts = [_labelled(part, findings.protocol.among) for part in found if part is not None]
    return page(
        "Longtail bake-off",
        _title(findings),
        summary.sentences(findings),
        parts,
        drawn,
        banner=_banner(findings),
        version=findings.environment["longtail"],
    )


def _labelled(part: Part, among: str) -> Part:
    """The part, saying under its heading that hidden items were ranked among a sample, where they were."""
    if not among or part.name in WITHOUT_HITS:
        return part
    note = f"Hidden items were ranked among {among} only: do not compare these figures with those of a full ranking."
    return dataclasses.replace(part, body=f'<p class="note">{escape(note)}</p>{part.body}')


def _title(findings: Findings) -> str:
    count = len(findings.outcomes)
    return f"{findings.name or 'Bake-off'}: {'one algorithm' if count == 1 else f'{count} algorithms compared'}"


def _banner(findings: Findings) -> str:
    """What nobody may overlook, above everything else."""
    interrupted = f"The run was interrupted; not run: {', '.join(findings.not_run)}."
    leaked = "The leakage audit FAILED, so these figures are not to be trusted."
    said = [leaked, *leaks(findings)] if leaks(findings) else []
    said += [interrupted] if findings.interrupted else []
    return "".join(f'<p class="banner">{escape(sentence)}</p>' for sentence in said)
