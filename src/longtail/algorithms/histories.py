"""Histories as CSR rows of ratings, items sorted within a row: how they are made, grown and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DataError
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["best_rated", "folded", "grown", "in_order", "row_numbers", "rows_of"]


def folded(histories: Sequence[Mapping[Any, float]] | Interactions, item_ids: Ids) -> sparse.csr_array:
    """Histories given as {item id: rating}, or those of the users present, as rows (n, n_items) float32.

    Raises:
        UnknownIdError: for an item that is not among `item_ids`.
        ConfigError: if they are not a list of mappings.
        DataError: for a rating that is not a finite number.
    """
    if isinstance(histories, Interactions):
        return rows_of(histories, np.flatnonzero(histories.user_counts), item_ids)
    if isinstance(histories, Mapping) or not all(isinstance(history, Mapping) for history in histories):
        raise ConfigError("histories must be a list with one {item: rating} for each person")
    found = [item_ids.index(list(history)) for history in histories]
    values = [_finite(list(history.values())) for history in histories]
    order = [np.argsort(row) for row in found]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in found])]).astype(np.int32)
    indices = [row[by] for row, by in zip(found, order, strict=True)]
    data = [row[by] for row, by in zip(values, order, strict=True)]
    parts = (np.concatenate([np.empty(0, np.float32), *data]), np.concatenate([np.empty(0, np.int32), *indices]))
    return sparse.csr_array((*parts, indptr), shape=(len(found), len(item_ids)))


def rows_of(data: Interactions, users: AnyArray, item_ids: Ids) -> sparse.csr_array:
    """The rows (n, n_items) of users of some data, given by index, over `item_ids`; one may be empty.

    Raises:
        UnknownIdError: for an item that is not among `item_ids`.
    """
    rows = data.by_user[users]
    if data.item_ids == item_ids:
        return rows
    known = item_ids.index(data.item_ids[rows.indices])
    moved = sparse.csr_array((rows.data, known, rows.indptr), shape=(rows.shape[0], len(item_ids)))
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
