"""The bake-off in a terminal: figures with the best marked, then one user's recommendations side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from longtail.evaluation.findings import SAMPLED, Findings, Outcome
from longtail.evaluation.label_lines import longest_word, wrapped
from longtail.evaluation.measures import COLUMNS, GROUPS, Column, best
from longtail.evaluation.sample_user import RatedItem
from longtail.evaluation.significance.tables import verdict_tables

__all__ = ["Tables"]

NARROWEST_LABEL, WIDEST_LABEL = 12, 32
LABEL_BESIDE_TEXT = 20
GAP = 2
CURVES = "rmse", "hit_rate", "ndcg"
"""Figures of which learning curves are shown."""


class Glyphs(NamedTuple):
    """Signs that not every terminal can show."""

    up: str
    down: str
    between: str

    def arrow(self, column: Column) -> str:
        """The sign behind a heading: which way is better, or nothing where neither is."""
        if column.higher_is_better is None:
            return ""
        return f" {self.up if column.higher_is_better else self.down}"


FULL, PLAIN = Glyphs("↑", "↓", " · "), Glyphs("^", "v", " | ")


class Tables:
    """A rich renderable: groups of columns, as many side by side as the terminal is wide, each with the labels.

    The best value of a column carries a star as well as a style, so that it is found without colour.
    """

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = PLAIN if options.ascii_only else FULL
        yield Text(self.findings.headline, style="bold")
        yield Text(self.findings.setting, style="dim")
        for tables in self._packed(options.max_width, glyphs):
            grid = Table.grid(padding=(0, GAP, 0, 0))
            grid.add_row(*tables)
            yield Padding(grid, (1, 0, 0, 0))
        remarks = list(self._remarks())
        if remarks:
            yield Padding(Group(*remarks), (1, 0, 0, 0))
        yield Padding(self._legend(glyphs), (1, 0))
        yield from verdict_tables(self.findings.comparisons, self._verdict_table, options.max_width)
        yield from self._curves(options.max_width)
        yield self._sample_user(glyphs)

    def _curves(self, width: int) -> Iterator[RenderableType]:
        """Learning curves: a table a figure, a column a share of the training rows."""
        for column in COLUMNS:
            told = {one.label: _at_shares(one, column) for one in self.findings.outcomes}
            if column.key not in CURVES or not any(told.values()):
                continue
            table = self._verdict_table(
                f"learning curve of {column.short}, by share of the training rows", column.group
            )
            table.add_column("algorithm", no_wrap=True)
            for share in self.findings.curve["shares"]:
                table.add_column(f"{100 * share:.3g}%", justify="right", no_wrap=True)
            for label, figures in told.items():
                if figures:
                    cells = [column.show(figures.get(share)) for share in self.findings.curve["shares"]]
                    table.add_row(Text("\n".join(wrapped(label, width // 3)), style="bold"), *cells)
            yield Padding(table, (0, 0, 1, 0))

    def _verdict_table(self, title: str, group: str) -> Table:
        """A table whose heading says so where hidden items were ranked among a sample."""
        among = self.findings.protocol.among if group in SAMPLED else ""
        return _table(f"{title}, among {among}" if among else title)

    def _packed(self, width: int, glyphs: Glyphs) -> Iterator[list[Table]]:
        """The groups of columns, in order, in lines that fit the width; each line starts with the labels."""
        labels = self._labels(width, glyphs)
        first = _table(" ")
        first.add_column("algorithm", no_wrap=True)
        for outcome, lines in zip(self.findings.outcomes, labels, strict=True):
            first.add_row(Text("\n".join(lines), style="bold red" if outcome.error else "bold"))
        line = [first]
        for table in self._groups([len(lines) for lines in labels], glyphs):
            if len(line) > 1 and sum(_width(part) + GAP for part in [*line, table]) > width + GAP:
                yield line
                line = [first]
            line.append(table)
        yield line

    def _labels(self, width: int, glyphs: Glyphs) -> list[list[str]]:
        """The labels in lines: no parameter is cut where the widest group leaves room beside the labels."""
        labels = [outcome.label for outcome in self.findings.outcomes]
        room = width - GAP - 1 - max(map(_width, self._groups([1] * len(labels), glyphs)), default=0)
        wanted = max(width // 5, *(min(WIDEST_LABEL, longest_word(label)) for label in labels), 0)
        return [wrapped(label, max(NARROWEST_LABEL, min(wanted, room))) for label in labels]

    def _groups(self, heights: list[int], glyphs: Glyphs) -> Iterator[Table]:
        for group in GROUPS:
            columns = self._columns(group)
            if columns:
                yield self._group(group, columns, heights, glyphs)

    def _group(self, group: str, columns: list[Column], heights: list[int], glyphs: Glyphs) -> Table:
        table = _table(self.findings.group_title(group))
        for column in columns:
            table.add_column(column.short + glyphs.arrow(column), justify="right", no_wrap=True)
        winners = [best(column, self.findings.comparable(column)) for column in columns]
        for outcome, height in zip(self.findings.outcomes, heights, strict=True):
            shown = [column.show(outcome.values.get(column.key)) for column in columns]
            marks = [text in won and not outcome.error for text, won in zip(shown, winners, strict=True)]
            cells = [_cell(text, height, best=mark) for text, mark in zip(shown, marks, strict=True)]
            table.add_row(*cells)
        return table

    def _remarks(self) -> Iterator[Text]:
        for outcome in self.findings.outcomes:
            if outcome.error:
                yield Text.assemble((f"{outcome.label} failed: ", "bold red"), outcome.error)
        yield from (Text(f"{remark}.") for remark in self.findings.remarks)
        yield from map(Text, self.findings.treatment)
        if self.findings.accepted_in_brief:
            yield Text(self.findings.accepted_in_brief)
        if self.findings.interrupted:
            yield Text(f"Interrupted; not run: {', '.join(self.findings.not_run)}", style="bold yellow")

    def _legend(self, glyphs: Glyphs) -> Text:
        directions = f"* best   {glyphs.up} higher is better   {glyphs.down} lower is better   "
        names = {column.short: column.title for column in self._all_columns() if column.group != "cost"}
        spelled = "; ".join(f"{short} {title}" for short, title in names.items())
        return Text(f"{directions}without an arrow, neither end is better in itself\n{spelled}", style="dim")

    def _all_columns(self) -> list[Column]:
        return [column for group in GROUPS for column in self._columns(group)]

    def _columns(self, group: str) -> list[Column]:
        return [column for column in self.findings.columns(group) if column.in_terminal]

    def _sample_user(self, glyphs: Glyphs) -> Group:
        sample, explicit = self.findings.sample, self.findings.explicit
        met = f"ratings, mean {sample.mean:.2f}" if explicit else "interactions"
        head = Text(f"User {sample.id} ({sample.chosen}): {sample.interactions:,} {met}", style="bold")
        table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        if sample.loved:
            table.add_row(
                Text("loved" if explicit else "met most", style="green"), _rated(sample.loved, explicit, glyphs)
            )
        if sample.hated:
            table.add_row(Text("hated", style="red"), _rated(sample.hated, explicit, glyphs))
        for outcome in self.findings.outcomes:
            listed = glyphs.between.join(
                f"{rank} {_printable(pick.title)}" for rank, pick in enumerate(outcome.picks, start=1)
            )
            if listed:
                table.add_row(Text("\n".join(wrapped(outcome.label, LABEL_BESIDE_TEXT)), style="bold"), Text(listed))
        return Group(head, table)


def _at_shares(outcome: Outcome, column: Column) -> dict[float, float]:
    """The figure by the share of the training data; empty where it was not measured."""
    return {
        point["share"]: point["figures"][column.key]["value"]
        for point in outcome.curve
        if column.key in point["figures"]
    }


def _table(title: str) -> Table:
    heading = Text(title, style="bold")
    return Table(
        title=heading,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        min_width=heading.cell_len,  # a heading of two lines would not stand beside those of one
    )


def _cell(text: str, height: int, *, best: bool) -> Text:
    """A figure, as many lines high as the label beside it."""
    below = "\n" * (height - 1)
    return Text(f"{text}*{below}", style="bold green") if best else Text(f"{text} {below}")


def _rated(items: list[RatedItem], explicit: bool, glyphs: Glyphs) -> Text:
    titles = [_printable(item.title) for item in items]
    if explicit:
        titles = [f"{title} {item.rating:g}" for title, item in zip(titles, items, strict=True)]
    return Text(glyphs.between.join(titles))


def _printable(title: str) -> str:
    """A title that cannot move the cursor or colour what follows."""
    return "".join(letter if letter.isprintable() else " " for letter in title)


def _width(table: Table) -> int:
    return Console(width=10_000, force_terminal=False).measure(table).maximum
