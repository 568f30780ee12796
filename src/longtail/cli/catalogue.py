"""How the command line shows the algorithms: all of them by family, or one with its parameters."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from longtail import params, registry
from longtail.algorithms import powers, predicts_clicks

__all__ = ["algorithm_page", "algorithms_table", "describe_algorithm"]

FAMILIES = {
    "baseline": "Baselines",
    "neighborhood": "Neighborhoods",
    "content": "Content",
    "factorization": "Matrix factorization",
    "linear": "Linear models",
    "graph": "Graphs",
    "clicks": "Click-through models",
    "deep": "Deep networks",
    "sequence": "Sequences and sessions",
    "hybrid": "Hybrids",
    "plug-in": "Plug-ins",
}
FOLD_IN = {
    "exact": "as if they had been in the data",
    "solved": "by a least-squares step",
    "fallback": "all alike",
    "members": "as its members do",
}
POWERS = {
    powers.SimilarItems: "compares items",
    powers.Explains: "explains",
    predicts_clicks.PredictsClicks: "learns from impressions how likely a click is",
    powers.LearnsOnline: "learns one more rating without a refit",
    powers.NeedsCatalog: "needs a catalog of the items",
    powers.NeedsTimes: "needs timestamps",
}


def describe_algorithm(name: str) -> dict[str, Any]:
    """An algorithm's name, family, first line of its docstring, parameters and powers, derived from its class."""
    cls = registry.get(name)
    fields = {field.name: field.default for field in dataclasses.fields(cls) if field.init}
    about = (cls.__doc__ or "").strip().partition("\n")[0]
    return {"name": name, "family": registry.family(name), "about": about, "parameters": fields, "can": _can(cls)}


def algorithms_table(described: Iterable[Mapping[str, Any]]) -> Group:
    """The algorithms by family, each with what it is in a line."""
    entries = sorted(described, key=lambda entry: _place(entry["family"]))
    table = _table()
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for family, found in groupby(entries, key=lambda entry: entry["family"]):
        if table.row_count:
            table.add_row("", "")
        table.add_row(Text(FAMILIES.get(family, family), style="bold cyan not dim"), "")
        for entry in found:
            table.add_row(f"  {entry['name']}", Text(_short(entry["about"])))
    return Group(table, Text("\nParameters of one, and what it can do: longtail algorithms NAME", style="dim"))


def algorithm_page(entry: Mapping[str, Any]) -> Group:
    """One algorithm: what it is, what it can do, and its parameters."""
    cls = registry.get(entry["name"])
    table = _table(header=bool(entry["parameters"]))
    table.add_column("parameter", style="bold", no_wrap=True)
    table.add_column("default", overflow="fold")
    table.add_column("may be", overflow="fold")
    table.add_column("searched by tune", overflow="fold", style="dim")
    for field in dataclasses.fields(cls):
        if field.init:
            cells = (params.written(field.default) or "-", params.allowed(cls, field.name), _searched(field))
            table.add_row(field.name, *map(Text, cells))
    head = Text.assemble((entry["name"], "bold"), f"  {_plain(entry['about'])}\n\n{_first_upper(_joined(entry))}.\n")
    return Group(head, table)


def _can(cls: type[Any]) -> list[str]:
    rates = "predicts ratings" if cls.predicts_ratings else "only ranks"
    return [rates, *(words for power, words in POWERS.items() if issubclass(cls, power))]


def _joined(entry: Mapping[str, Any]) -> str:
    fold_in = registry.get(entry["name"]).fold_in
    return "; ".join([*entry["can"], f"serves people it never saw {FOLD_IN.get(fold_in, fold_in)}"])


def _searched(field: Any) -> str:
    span = field.metadata.get("search")
    return f"{span[0]:g} to {span[1]:g}{', log scale' if field.metadata.get('log') else ''}" if span else ""


def _short(about: str) -> str:
    """What it is without the source in brackets, which its own page gives."""
    return re.sub(r"\s*\([^()]*\d{4}[^()]*\)", "", _plain(about))


def _plain(text: str) -> str:
    return re.sub(r"[*`]", "", text)


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _place(family: str) -> int:
    return list(FAMILIES).index(family)


def _table(*, header: bool = False) -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=header)
