"""Labels of algorithms cut into lines: between parameters, and within one only where it does not fit."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

__all__ = ["longest_word", "wrapped"]


def wrapped(label: str, width: int) -> list[str]:
    """The label in lines of at most `width` characters, cut at spaces; a word too long is cut behind its `=`.

    Examples:
        >>> wrapped("user-knn (similarity=cosine, neighbors=10)", 20)
        ['user-knn', '(similarity=cosine,', 'neighbors=10)']
        >>> wrapped("user-knn (similarity=pearson_baseline)", 20)
        ['user-knn', '(similarity=', 'pearson_baseline)']
    """
    pieces = [piece for word in label.split() for piece in _pieces(word, width)]
    return textwrap.wrap(" ".join(pieces), width, break_on_hyphens=False) or [""]


def longest_word(label: str) -> int:
    """The width from which `wrapped` cuts at spaces only.

    Examples:
        >>> longest_word("svd (factors=8)")
        11
    """
    return max(map(len, label.split()), default=0)


def _pieces(word: str, width: int) -> Iterator[str]:
    name, equals, value = word.partition("=")
    if len(word) > width and value:
        yield name + equals
        yield value
    else:
        yield word
