"""Columns nobody can write to, neither through us nor through the array they were made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from longtail.types import AnyArray

__all__ = ["digest", "owned", "sealed"]


def digest(words: Iterable[str], columns: Mapping[str, AnyArray | None]) -> str:
    """A short hash of words and named columns, the same on any machine."""
    found = hashlib.sha256()
    for word in words:
        found.update(word.encode())
    for name, column in columns.items():
        found.update(f"{name}:{'none' if column is None else len(column)}".encode())
        if column is not None:
            found.update(column.data)
    return found.hexdigest()[:16]


def sealed(column: AnyArray) -> AnyArray:
    """The same array, read-only from now on."""
    column.flags.writeable = False
    return column


def owned(values: Any, dtype: type[np.generic]) -> AnyArray:
    """A contiguous read-only array of `dtype`, copied unless the memory is already out of everyone's reach.

    Examples:
        >>> mine = np.array([1, 2], dtype=np.int32)
        >>> kept = owned(mine, np.int32)
        >>> mine[0] = 9
        >>> kept.tolist(), owned(kept, np.int32) is kept
        ([1, 2], True)
    """
    column = np.ascontiguousarray(values, dtype=dtype)
    if not _is_new(column, values) and not _is_unchangeable(column):
        column = column.copy()
    return sealed(column)


def _is_new(column: AnyArray, values: Any) -> bool:
    return isinstance(values, np.ndarray) and not np.may_share_memory(column, values)


def _is_unchangeable(column: AnyArray) -> bool:
    """Whether this array and every array it is a view of are read-only."""
    owner: Any = column
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return False
        owner = owner.base
    return owner is None
