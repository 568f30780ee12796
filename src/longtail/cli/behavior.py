"""The verb `behavior`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longtail.cli.options import (
    DEFAULT_ALGORITHM,
    BadRowsOption,
    Data,
    DuplicatesOption,
    Json,
    N,
    Seed,
    console,
    load_named,
    make,
    print_json,
)

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from longtail.evaluation.behavior import Behavior

__all__ = ["behavior"]


def behavior(
    data: Data = None,
    algorithm: Annotated[
        list[str] | None,
        typer.Option("--algorithm", "-a", metavar="NAME[:PARAM=VALUE]", help="An algorithm; repeat it for more."),
    ] = None,
    probes: Annotated[int, typer.Option("--probes", min=1, help="People who give one more rating.")] = 30,
    retrains: Annotated[
        int, typer.Option("--retrains", min=0, help="For how many of them the model is fitted anew, a fit each.")
    ] = 3,
    users: Annotated[int, typer.Option("--users", min=1, help="Lists compared for chance, and for a day.")] = 200,
    days: Annotated[float, typer.Option("--days", help="How far apart the two models are.")] = 1.0,
    n: N = 10,
    seed: Seed = 0,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Show how much lists change: by chance, by one rating, from day to day, and how soon a rating is heard."""
    from longtail.evaluation.behavior import behave

    models = [make(spec) for spec in algorithm or [DEFAULT_ALGORITHM]]
    name, interactions = load_named(data, duplicates, bad_rows)
    for model in models:
        model.require_data(interactions)
    found = []
    for model in models:
        one = behave(model, interactions, n=n, users=users, probes=probes, retrains=retrains, days=days, seed=seed)
        found.append(one)
        if not as_json:
            console().print(_page(one))
    if as_json:
        print_json(json.dumps({"data": name, "behaviors": [one.to_dict() for one in found]}, ensure_ascii=False))


def _page(found: Behavior) -> Group:
    """Two tables and what to make of them."""
    from rich.console import Group
    from rich.text import Text

    facts = found.to_dict()
    head = Text(f"\n{found.algorithm}, lists of {facts['n']}", style="bold")
    note = Text(
        "Change is 1 - rank-biased overlap (p = 0.9) of the lists before and after: 0 none, 1 all; in brackets, 95 % "
        "interval. Below what another seed (online: an old rating) changes, churn may be noise. Rank gain: places by "
        "which the ten items most like the one just liked moved up; times are medians on this machine.",
        style="dim",
    )
    return Group(head, _churn(facts["changes"]), _responses(facts["ways"]), note)


def _churn(changes: list[dict[str, Any]]) -> Table:
    table = _table("\nChurn", "what differs", "users", "change", "new items")
    for row in changes:
        figures = [_range(row, "change", "{:.3f}"), _range(row, "new_items", "{:.0%}")] if row["users"] else ["", ""]
        table.add_row(row["cause"], str(row["users"] or ""), figures[0] or row["missing"], figures[1])
    return table


def _responses(ways: list[dict[str, Any]]) -> Table:
    table = _table("\nResponsiveness to one liked item", "way", "ratings", "change", "rank gain", "ms")
    for row in ways:
        if row["missing"]:
            table.add_row(row["way"], "", row["missing"], "", "")
        else:
            figures = [_range(row, "change", "{:.3f}"), _range(row, "rank_gain", "{:+.0f}")]
            table.add_row(row["way"], str(row["probes"]), *figures, f"{row['milliseconds']:,.0f}")
    return table


def _range(row: dict[str, Any], name: str, form: str) -> str:
    """A figure with its interval, where there is one."""
    value, low, high = (row[f"{name}{edge}"] for edge in ("", "_low", "_high"))
    if value is None:
        return "-"
    if low is None:
        return _plain(form, value)
    return f"{_plain(form, value)} [{_plain(form, low)}, {_plain(form, high)}]"


def _plain(form: str, value: float) -> str:
    """The figure, without a sign where it is shown as nothing."""
    text = form.format(value)
    return text if any(digit in "123456789" for digit in text) else text.lstrip("+-")


def _table(title: str, *headings: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place in (0, 2) else "right", overflow="fold")
    return table
