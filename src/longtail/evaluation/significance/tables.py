"""The verdicts in a terminal: a table for each main figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from longtail.evaluation.label_lines import wrapped
from longtail.evaluation.significance.verdicts import Ranking, how_compared, rankings

__all__ = ["verdict_tables"]

LABELS = 80, 16
"""How wide a label may be, one after the other until the table fits."""


def verdict_tables(
    recorded: Mapping[str, Any], make: Callable[[str, str], Table], width: int
) -> Iterator[RenderableType]:
    """A table for each figure, and how it was compared; nothing where nothing was compared.

    Args:
        recorded: `Findings.comparisons`.
        make: an empty table with a title, of a figure of a group, in the style of the others.
        width: of the terminal; a table that does not fit is put in a sentence.
    """
    found, lettered = rankings(recorded), False
    for ranking in found:
        tables = (_table(ranking, make, label) for label in LABELS)
        fitting = next((one for one in tables if _width(one) <= width), None)
        lettered = lettered or fitting is not None
        yield Padding(Text(ranking.sentence()) if fitting is None else fitting, (0, 0, 1, 0))
    if found:
        yield Padding(Text(how_compared(recorded, lettered=lettered), style="dim"), (0, 0, 1, 0))


def _table(ranking: Ranking, make: Callable[[str, str], Table], label: int) -> Table:
    """The table, its labels in lines of about so many letters."""
    table = make(f"which differences are real: {ranking.column.title}", ranking.column.group)
    for place, heading in enumerate(ranking.headings()):
        table.add_column(heading, justify="right" if 0 < place < 6 else "left", no_wrap=True)
    for first, *cells in ranking.rows():
        table.add_row(Text("\n".join(wrapped(first, label)), style="bold"), *map(Text, cells))
    return table


def _width(table: Table) -> int:
    return Console(width=10_000, force_terminal=False).measure(table).maximum
