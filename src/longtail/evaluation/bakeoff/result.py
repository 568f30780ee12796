"""A bake-off's findings, ready to be shown in a terminal, written to a file, or turned into a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, RenderableType

from longtail.evaluation import export, table
from longtail.evaluation.bakeoff.journal import read_run, values_of_users
from longtail.evaluation.findings import Findings

__all__ = ["BakeoffResult"]


@dataclass
class BakeoffResult(Findings):
    """What `Bakeoff.run` returns: the findings, and the ways to look at them.

    Every file is written complete or not at all; an impossible path is a `ConfigError`, a full disk a `DataError`.
    """

    @classmethod
    def from_folder(cls, folder: str | Path) -> BakeoffResult:
        """A run kept in a folder (`Bakeoff.run(folder=...)`), with the values of each user.

        Raises:
            DataError: if there is no run, or it is damaged.
        """
        result = cls.from_json(read_run(folder))
        for outcome in result.outcomes:
            outcome.per_user = values_of_users(folder, outcome.label)
        return result

    def to_html(self, path: str | Path) -> Path:
        """Write the report: one file that works from disk, without a network."""
        from longtail.evaluation.report import render  # brings plotly along

        return export.write_text(path, render(self))

    def table(self) -> RenderableType:
        """The figures and the sample user for a terminal, as wide as it allows, best values marked."""
        return table.Tables(self)

    def show(self, console: Console | None = None) -> None:
        """Print `table`."""
        (console or Console()).print(self.table())
