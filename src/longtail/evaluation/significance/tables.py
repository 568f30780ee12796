"""The verdicts in a terminal: a table for each main figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from longtail.evaluation.significance.verdicts import how_compared, rankings

__all__ = ["verdict_tables"]


def verdict_tables(
    recorded: Mapping[str, Any], make: Callable[[str, str], Table], width: int
) -> Iterator[RenderableType]:
    """A table for each figure, and how it was compared; nothing where nothing was compared.

    Args:
        recorded: `Findings.comparisons`.
        make: an empty table with a title, of a figure of a group, in the style of the others.
        width: of the terminal; a table that does not fit is put in a sentence.
    """
    found = rankings(recorded)
    for ranking in found:
        table = make(f"which differences are real: {ranking.column.title}", ranking.column.group)
        for place, heading in enumerate(ranking.headings()):
            right = 0 < place < 6
            table.add_column(heading, justify="right" if right else "left", no_wrap=place not in (0, 6))
        for row in ranking.rows():
            table.add_row(*(Text(cell, style="bold" if place == 0 else "") for place, cell in enumerate(row)))
        fits = Console(width=10_000, force_terminal=False).measure(table).maximum <= width
        yield table if fits else Padding(Text(ranking.sentence()), (0, 0, 1, 0))
    if found:
        yield Padding(Text(how_compared(recorded), style="dim"), (0, 0, 1, 0))
