"""Parts of the report that are text: the table of figures, the sample user's lists, and what was run."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from longtail.evaluation.charts import PALETTE
from longtail.evaluation.findings import Findings, Outcome
from longtail.evaluation.measures import GROUPS, Column, best
from longtail.evaluation.sample_user import Pick, RatedItem

__all__ = ["figure_table", "lists", "what_was_run"]

ARROWS = {True: " ↑", False: " ↓", None: ""}


def figure_table(findings: Findings) -> str:
    """The sortable table of every figure."""
    groups = [(group, findings.columns(group)) for group in GROUPS]
    groups = [(group, columns) for group, columns in groups if columns]
    columns = [column for _, found in groups for column in found]
    first = {found[0].key for _, found in groups}
    winners = {column.key: best(column, findings.comparable(column)) for column in columns}
    spans = "".join(
        f'<th class="first" colspan="{len(found)}" scope="colgroup">{escape(findings.group_title(group))}</th>'
        for group, found in groups
    )
    heads = "".join(_heading(column, column.key in first) for column in columns)
    rows = "".join(_row(place, outcome, columns, first, winners) for place, outcome in enumerate(findings.outcomes))
    meanings = "".join(
        f"<dt>{escape(column.short)}</dt><dd>{escape(column.title)}; {column.direction}. {escape(column.meaning)}</dd>"
        for column in {column.short: column for column in columns}.values()
    )
    return f"""<section id="figures"><h2>All figures</h2>
<p class="lead">Press a heading to sort; scroll sideways for more. Arrows show which way is better, ★ marks the best
value of a column; a column without an arrow has no better end in itself.</p>
<div class="scroll" tabindex="0" role="region" aria-label="All figures"><table class="figures">
<thead><tr class="group"><th></th>{spans}</tr>
<tr><th scope="col"><button type="button">algorithm</button></th>{heads}</tr>
</thead><tbody>{rows}</tbody></table></div>{_remarks(findings)}
<details><summary>What the columns mean</summary><dl>{meanings}</dl></details></section>"""


def _heading(column: Column, first: bool) -> str:
    style = ' class="first"' if first else ""
    label = f"{escape(column.short)}{ARROWS[column.higher_is_better]}"
    tip = escape(f"{column.title}: {column.direction}", quote=True)
    opposite = "ascending" if column.higher_is_better else "descending"
    return (
        f'<th scope="col"{style} data-opposite="{opposite}"><button type="button" title="{tip}">{label}</button></th>'
    )


def _row(place: int, outcome: Outcome, columns: list[Column], first: set[str], winners: dict[str, set[str]]) -> str:
    cells = []
    for column in columns:
        value = outcome.values.get(column.key)
        shown = column.show(value)
        won = not outcome.error and shown in winners[column.key]
        classes = " ".join(["first"] * (column.key in first) + ["best"] * won)
        style = f' class="{classes}"' if classes else ""
        number = "" if value is None else repr(value)
        cells.append(f'<td{style} data-value="{number}">{escape(shown)}{" ★" if won else ""}</td>')
    failed = f'<div class="failed">failed: {escape(outcome.error)}</div>' if outcome.error else ""
    name = f"{_swatch(place)}{escape(outcome.label)}{failed}"
    return f'<tr><th scope="row" data-value="{escape(outcome.label, quote=True)}">{name}</th>{"".join(cells)}</tr>'


def _remarks(findings: Findings) -> str:
    return "".join(f'<p class="note">{escape(remark)}.</p>' for remark in findings.remarks)


def _swatch(place: int) -> str:
    return f'<span class="swatch" style="background:var(--c{place % PALETTE})"></span>'


def lists(findings: Findings) -> str:
    """The sample user: what they loved and hated, and every algorithm's recommendations side by side."""
    sample, explicit = findings.sample, findings.explicit
    met = f"ratings, {sample.mean:.2f} on average" if explicit else "interactions"
    cards = [
        _rated("Loved" if explicit else "Met most", sample.loved, explicit),
        _rated("Hated", sample.hated, explicit),
    ]
    picks = "".join(_picks(place, outcome) for place, outcome in enumerate(findings.outcomes) if outcome.picks)
    return f"""<section id="user"><h2>What user {escape(str(sample.id))} would see</h2>
<p class="lead">One user to get to know ({escape(sample.chosen)}): {sample.interactions:,} {met}. The lists
are made from all the data, without a floor; a figure behind a title is the predicted rating, by which not every
algorithm ranks.</p>
<div class="people">{"".join(cards)}</div><div class="lists">{picks}</div></section>"""


