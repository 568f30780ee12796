"""How the command line shows data: what a data set holds and means, and what cleaning did to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from longtail.data.cleaning import CleaningReport

__all__ = ["cleaning_page", "summary_page"]

BAR = 24
SHOWN = 12
"""Users named in a report; JSON has them all."""
_ABOUT = {"protocol": "For the protocol", "algorithm": "For the algorithms", "data": "For the data"}


def summary_page(facts: Mapping[str, Any], *, bar: str = "█") -> Group:
    """What a data set holds and what that means; `bar` is what bars are made of."""
    parts: list[RenderableType] = [_facts(facts, bar)]
    suspicious = facts["suspicious"]
    if suspicious and (suspicious["kinds"] or suspicious["notes"]):
        parts += [Text("\nWho stands out", style="bold"), *_suspects(suspicious)]
    if facts["advice"]:
        parts += [Text("\nWhat this means", style="bold"), *_advice(facts["advice"])]
    return Group(*parts)


def cleaning_page(report: CleaningReport) -> Group:
    """Figures before and after every step, and who was taken out."""
    figures = _table("")
    figures.add_column("")
    for heading in ("rows", "users", "items", "density", "mean rating"):
        figures.add_column(heading, justify="right")
    figures.add_row("before", *_figures(report.before))
    for step in report.steps:
        figures.add_row(f"after {step.step}", *_figures(step.after))
    parts: list[RenderableType] = [figures]
    for step in report.steps:
        parts.append(Text.assemble(("\n" + step.step, "bold"), f"  took out {step.taken}"))
        parts += [Text(f"  note: {note}", style="dim") for note in step.notes]
        if step.suspects:
            parts.append(_named(step.suspects))
    return Group(*parts)


def _facts(facts: Mapping[str, Any], bar: str) -> Table:
    table = _table("Data", header=False)
    table.add_column("", style="bold", no_wrap=True)
    table.add_column("", overflow="fold")
    explicit = facts["feedback"] == "explicit"
    rows = {
        "feedback": facts["feedback"],
        "ratings" if explicit else "interactions": f"{facts['interactions']:,}",
        "users": f"{facts['users']:,} ({_spread(facts['per_user'])} each; {_few(facts['few_users'])})",
        "items": f"{facts['items']:,} ({_spread(facts['per_item'])} each; {_few(facts['few_items'])})",
        "density": f"{facts['density']:.2%}" if facts["density"] >= 0.001 else f"{facts['density']:.2g}",
        "long tail": f"the most popular tenth of the items takes {facts['head_share']:.0%} of the interactions\n"
        f"Gini {facts['gini_items']:.2f} of items, {facts['gini_users']:.2f} of users\n"
        f"{_tail(facts['long_tail'], bar)}",
        "scale": "{:g} to {:g}".format(*facts["scale"]) if facts["scale"] else None,
        "mean rating": _mean(facts["rating_spread"]),
        "distribution": _bars(facts["ratings"], bar) if facts["ratings"] else None,
        "time span": f"{facts['first']} to {facts['last']} ({facts['days']:,.0f} days)" if facts["first"] else None,
        "activity": _activity(facts["activity"], bar) if facts["activity"] else None,
        "same second": _same_second(facts["same_second"]),
        "last tenth": _newcomers(facts["newcomers"]),
        "sessions": _sessions(facts["sessions"]),
        "most popular": "\n".join(f"{entry['count']:>7,}  {entry['title']}" for entry in facts["most_popular"]),
        "loading": facts["loading"],
        "fingerprint": facts["fingerprint"],
    }
    for heading, text in rows.items():
        if text is not None:
            table.add_row(heading, Text(text))
    return table


def _suspects(suspicious: Mapping[str, Any]) -> Iterator[RenderableType]:
    if suspicious["kinds"]:
        table = _table("")
        for heading in ("kind", "users", "such as", "cleaning step"):
            table.add_column(heading, justify="right" if heading == "users" else "left", overflow="fold")
        for kind in suspicious["kinds"]:
            names = ", ".join(map(str, kind["examples"]))
            table.add_row(kind["kind"], f"{kind['users']:,}", Text(names), f"--step {kind['step']}")
        yield table
    yield from (Text(f"note: {note}", style="dim") for note in suspicious["notes"])


def _advice(advice: list[dict[str, str]]) -> Iterator[RenderableType]:
    table = _table("", header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for about, heading in _ABOUT.items():
        for number, entry in enumerate(one for one in advice if one["about"] == about):
            table.add_row(heading if not number else "", Text(entry["text"]))
    yield table


def _figures(figures: Mapping[str, Any]) -> list[str]:
    mean = figures["mean_rating"]
    counts = [f"{figures[name]:,}" for name in ("rows", "users", "items")]
    return [*counts, f"{figures['density']:.3%}", "" if mean is None else f"{mean:.3f}"]


def _named(suspects: list[dict[str, Any]]) -> Table:
    table = _table("")
    for heading in ("user", "rows", "kind", "why"):
        table.add_column(heading, justify="right" if heading == "rows" else "left", overflow="fold")
    for found in suspects[:SHOWN]:
        table.add_row(Text(str(found["user"])), f"{found['rows']:,}", found["kind"], Text(found["why"]))
    if len(suspects) > SHOWN:
        table.add_row("...", "", "", f"{len(suspects) - SHOWN:,} more: --json has them all")
    return table


def _spread(counts: Mapping[str, float]) -> str:
    return f"{counts['fewest']:,} to {counts['most']:,}, median {counts['median']:,.0f}"


def _few(shares: Mapping[str, float]) -> str:
    return f"{shares['5']:.0%} have fewer than 5"


def _mean(spread: Mapping[str, Any] | None) -> str | None:
    if spread is None:
        return None
    own = "" if spread["mean_user_sd"] is None else f", {spread['mean_user_sd']:.2f} within a user"
    between = f"{spread['sd_of_user_means']:.2f} between users' means"
    return f"{spread['mean']:.3f} (standard deviation {spread['sd']:.2f}: {between}{own})"


def _tail(curve: Mapping[str, Any], bar: str) -> str:
    """Which share of the rows falls to the most popular 1, 5, 10, 20, 50 % of the items, where there are so many."""
    ranks, shares = curve["ranks"], curve["shares"]
    lines = []
    for part in (0.01, 0.05, 0.1, 0.2, 0.5):
        wanted = part * ranks[-1]
        at = min(range(len(ranks)), key=lambda place: abs(ranks[place] - wanted))
        if ranks[at] <= 1.2 * wanted:
            lines.append(f"{ranks[at]:>7,} items  {bar * round(BAR * shares[at]):<{BAR}} {shares[at]:.0%}")
    return "\n".join(lines)


def _activity(curve: Mapping[str, Any], bar: str) -> str:
    """A line a period, neighbours put together where there would be more than a dozen."""
    step = -(-len(curve["periods"]) // 12)
    starts = curve["periods"][::step]
    rows = [sum(curve["rows"][at : at + step]) for at in range(0, len(curve["rows"]), step)]
    return _bars(dict(zip(starts, rows, strict=True)), bar)


def _same_second(found: Mapping[str, Any] | None) -> str | None:
    if not found or not found["rows"]:
        return None
    return f"{found['share']:.0%} of the rows share user and second with another, up to {found['most']:,} of them"


def _newcomers(found: Mapping[str, Any] | None) -> str | None:
    if found is None:
        return None
    return f"of its rows {found['new_users']:.0%} are of new users, {found['new_items']:.0%} about new items"


def _sessions(found: Mapping[str, Any] | None) -> str | None:
    if found is None:
        return None
    return f"{found['count']:,} (median {found['median']:.0f} rows; {found['single']:.0%} of a single row)"


def _bars(counts: Mapping[str, int], bar: str) -> str:
    most, wide = max(1, *counts.values()), max(map(len, counts))
    return "\n".join(f"{name:>{wide}}  {bar * round(BAR * n / most):<{BAR}} {n:,}" for name, n in counts.items())


def _table(title: str, *, header: bool = True) -> Table:
    return Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        show_header=header,
    )
