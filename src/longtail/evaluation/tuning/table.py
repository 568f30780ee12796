"""A study for a terminal: its best trials (of a grid, all of them), and what they are worth in plain sentences."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from longtail import params
from longtail.evaluation.tuning import wording
from longtail.evaluation.tuning.findings import Findings
from longtail.evaluation.tuning.trials import Trial

__all__ = ["shown", "tables"]

BEST = 10
SIDE_BY_SIDE = 4
"""Parameters that have a column each; more are listed in one."""


def tables(result: Findings) -> RenderableType:
    """The table of the trials, and the sentences under it."""
    sentences = [wording.judged(result), wording.won(result), wording.caveat(result)]
    if result.interrupted:
        sentences.insert(0, "Interrupted: these are the trials that were through.")
    text: list[RenderableType] = [Text(sentence) for sentence in sentences]
    if not result.ranked:
        return Group(*text)
    crossed: list[RenderableType] = (
        [_crossed(result), Text("")] if result.sampler == "grid" and len(result.space) == 2 else []
    )
    return Group(*crossed, _trials(result), *text)


def shown(value: Any) -> str:
    """A parameter's value, short."""
    return f"{value:.4g}" if isinstance(value, float) else params.written(value)


def _crossed(result: Findings) -> Table:
    """A grid of two parameters: the first across, the second down, the best value in bold."""
    across, down = result.space.items()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(f"{down[0]} \\ {across[0]}", style="bold", no_wrap=True)
    for value in getattr(across[1], "values", ()):
        table.add_column(shown(value), justify="right")
    for lower in getattr(down[1], "values", ()):
        cells = [_cell(result, {across[0]: upper, down[0]: lower}) for upper in getattr(across[1], "values", ())]
        table.add_row(shown(lower), *cells)
    return table


def _cell(result: Findings, setting: dict[str, Any]) -> Text:
    for trial in result.ranked:
        if all(trial.parameters[name] == value for name, value in setting.items()):
            return Text(f"{trial.value:.5f}", style="bold" if trial is result.best else "")
    return Text("failed", style="dim")


def _trials(result: Findings) -> Table:
    ranked = result.ranked
    rows = ranked if result.sampler == "grid" else ranked[:BEST]
    if result.defaults is not None and result.defaults not in rows:
        rows = [*rows, result.defaults]
    arrow = "↑" if result.metric.higher_is_better else "↓"
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    wide = len(result.searched) > SIDE_BY_SIDE
    for heading in ("trial", f"{result.metric.short} {arrow}", "s", *([] if wide else result.searched)):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in [""] + ["parameters"] * wide:
        table.add_column(heading, overflow="fold")
    for trial in rows:
        table.add_row(*_row(result, trial, wide), style="bold" if trial is ranked[0] else "")
    return table


def _row(result: Findings, trial: Trial, wide: bool) -> list[str]:
    settings = {name: shown(trial.parameters[name]) for name in result.searched}
    note = "current" if trial.origin == "defaults" else ""
    figures = [str(trial.number), f"{trial.value:.5f}", f"{trial.wall:.1f}"]
    if wide:
        return [*figures, note, " ".join(f"{name}={value}" for name, value in settings.items())]
    return [*figures, *settings.values(), note]
