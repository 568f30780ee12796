"""Sums over the neighbors in a graph, as a tree of gathers of one width: no entry is ever scattered.

Compiled on a CPU, adding rows to where they belong (a segment sum) goes row by row; taking rows and adding neighbors up
does not. A tree also has the same cost for a node of a million neighbors as for a million nodes of one.
"""

from __future__ import annotations

import numpy as np

from longtail.types import AnyArray, IntArray

__all__ = ["sum_tree", "tree_shapes"]


def sum_tree(indptr: AnyArray, indices: AnyArray, n: int, width: int) -> list[IntArray]:
    """Index arrays that sum rows of a table over the neighbors of each node, a level after the other.

    With the table x (n, ...) and a row of zeros put below it, `x[level].sum(axis=1)` are the rows the next level takes
    from; after the last there is a row for each node.

    Args:
        indptr: (nodes + 1,) of a CSR matrix.
        indices: the neighbors of each node.
        n: rows of the table; nowhere is one beyond them.
        width: rows added at a time.

    Returns:
        arrays (parts, width) int32, the last with a part for each node.

    Examples:
        >>> levels = sum_tree(np.array([0, 3, 3, 4]), np.array([0, 1, 2, 1]), n=3, width=2)
        >>> [level.tolist() for level in levels]
        [[[0, 1], [2, 3], [3, 3], [1, 3]], [[0, 1], [2, 4], [3, 4]]]
        >>> x = np.array([1.0, 10.0, 100.0])
        >>> for level in levels:
        ...     x = np.append(x, 0.0)[level].sum(axis=1)
        >>> x.tolist()
        [111.0, 0.0, 10.0]
    """
    counts, rows, beyond, levels = np.diff(indptr), np.asarray(indices), n, []
    while True:
        parts = np.maximum(1, -(-counts // width))
        first, total = np.cumsum(parts) - parts, int(parts.sum())
        level = np.full((total, width), beyond, dtype=np.int32)
        node = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(len(rows)) - (np.cumsum(counts) - counts)[node]
        level[first[node] + within // width, within % width] = rows
        levels.append(level)
        if total == len(counts):
            return levels
        counts, rows, beyond = parts, np.arange(total), total


def tree_shapes(levels: list[IntArray]) -> tuple[tuple[int, int], ...]:
    """The shapes of the levels, as a field of a network."""
    return tuple((level.shape[0], level.shape[1]) for level in levels)
