"""Telling how far a bake-off is: bars on a terminal, a line for each algorithm elsewhere, or nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["Reporter", "reporting"]


class Reporter(Protocol):
    """Told what is going on."""

    def stage(self, label: str, what: str) -> None:
        """An algorithm enters a stage."""

    def finished(self, label: str, outcome: str) -> None:
        """An algorithm is through, with an outcome in a few words."""


class _Silent:
    def stage(self, label: str, what: str) -> None: ...

    def finished(self, label: str, outcome: str) -> None: ...


class _Lines(_Silent):
    def __init__(self, console: Console) -> None:
        self._console = console

    def finished(self, label: str, outcome: str) -> None:
        self._console.print(f"{label}: {outcome}", markup=False, highlight=False, soft_wrap=True)


class _Bars(_Silent):
    def __init__(self, progress: Progress, algorithms: int, stages: int) -> None:
        self._progress, self._algorithms, self._stages = progress, algorithms, stages
        self._through, self._entered = 0, 0
        self._task = progress.add_task("", total=algorithms * stages)

    def stage(self, label: str, what: str) -> None:
        text = f"[bold]{escape(label)}[/] ({self._through + 1} of {self._algorithms}) {escape(what)}"
        completed = self._through * self._stages + min(self._entered, self._stages)
        self._progress.update(self._task, completed=completed, description=text)
        self._entered += 1

    def finished(self, label: str, outcome: str) -> None:
        self._through, self._entered = self._through + 1, 0
        self._progress.update(self._task, completed=self._through * self._stages)


@contextlib.contextmanager
def reporting(algorithms: int, stages: int, *, show: bool, console: Console | None = None) -> Iterator[Reporter]:
    """A reporter fit for where the output goes.

    Args:
        algorithms: how many will run.
        stages: stages each goes through.
        show: False for silence.
        console: where to write; by default standard error.
    """
    console = console or Console(stderr=True)
    if not show:
        yield _Silent()
    elif not console.is_terminal:
        yield _Lines(console)
    else:
        shown = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*shown, console=console, transient=True) as progress:
            yield _Bars(progress, algorithms, stages)
