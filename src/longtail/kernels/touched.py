"""Which rows of a table each step reads, and the same indices counted within those rows."""

from __future__ import annotations

import numba
import numpy as np

from longtail.types import AnyArray, IntArray

__all__ = ["touched_rows"]


def touched_rows(indices: AnyArray, n_rows: int) -> tuple[IntArray, IntArray]:
    """The distinct rows that each step reads, and where among them each index points.

    Args:
        indices: (steps, k) row numbers; negative or beyond the table for no row.
        n_rows: rows of the table.

    Returns:
        rows (steps, min(k, n_rows)) int32, in order of first use, filled up with `n_rows`; and (steps, k) int32, places
        within them, one beyond the last for no row.

    Examples:
        >>> rows, places = touched_rows(np.array([[7, 2, 7, -1]]), n_rows=9)
        >>> rows.tolist(), places.tolist()
        ([[7, 2, 9, 9]], [[0, 1, 0, 4]])
    """
    steps, k = indices.shape
    rows = np.full((steps, min(k, n_rows)), n_rows, dtype=np.int32)
    places = np.empty((steps, k), dtype=np.int32)
    _touch(np.ascontiguousarray(indices, dtype=np.int32), n_rows, rows, places)
    return rows, places


@numba.njit(cache=True, nogil=True)
def _touch(indices: IntArray, n_rows: int, rows: IntArray, places: IntArray) -> None:
    stamp = np.full(n_rows, -1, dtype=np.int32)
    place = np.empty(n_rows, dtype=np.int32)
    for step in range(indices.shape[0]):
        found = 0
        for at in range(indices.shape[1]):
            row = indices[step, at]
            if row < 0 or row >= n_rows:
                places[step, at] = rows.shape[1]
                continue
            if stamp[row] != step:
                stamp[row] = step
                place[row] = found
                rows[step, found] = row
                found += 1
            places[step, at] = place[row]
