"""Which differences are real: for each main figure, who cannot be told apart from whom."""

from __future__ import annotations

from html import escape

from longtail.evaluation.findings import Findings
from longtail.evaluation.report.chart import Figures
from longtail.evaluation.report.page import Part, items, table
from longtail.evaluation.significance.verdicts import how_compared, rankings, sentence

__all__ = ["verdicts"]


def verdicts(findings: Findings) -> Part | None:
    """The section; none where nothing was compared."""
    found = rankings(findings.comparisons)
    if not found:
        return None
    tables = "".join(
        table(
            f"{ranking.column.title.capitalize()}: the best and the others",
            Figures(ranking.headings(), ranking.rows()),
            seen=True,
            classes="plain verdicts",
        )
        for ranking in found
    )
    pairs = "".join(
        f"<details><summary>Every pair by {escape(ranking.column.title)}</summary>"
        f"<ul>{items(sentence(pair) + '.' for pair in ranking.pairs)}</ul></details>"
        for ranking in found
    )
    lead = f'<p class="lead">{escape(how_compared(findings.comparisons))}</p>'
    return Part("verdicts", "Which differences are real", lead + tables + pairs, "Real differences")
