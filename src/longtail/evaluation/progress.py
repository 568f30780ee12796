"""Telling how far a bake-off is: bars on a terminal, a line for each algorithm elsewhere, or nothing.

Networks tell the logger `longtail.training` of every epoch; while a bake-off runs, that stands beside the bar.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["Reporter", "reporting", "training_told"]


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
        self._stage = ""
        self._task = progress.add_task("", total=algorithms * stages)

    def stage(self, label: str, what: str) -> None:
        text = f"[bold]{escape(label)}[/] ({self._through + 1} of {self._algorithms}) {escape(what)}"
        self._stage = text
        completed = self._through * self._stages + min(self._entered, self._stages)
        self._progress.update(self._task, completed=completed, description=text)
        self._entered += 1

    def detail(self, text: str) -> None:
        """What happens within the stage."""
        self._progress.update(self._task, description=f"{self._stage}: {escape(text)}")

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
    if not show or not console.is_terminal:
        with training_told(None):
            yield _Lines(console) if show else _Silent()
    else:
        shown = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*shown, console=console, transient=True) as progress:
            bars = _Bars(progress, algorithms, stages)
            with training_told(lambda record: bars.detail(record.getMessage())):
                yield bars


@contextlib.contextmanager
def training_told(told: Callable[[logging.LogRecord], None] | None) -> Iterator[None]:
    """While active, what the training of networks has to say goes to `told`; None for nowhere."""
    log, handler = logging.getLogger("longtail.training"), logging.Handler()
    handler.emit = told or (lambda record: None)  # type: ignore[method-assign, assignment]
    level = log.level
    log.addHandler(handler)
    if told is not None:
        log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
