"""A comparison for a terminal: warnings first, then what changed, then those who moved, figure by figure."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from longtail.evaluation.comparing.comparison import Compared, Comparison, Difference
from longtail.evaluation.comparing.wording import heading, nature, sentences, shown
from longtail.evaluation.measures import Column

__all__ = ["Tables"]

STYLES = {"better": "green", "worse": "red"}


class Tables:
    """A rich renderable. A better or worse figure carries a word as well as a colour."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        made = self.comparison
        for warning in made.warnings:
            yield Text(warning, style="bold red")
        yield from map(Text, sentences(made))
        if made.changes:
            yield Padding(self._changes(), (1, 0, 0, 0))
        if any(one.parameters for one in made.algorithms):
            yield Padding(self._parameters(), (1, 0, 0, 0))
        alike = [heading(column) for column in made.columns if not self._moved(column)]
        for column in made.columns:
            if self._moved(column):
                yield Padding(self._figure(column), (1, 0, 0, 0))
        if alike:
            yield Text(f"\nAlike, as shown, for everyone: {', '.join(dict.fromkeys(alike))}", style="dim")
        if made.columns:
            yield Text(nature(made), style="dim")

    def _moved(self, column: Column) -> list[Compared]:
        """The algorithms for which a figure is not alike in every run."""
        return [
            compared
            for compared in self.comparison.algorithms
            if any(one.sense not in ("alike", "unknown") for one in compared.differences.get(column.key, []))
        ]

    def _changes(self) -> Table:
        table = _table("What changed", ["", *self.comparison.names])
        for change in self.comparison.changes:
            style = "bold red" if change.effect == "figures" else ""
            table.add_row(Text(f"{change.part}: {change.what}", style=style), *map(Text, change.values))
        return table

    def _parameters(self) -> Table:
        table = _table("Parameters that differ", ["", *self.comparison.names])
        for one in self.comparison.algorithms:
            for name, values in one.parameters.items():
                table.add_row(Text(f"{one.label}: {name}"), *map(Text, values))
        return table

    def _figure(self, column: Column) -> Table:
        names = self.comparison.names
        usable = self.comparison.comparable(column.key)
        title = f"{heading(column)}; {column.direction}" + ("" if usable else " - NOT COMPARABLE")
        table = _table(title, ["", *names, *(f"{name} minus {names[0]}" for name in names[1:])])
        for one in self._moved(column):
            table.add_row(Text(one.label, style="bold"), *self._cells(column, one, usable))
        return table

    def _cells(self, column: Column, one: Compared, usable: bool) -> Iterator[Text]:
        for value in one.values[column.key]:
            yield Text(column.show(value))
        for difference in one.differences[column.key]:
            yield Text(shown(column, difference) + _word(difference, usable), style=_style(difference, usable))


def _word(difference: Difference, usable: bool) -> str:
    if not usable or difference.sense not in STYLES or difference.told_apart is False:
        return ""
    return f" {difference.sense}"


def _style(difference: Difference, usable: bool) -> str:
    return STYLES.get(difference.sense, "") if _word(difference, usable) else ""


def _table(title: str, headings: list[str]) -> Table:
    heading = Text(title, style="bold")
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, min_width=heading.cell_len)
    for place, text in enumerate(headings):
        table.add_column(Text(text), justify="left" if not place else "right", overflow="fold")
    return table
