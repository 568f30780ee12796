"""What a study found, ready to be shown in a terminal, written to a file, or turned into a report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, RenderableType

from longtail.evaluation import export
from longtail.evaluation.tuning import table, wording
from longtail.evaluation.tuning.findings import Findings

__all__ = ["TuningResult"]


@dataclass(frozen=True)
class TuningResult(Findings):
    """What `Tuner.run` returns: the findings, and the ways to look at them.

    Every file is written complete or not at all; an impossible path is a `ConfigError`, a full disk a `DataError`.
    """

    def to_json(self, path: str | Path | None = None) -> str:
        """Everything as strict JSON, a line a trial; written, too, where a path is given."""
        plain = self.to_dict()
        trials = ",\n  ".join(json.dumps(trial, allow_nan=False) for trial in plain.pop("trials"))
        entries = [f"{json.dumps(name)}: {json.dumps(value, allow_nan=False)}" for name, value in plain.items()]
        text = "{\n " + ",\n ".join([*entries, f'"trials": [\n  {trials}\n ]']) + "\n}\n"
        if path is not None:
            export.write_text(path, text)
        return text

    def to_html(self, path: str | Path) -> Path:
        """Write a report with the table and the plots: one file that works from disk, without a network."""
        from longtail.evaluation.tuning.report import render

        return export.write_text(path, render(self))

    def table(self) -> RenderableType:
        """The best trials (of a grid, all of them) and what they are worth, for a terminal."""
        return table.tables(self)

    def show(self, console: Console | None = None) -> None:
        """Print `table`, and the best setting as a spec to copy."""
        console = console or Console()
        console.print(self.table())
        if self.best is not None:
            console.print(f"Use it: {wording.setting(self)}", markup=False, highlight=False, soft_wrap=True)