def _rated(title: str, items: list[RatedItem], explicit: bool) -> str:
    if not items:
        return ""
    lines = "".join(f"<li>{escape(item.title)}{_stars(item.rating, 'g') if explicit else ''}</li>" for item in items)
    return f'<div class="card"><h3>{title}</h3><ul>{lines}</ul></div>'


def _picks(place: int, outcome: Outcome) -> str:
    lines = "".join(_pick(pick) for pick in outcome.picks)
    head = f"{_swatch(place)}{escape(outcome.label)}"
    return f'<div class="card" style="border-color:var(--c{place % PALETTE})"><h3>{head}</h3><ol>{lines}</ol></div>'


def _pick(pick: Pick) -> str:
    stars = _stars(pick.rating, ".1f") if pick.rating is not None else ""
    reason = f"<small>{escape(pick.reason)}</small>" if pick.reason else ""
    return f"<li>{escape(pick.title)}{stars}{reason}</li>"


def _stars(rating: float, digits: str) -> str:
    return f' <span class="stars">★ {rating:{digits}}</span>'


def what_was_run(findings: Findings) -> str:
    """What was run, on what, with which parameters, and what the protocol accepts by design."""
    compiled = (
        f"{findings.compile_seconds:.1f} s of compiling kernels (a first run) stand in no other figure"
        if findings.compile_seconds
        else "all kernels came from the cache"
    )
    facts = {
        **{name.replace("_", " "): value for name, value in findings.data.items() if name != "splits"},
        **{f"split, {name.replace('_', ' ')}": _sizes(sizes) for name, sizes in findings.data["splits"].items()},
        "protocol": ", ".join(
            [findings.protocol.name, *(f"{key} {value}" for key, value in findings.protocol.parameters().items())]
        ),
        "started": findings.started,
        "took": f"{findings.seconds:.1f} s; {compiled}",
        "peak memory": findings.memory_method,
        **findings.environment,
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(_plain(value))}</dd>" for name, value in facts.items())
    parameters = "".join(
        f"<tr><th scope='row'>{escape(outcome.label)}</th><td>{escape(outcome.algorithm)}</td>"
        f"<td>{escape(_plain(outcome.parameters))}</td></tr>"
        for outcome in findings.outcomes
    )
    return f"""<section id="run"><h2>What was run</h2>
<h3>Measured</h3><ul>{_items(findings.questions)}</ul><h3>Accepted by design</h3><ul>{_items(findings.caveats)}</ul>
<h3>Data, protocol and machine</h3><dl>{listed}</dl>
<h3>Parameters</h3><div class="scroll" tabindex="0" role="region" aria-label="Parameters"><table class="parameters">
<thead><tr><th scope="col">algorithm</th><th scope="col">class</th><th scope="col">parameters</th></tr></thead>
<tbody>{parameters}</tbody></table></div></section>"""


def _items(sentences: list[str]) -> str:
    return "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)


def _sizes(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {size:,}" for name, size in sizes.items())


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} = {json.dumps(entry, default=str)}" for name, entry in value.items()) or "none"
    if isinstance(value, list):
        return " to ".join(str(entry) for entry in value)
    return f"{value:,}" if isinstance(value, int) else str(value)
