"""How unevenly interactions are spread over users and items: the long tail in figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from longtail.types import LongArray

__all__ = ["few", "gini", "head_share", "long_tail", "spread"]

_FEW = (2, 5, 10, 20)
_POINTS = 40


def spread(counts: LongArray) -> dict[str, float]:
    """Fewest, median, mean and most."""
    return {
        "fewest": int(counts.min()),
        "median": float(np.median(counts)),
        "mean": float(counts.mean()),
        "most": int(counts.max()),
    }


def few(counts: LongArray) -> dict[str, float]:
    """The share with fewer than 2, 5, 10 and 20 rows.

    Examples:
        >>> few(np.array([1, 3, 7, 50]))
        {'2': 0.25, '5': 0.5, '10': 0.75, '20': 0.75}
    """
    return {str(limit): float((counts < limit).mean()) for limit in _FEW}


def head_share(item_counts: LongArray, head: float = 0.1) -> float:
    """Share of all interactions that falls on the most popular `head` (a tenth) of the items: how long the tail is."""
    ranked = np.sort(item_counts)[::-1]
    return float(ranked[: max(1, round(head * len(ranked)))].sum() / ranked.sum())


def gini(counts: LongArray) -> float:
    """The Gini coefficient: 0 where all have the same, near 1 where one has everything.

    G = sum_i (2 i - n - 1) x_i / (n sum_i x_i), the x_i ascending.

    Examples:
        >>> gini(np.array([3, 3, 3])), gini(np.array([0, 0, 0, 8]))
        (0.0, 0.75)
    """
    ranked, n = np.sort(counts).astype(np.float64), len(counts)
    return float(((2 * np.arange(1, n + 1) - n - 1) * ranked).sum() / (n * ranked.sum()))


def long_tail(counts: LongArray) -> dict[str, Any]:
    """The long-tail curve: `ranks` (1 is the most popular), the `counts` there, and the `shares` of all rows so far.

    Ranks are evenly spread on a logarithmic axis, both ends included.

    Examples:
        >>> long_tail(np.array([1, 3]))
        {'ranks': [1, 2], 'counts': [3, 1], 'shares': [0.75, 1.0]}
    """
    ranked = np.sort(counts)[::-1]
    ranks = np.unique(np.geomspace(1, len(ranked), _POINTS).round().astype(np.int64))
    shares = np.cumsum(ranked)[ranks - 1] / ranked.sum()
    return {
        "ranks": ranks.tolist(),
        "counts": ranked[ranks - 1].tolist(),
        "shares": [round(share, 5) for share in shares.tolist()],
    }
