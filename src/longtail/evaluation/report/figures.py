"""The sortable table of every figure of a bake-off."""

from __future__ import annotations

from html import escape

from longtail.evaluation.findings import Findings, Outcome
from longtail.evaluation.measures import COLUMNS, GROUPS, Column, best
from longtail.evaluation.report.chart import PALETTE
from longtail.evaluation.report.page import Part, scrolling
from longtail.evaluation.significance.verdicts import rankings

__all__ = ["figure_table", "swatch"]

ARROWS = {True: " ↑", False: " ↓", None: ""}


def figure_table(findings: Findings) -> Part:
    """The sortable table of every figure."""
    groups = [(group, findings.columns(group)) for group in GROUPS]
    groups = [(group, columns) for group, columns in groups if columns]
    columns = [column for _, found in groups for column in found]
    first = {found[0].key for _, found in groups}
    winners = {column.key: best(column, findings.comparable(column)) for column in columns}
    spans = "".join(
        f'<th class="first" colspan="{len(found)}" scope="colgroup" data-group="{group}">'
        f"{escape(findings.group_title(group))}</th>"
        for group, found in groups
    )
    heads = "".join(_heading(column, column.key in first) for column in columns)
    tied = {ranking.key: set(ranking.tied) for ranking in rankings(findings.comparisons)}
    rows = "".join(
        _row(place, outcome, columns, first, winners, tied) for place, outcome in enumerate(findings.outcomes)
    )
    meanings = "".join(
        f"<dt>{escape(column.short)}</dt><dd>{escape(column.title)}; {column.direction}. {escape(column.meaning)}</dd>"
        for column in {column.short: column for column in columns}.values()
    )
    caption = f"All figures of {len(findings.outcomes)} algorithms; press a heading to sort by it"
    made = f"""<table class="figures"><caption class="unseen">{caption}</caption>
<thead><tr class="group"><td></td>{spans}</tr>
<tr><th scope="col" data-opposite="descending"><button type="button">algorithm</button></th>{heads}</tr>
</thead><tbody>{rows}</tbody></table>"""
    body = f"""<p class="lead">Press a heading to sort; scroll sideways for more. Arrows show which way is better, ★
marks the best value of a column{_legend(tied)}; a column without an arrow has no better end in itself.</p>
{_picker(findings, groups)}{scrolling("All figures", made)}{_remarks(findings)}
<details><summary>What the columns mean</summary><dl>{meanings}</dl></details>"""
    return Part("figures", "All figures", body)


def _picker(findings: Findings, groups: list[tuple[str, list[Column]]]) -> str:
    """Which columns are shown, for the script; at first those that a terminal shows. Without it all of them are."""
    rarer = sum(not column.in_terminal for _, columns in groups for column in columns)
    choices = [(group, " checked", findings.group_title(group)) for group, _ in groups]
    if rarer:
        choices.append(("rarer", "", f"{rarer} rarer ones"))
    boxes = "".join(
        f'<label><input type="checkbox" value="{value}"{checked}>{escape(name)}</label>'
        for value, checked, name in choices
    )
    return f'<fieldset class="picker" data-columns="figures" hidden><legend>Columns</legend>{boxes}</fieldset>'


def _heading(column: Column, first: bool) -> str:
    style = ' class="first"' if first else ""
    label = f"{escape(column.short)}{ARROWS[column.higher_is_better]}"
    tip = escape(f"{column.title}: {column.direction}", quote=True)
    rarer = "" if column.in_terminal else " data-rarer"
    opposite = "ascending" if column.higher_is_better else "descending"
    return (
        f'<th scope="col"{style} data-opposite="{opposite}" data-group="{column.group}"{rarer}>'
        f'<button type="button" title="{tip}">{label}</button></th>'
    )


def _row(
    place: int,
    outcome: Outcome,
    columns: list[Column],
    first: set[str],
    winners: dict[str, set[str]],
    tied: dict[str, set[str]],
) -> str:
    cells = []
    for column in columns:
        value = outcome.values.get(column.key)
        shown = column.show(value)
        won = not outcome.error and shown in winners[column.key]
        even = not won and outcome.label in tied.get(column.key, ())
        classes = " ".join(["first"] * (column.key in first) + ["best"] * won + ["tied"] * even)
        style = f' class="{classes}"' if classes else ""
        number = "" if value is None else repr(value)
        cells.append(f'<td{style} data-value="{number}">{escape(shown)}{_mark(won=won, even=even)}</td>')
    failed = f'<div class="failed">failed: {escape(outcome.error)}</div>' if outcome.error else ""
    name = f"{swatch(place)}{escape(outcome.label)}{failed}"
    return f'<tr><th scope="row" data-value="{escape(outcome.label, quote=True)}">{name}</th>{"".join(cells)}</tr>'


def _mark(*, won: bool, even: bool) -> str:
    """A sign behind a figure, with words for those who hear it."""
    if won:
        return " ★"
    return ' ≈<span class="unseen"> cannot be told apart from the best</span>' if even else ""


def _legend(tied: dict[str, set[str]]) -> str:
    compared = ", ".join(column.short for column in COLUMNS if column.key in tied)
    return f", and ≈ one that cannot be told apart from it (looked at for {compared})" if tied else ""


def _remarks(findings: Findings) -> str:
    return "".join(f'<p class="note">{escape(remark)}.</p>' for remark in findings.remarks)


def swatch(place: int) -> str:
    """A small square in the colour of an algorithm."""
    return f'<span class="swatch" style="background:var(--c{place % PALETTE})"></span>'
