"""Cells of tables that people open with a spreadsheet."""

from __future__ import annotations

__all__ = ["no_formula"]


def no_formula(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would take it for a formula.

    Examples:
        >>> no_formula("=SUM(A1)"), no_formula("Fargo")
        ("'=SUM(A1)", 'Fargo')
    """
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
