"""The report of a study: one HTML file that works from disk."""

from __future__ import annotations

from html import escape
from typing import Any

from longtail import params
from longtail.evaluation.report.chart import Chart
from longtail.evaluation.report.page import Part, chart_part, page, scrolling
from longtail.evaluation.tuning import charts, wording
from longtail.evaluation.tuning.findings import Findings
from longtail.evaluation.tuning.table import shown
from longtail.evaluation.tuning.trials import Trial

__all__ = ["render"]


def render(findings: Findings) -> str:
    """The report as HTML text. Nothing in it is fetched from elsewhere, and whatever came with the data is escaped."""
    drawn: dict[str, Chart] = {}
    parts = [chart_part(*section, drawn) for section in _sections(findings)] if findings.ranked else []
    where = f" on {findings.name}" if findings.name else ""
    banner = '<p class="banner">The run was interrupted; these are the trials that were through.</p>'
    return page(
        "Longtail tuning",
        f"{findings.algorithm}{where}: {findings.metric.title}",
        [wording.judged(findings), wording.won(findings), wording.caveat(findings)],
        [*parts, _table(findings), _what_was_run(findings)],
        drawn,
        banner=banner if findings.interrupted else "",
    )


def _sections(findings: Findings) -> list[tuple[str, str, str, list[Chart]]]:
    """Name, title, legend and charts of each section there are figures for."""
    way = findings.metric.direction
    made = [("history", "History", f"Each point is a trial; {way}.", [charts.history(findings)])]
    if findings.sampler == "grid":
        legend = f"Every combination of the grid; {way}. Of more than two parameters the first two are shown, at the "
        legend += "best of the others."
        return [("grid", "The grid", legend, [charts.grid(findings)]), *made]
    legend = f"Each point is a complete trial; {way}. The other parameters vary, too, so look at the edge of the cloud."
    made.append(("slices", "One parameter at a time", legend, charts.slices(findings)))
    legend = "Each line is a complete trial, strong colour is better; drag along an axis to pick lines."
    made.append(("parallel", "Parallel coordinates", legend, [charts.parallel(findings)]))
    if findings.importances:
        legend = "The share of the differences that each parameter explains (PED-ANOVA, Watanabe et al. 2023): "
        legend += "where good trials differ from the rest. With few trials it is rough."
        made.append(("importance", "Which parameters matter", legend, [charts.importances(findings)]))
    return made


def _table(findings: Findings) -> Part:
    way = "descending" if findings.metric.higher_is_better else "ascending"
    headings = [("trial", "descending"), (findings.metric.short, way), ("s", "ascending"), ("what became of it", "")]
    headings += [(name, "ascending") for name in findings.searched]
    heads = "".join(
        f'<th scope="col" data-opposite="{"ascending" if order == "descending" else "descending"}">'
        f'<button type="button">{escape(text)}</button></th>'
        for text, order in headings
    )
    rows = "".join(_row(findings, trial) for trial in [*findings.ranked, *_others(findings)])
    made = f"""<table class="figures"><caption class="unseen">All trials; press a heading to sort by it</caption>
<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"""
    return Part("trials", "All trials", f'<p class="lead">Press a heading to sort.</p>{scrolling("All trials", made)}')


def _others(findings: Findings) -> list[Trial]:
    return [trial for trial in findings.trials if trial.value is None]


def _row(findings: Findings, trial: Trial) -> str:
    best = ' class="best"' if trial is findings.best else ""
    value = "" if trial.value is None else f"{trial.value:.5f}"
    became = trial.error or ("current parameters" if trial.origin == "defaults" else trial.state)
    cells = [(value, best), (f"{trial.wall:.1f}", ""), (became, "")]
    cells += [(shown(trial.parameters[name]), "") for name in findings.searched]
    listed = "".join(f'<td{style} data-value="{escape(text, quote=True)}">{escape(text)}</td>' for text, style in cells)
    return f'<tr><th scope="row" data-value="{trial.number}">{trial.number}</th>{listed}</tr>'


def _what_was_run(findings: Findings) -> Part:
    facts = {
        **{name.replace("_", " "): _plain(value) for name, value in findings.facts.items()},
        "fixed": _plain(findings.fixed),
        "sampler": findings.sampler,
        "study": findings.study or "kept in memory only",
        "best setting": wording.setting(findings),
        "took": f"{findings.seconds:.1f} s (this run); seconds of a trial include compiling, in the first ones",
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items())
    return Part("run", "What was run", f"<dl>{listed}</dl>")


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} = {params.written(entry)}" for name, entry in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(params.written, value))
    return value if isinstance(value, str) else params.written(value)
