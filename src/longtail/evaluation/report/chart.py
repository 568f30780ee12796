"""`Chart`: a plotly figure in plain dictionaries, with the same figures as a table; no plotly is needed to make one.

A colour is written as a token, `@0`, `@1`, ... for the algorithms in order and `@ink`, `@muted`, `@paper`, `@line` for
the page; the page's script puts in the colours of the light or the dark theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from longtail.evaluation.label_lines import wrapped

__all__ = ["DASHES", "LABEL", "LABEL_IN_LEGEND", "LINE", "PALETTE", "SYMBOLS", "Chart", "Figures", "lines", "style"]

PALETTE = 8
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
LABEL, LABEL_IN_LEGEND = 20, 40
"""Letters in a line of a label."""
LINE = 17
"""Pixels of a line of a label."""


@dataclass(frozen=True)
class Figures:
    """What a chart shows, as a table: the words for those who do not see it, and for those who want the digits.

    Attributes:
        headings: of the columns; the first is of the row's name.
        rows: as many texts as there are headings; the first names the row.
    """

    headings: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Chart:
    """One figure.

    Attributes:
        title: above it.
        traces: what is drawn, as plotly takes it.
        layout: the axes, likewise.
        height: in pixels.
        wide: whether it needs a row of its own.
        figures: the same as a table; None where another table of the page holds them.
    """

    title: str
    traces: list[dict[str, Any]]
    layout: dict[str, Any] = field(default_factory=dict)
    height: int = 320
    wide: bool = False
    figures: Figures | None = None


def style(styles: Sequence[str], place: int) -> str:
    """The style of an algorithm: each time the colours begin anew, the styles are moved on by one."""
    return styles[(place % PALETTE + place // PALETTE) % len(styles)]


def lines(label: str, width: int = LABEL) -> str:
    """A label in lines, as plotly takes it: escaped, with `<br>` between them."""
    return "<br>".join(escape(line) for line in wrapped(label, width))
