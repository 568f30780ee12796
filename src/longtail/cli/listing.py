"""The verbs `algorithms` and `data list|fetch|info`."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from longtail.cli.options import BadRowsOption, Data, DuplicatesOption, Json, bar_of, console, load_data, print_json

__all__ = ["algorithms", "data_fetch", "data_info", "data_list"]


def algorithms(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One of them, for its parameters and what it can do.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the algorithms by family, or show one with its parameters, their defaults and what it can do."""
    from longtail import registry
    from longtail.cli.catalogue import algorithm_page, algorithms_table, describe_algorithm

    described = [describe_algorithm(one) for one in (registry.names() if name is None else [name])]
    if as_json:
        typer.echo(json.dumps(described if name is None else described[0]))
    elif name is None:
        console().print(algorithms_table(described))
    else:
        console().print(algorithm_page(described[0]))


def data_list(as_json: Json = False) -> None:
    """List the data sets Longtail knows by name."""
    from longtail.cli.pages import datasets_table
    from longtail.data.datasets import DATASETS

    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(entry) for entry in DATASETS.values()]))
    else:
        console().print(datasets_table(DATASETS))


def data_fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A data set's name, such as ml-100k.")],
    as_json: Json = False,
) -> None:
    """Download a data set into the cache (nothing to do when it is there already)."""
    from longtail.data import datasets

    data = datasets.movielens(name)
    facts = {"name": name, "ratings": len(data), "users": data.n_users, "items": data.n_items}
    typer.echo(json.dumps(facts) if as_json else f"{name} is here: {data!r}")


def data_info(
    data: Data = None, duplicates: DuplicatesOption = None, bad_rows: BadRowsOption = "error", as_json: Json = False
) -> None:
    """Show what a data set holds, who in it stands out, and what that means for protocol and algorithm."""
    from longtail.cli.data_pages import summary_page
    from longtail.data.summary import summarize

    summary = summarize(load_data(data, duplicates, bad_rows))
    if as_json:
        print_json(json.dumps(summary, ensure_ascii=False))
    else:
        terminal = console()
        terminal.print(summary_page(summary, bar=bar_of(terminal)))
