"""Histories as CSR rows of ratings, items sorted within a row: how they are made, grown and read.

For algorithms that read order, the entries of a row stand in order of the sequence instead, and an item may be there
more than once. SciPy keeps such rows as they are as long as nobody sorts, sums or converts them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["History", "appended", "best_rated", "folded", "grown", "in_order", "row_numbers", "rows_of"]


History: TypeAlias = "Mapping[Any, float] | Sequence[Any] | AnyArray"
"""What one person did: {item id: rating}, or item ids alone, in order."""


def folded(
    histories: Sequence[History] | Interactions, item_ids: Ids, *, ordered: bool = False, highest: float | None = None
) -> sparse.csr_array:
    """Histories as rows (n, n_items) float32: each {item id: rating}, or a list of item ids; or of the users present.

    Args:
        histories: the people.
        item_ids: the columns.
        ordered: whether a row keeps the order and the repeats of its history; else items are sorted, repeats counted.
        highest: the highest rating, where there are ratings: what an item without one stands for, and repeats do not
            count; None where a value is a count.

    Raises:
        UnknownIdError: for an item that is not among `item_ids`.
        ConfigError: if they are neither a list of mappings nor of lists of item ids.
        DataError: for a rating that is not a finite number.

    Examples:
        >>> ids = Ids([5, 9], kind="item")
        >>> folded([[9, 5, 9], {5: 2.0}], ids).toarray().tolist()
        [[1.0, 2.0], [2.0, 0.0]]
        >>> folded([[9, 5, 9]], ids, ordered=True).indices.tolist()
        [1, 0, 1]
    """
    if isinstance(histories, Interactions):
        return rows_of(histories, np.flatnonzero(histories.user_counts), item_ids, ordered=ordered)
    if isinstance(histories, (Mapping, str)) or not all(map(_is_history, histories)):
        raise ConfigError("histories must be a list with one {item: rating}, or one list of items, for each person")
    rated = [_rated(history, ordered or highest is None, 1.0 if highest is None else highest) for history in histories]
    found = [item_ids.index(items) for items, _ in rated]
    values = [_finite(ratings) for _, ratings in rated]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in found])]).astype(np.int32)
    parts = np.concatenate([np.empty(0, np.float32), *values]), np.concatenate([np.empty(0, np.int32), *found])
    rows = sparse.csr_array((*parts, indptr), shape=(len(found), len(item_ids)))
    if not ordered:
        rows.sum_duplicates()
    return rows


def _is_history(history: Any) -> bool:
    """Whether it is a mapping, or a sequence of single ids."""
    if isinstance(history, np.ndarray):
        return history.ndim == 1
    plain = isinstance(history, Sequence) and not isinstance(history, str)
    return isinstance(history, Mapping) or (plain and not any(isinstance(item, (tuple, list)) for item in history))


def _rated(history: History, repeats: bool, alone: float) -> tuple[list[Any], list[float]]:
    """Items and ratings of one person; where `repeats` do not count, each item once."""
    if not isinstance(history, Mapping):
        items = list(history) if repeats else list(dict.fromkeys(history))
        return items, [alone] * len(items)
    return list(history), list(history.values())


def rows_of(data: Interactions, users: AnyArray, item_ids: Ids, *, ordered: bool = False) -> sparse.csr_array:
    """The rows (n, n_items) of users of some data, given by index, over `item_ids`; one may be empty.

    They stand in order of time where `ordered`, else sorted by item.

    Raises:
        UnknownIdError: for an item that is not among `item_ids`.
    """
    rows = (data.sequences.rows(data.n_items) if ordered else data.by_user)[users]
    if data.item_ids == item_ids:
        return rows
    known = item_ids.index(data.item_ids[rows.indices])
    moved = sparse.csr_array((rows.data, known, rows.indptr), shape=(rows.shape[0], len(item_ids)))
    if not ordered:
        moved.sort_indices()
    return moved


def grown(histories: sparse.csr_array, rows: IntArray, items: IntArray, values: FloatArray) -> sparse.csr_array:
    """A copy with more entries; one that is there already is replaced, and of one given twice the last counts.

    Examples:
        >>> before = sparse.csr_array(np.array([[5.0, 0.0, 1.0], [0.0, 0.0, 0.0]], dtype=np.float32))
        >>> grown(before, np.array([0, 1, 0]), np.array([1, 2, 0]), np.array([3.0, 4.0, 2.0])).toarray().tolist()
        [[2.0, 3.0, 1.0], [0.0, 0.0, 4.0]]
    """
    n_rows, n_items = histories.shape
    keys = rows.astype(np.int64) * n_items + items
    last = len(keys) - 1 - np.unique(keys[::-1], return_index=True)[1]  # in order of (row, item)
    row, item, value = rows[last], items[last], values[last]
    starts, ends = histories.indptr[row], histories.indptr[row + 1]
    bounds = zip(starts, ends, item, strict=True)
    place = np.array([lo + np.searchsorted(histories.indices[lo:hi], at) for lo, hi, at in bounds], dtype=np.int64)
    known = np.array(
        [at < hi and histories.indices[at] == wanted for at, hi, wanted in zip(place, ends, item, strict=True)],
        dtype=np.bool_,
    )
    data = histories.data.copy()
    data[place[known]] = value[known]
    new = ~known
    counts = np.bincount(row[new], minlength=n_rows)
    indptr = histories.indptr + np.concatenate([[0], np.cumsum(counts)])
    indices = np.insert(histories.indices, place[new], item[new])
    parts = np.insert(data, place[new], value[new]), indices, indptr.astype(histories.indptr.dtype)
    return sparse.csr_array(parts, shape=histories.shape)


def appended(histories: sparse.csr_array, rows: IntArray, items: IntArray, values: FloatArray) -> sparse.csr_array:
    """A copy of rows in order with more entries at the end of each, in the order given; repeats are kept.

    Examples:
        >>> before = sparse.csr_array(([1.0, 1.0], [2, 0], [0, 2, 2]), shape=(2, 3))
        >>> after = appended(before, np.array([0, 1, 0]), np.array([2, 1, 1]), np.ones(3, np.float32))
        >>> after.indptr.tolist(), after.indices.tolist()
        ([0, 4, 5], [2, 0, 2, 1, 1])
    """
    order, ends = np.argsort(rows, kind="stable"), histories.indptr[1:]
    place = ends[rows[order]]
    indptr = histories.indptr + np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=histories.shape[0]))])
    parts = np.insert(histories.data, place, values[order]), np.insert(histories.indices, place, items[order])
    return sparse.csr_array((*parts, indptr.astype(histories.indptr.dtype)), shape=histories.shape)


def _finite(ratings: list[float]) -> FloatArray:
    if not all(isinstance(rating, (int, float, np.number)) and np.isfinite(rating) for rating in ratings):
        raise DataError(f"a history holds a rating that is not a finite number: {ratings}")
    return np.array(ratings, dtype=np.float32)


def best_rated(histories: sparse.csr_array, n: int, highest: float) -> sparse.csr_array:
    """The n best-rated items of each history, as parts of the highest rating; of equals, the first.

    Examples:
        >>> rows = sparse.csr_array(np.array([[2.0, 4.0, 1.0, 2.0]], dtype=np.float32))
        >>> best_rated(rows, 2, highest=4.0).toarray().tolist()
        [[0.5, 1.0, 0.0, 0.0]]
    """
    rows = row_numbers(histories)
    order = np.lexsort((histories.indices, -histories.data, rows))
    best = order[np.arange(len(order)) - histories.indptr[rows] < n]
    parts = histories.data[best] / highest, (rows[best], histories.indices[best])
    return sparse.csr_array(parts, shape=histories.shape)


def row_numbers(rows: sparse.csr_array) -> AnyArray:
    """The row of each stored entry."""
    return np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))


def in_order(rows: IntArray, columns: IntArray, values: AnyArray, shape: tuple[int, int]) -> sparse.csr_array:
    """A CSR array whose rows keep the order of the entries given."""
    entries = sparse.coo_array((values, (rows, columns)), shape=shape)
    entries.has_canonical_format = True  # nothing to merge, so nothing is sorted
    return entries.tocsr()
