"""Labels of algorithms cut into lines: between parameters, and within one only where it does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["longest_word", "wrapped"]


def wrapped(label: str, width: int) -> list[str]:
    """The label in lines of at most `width` characters, cut at spaces; a word too long behind a `,`, `+`, `=` or `:`.

    Examples:
        >>> wrapped("user-knn (similarity=cosine, neighbors=10)", 20)
        ['user-knn', '(similarity=cosine,', 'neighbors=10)']
        >>> wrapped("user-knn (similarity=pearson_baseline)", 20)
        ['user-knn', '(similarity=', 'pearson_baseline)']
        >>> wrapped("blend (members=[svd:factors=16,epochs=10]+bias)", 24)
        ['blend (members=[svd:', 'factors=16,epochs=10]+', 'bias)']
    """
    lines = [""]
    for word in label.split():
        gap = " " if lines[-1] else ""
        for piece in _pieces(word, width):
            if len(lines[-1] + gap + piece) <= width:
                lines[-1] += gap + piece
            else:
                lines.append(piece)
            gap = ""
    return [line for line in lines if line] or [""]


def longest_word(label: str) -> int:
    """The width from which `wrapped` cuts at spaces only.

    Examples:
        >>> longest_word("svd (factors=8)")
        11
    """
    return max(map(len, label.split()), default=0)


def _pieces(word: str, width: int) -> Iterator[str]:
    """The word, or where it is too long its parts: behind separators, the coarser ones first, and else anywhere."""
    parts = [word]
    for separators in (",+", "=:"):
        parts = [
            piece
            for part in parts
            for piece in (re.split(f"(?<=[{separators}])", part) if len(part) > width else [part])
        ]
    for part in filter(None, parts):
        yield from (part[start : start + width] for start in range(0, len(part), width))
