"""Progress: bars for people, lines for logs, nothing when asked for nothing."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from longtail.evaluation.progress import Reporter, reporting


def go(reporter: Reporter) -> None:
    for label in ("svd", "[red]knn[/red]"):
        reporter.stage(label, "learns")
        reporter.stage(label, "lists")
        reporter.finished(label, "1.0 CPU seconds")


def written(*, show: bool, terminal: bool) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100)
    with reporting(2, 2, show=show, console=console) as reporter:
        go(reporter)
    return console.file.getvalue()


def test_a_line_for_each_where_there_is_no_terminal() -> None:
    assert written(show=True, terminal=False) == "svd: 1.0 CPU seconds\n[red]knn[/red]: 1.0 CPU seconds\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_silence(terminal: bool) -> None:
    assert written(show=False, terminal=terminal) == ""


def test_a_bar_on_a_terminal_names_algorithm_and_stage() -> None:
    text = written(show=True, terminal=True)
    assert "[red]knn[/red]" in text
    assert "(2 of 2) lists" in text


def test_more_stages_than_promised_do_not_overrun() -> None:
    console = Console(file=io.StringIO(), force_terminal=True)
    with reporting(1, 1, show=True, console=console) as reporter:
        for _ in range(5):
            reporter.stage("svd", "again")
        reporter.finished("svd", "done")
    assert "100%" not in console.file.getvalue()
