"""The verb `protocols`: all of them in a line each, or one with its parameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longtail.cli.options import Json, console

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["protocols"]


def protocols(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One of them, for its parameters and what it accepts.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the ways to compare, or show one with its parameters, what it asks and what it leaks."""
    from longtail.evaluation.protocols import PROTOCOLS

    described = [describe(one) for one in (PROTOCOLS if name is None else [name])]
    if as_json:
        typer.echo(json.dumps(described if name is None else described[0]))
    elif name is None:
        console().print(_list(described))
    else:
        console().print(_page(name, described[0]))


def describe(spec: str) -> dict[str, Any]:
    """A protocol, by name or spec: what it answers, what leaks, when it suits, its parameters and its sentences."""
    from longtail.evaluation.protocols import named

    protocol = named(spec)
    return {
        "name": protocol.name,
        "question": protocol.question,
        "leaks": protocol.leaks,
        "suits": protocol.suits,
        "asks": list(protocol.asks),
        "parameters": protocol.parameters(),
        "measured": protocol.questions(explicit="ratings" in protocol.asks),
        "accepted": protocol.caveats(explicit="ratings" in protocol.asks),
    }


def _list(described: list[dict[str, Any]]) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("protocol", style="bold", no_wrap=True)
    table.add_column("answers", overflow="fold")
    table.add_column("leaks", overflow="fold", style="dim")
    for entry in described:
        table.add_row(entry["name"], entry["question"], entry["leaks"])
    more = "\nParameters of one: longtail protocols NAME; use one: longtail bakeoff --protocol NAME:PARAM=VALUE"
    return Group(table, Text(more, style="dim"))


def _page(spec: str, entry: dict[str, Any]) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from longtail import params
    from longtail.evaluation.protocols import named

    protocol = named(spec)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("parameter", style="bold", no_wrap=True)
    table.add_column("default" if protocol == type(protocol)() else "value", no_wrap=True)
    table.add_column("what it means", overflow="fold")
    table.add_column("may be", overflow="fold", style="dim")
    for name, value, meaning in protocol.described():
        allowed = "a number between 0 and 1" if name in protocol.shares else params.allowed(type(protocol), name)
        table.add_row(*map(Text, (name, value, meaning, allowed)))
    said = "\n".join(
        [
            *(f"Measured: {sentence}" for sentence in entry["measured"]),
            *(f"Accepted: {sentence}" for sentence in entry["accepted"]),
        ]
    )
    head = Text.assemble(
        (entry["name"], "bold"), f"  {entry['question']}\nLeaks: {entry['leaks']}. For {entry['suits']}.\n\n{said}\n"
    )
    return Group(head, table)
