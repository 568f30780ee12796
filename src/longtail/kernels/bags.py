"""What else a person has met, as rows of a fixed length."""

from __future__ import annotations

import numba
import numpy as np

from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["bags"]


def bags(
    people: AnyArray,
    left_out: AnyArray,
    uniform: AnyArray,
    indptr: AnyArray,
    indices: AnyArray,
    data: AnyArray,
) -> tuple[IntArray, FloatArray]:
    """The entries of each person's row but one; of a long row, as many drawn at random (with replacement).

    Args:
        people: (n,) rows of the CSR arrays.
        left_out: (n,) the place in `indices` of the entry to leave out; -1 for none.
        uniform: (n, k) numbers in [0, 1) that decide what is drawn.
        indptr: row pointer.
        indices: columns of the entries.
        data: values of the entries.

    Returns:
        columns (n, k) int32, and values (n, k) float32, both 0 behind the last entry of a short row.

    Examples:
        >>> indptr, indices, data = np.array([0, 3]), np.array([7, 8, 9]), np.ones(3, np.float32)
        >>> columns, values = bags(np.array([0]), np.array([1]), np.zeros((1, 4)), indptr, indices, data)
        >>> columns.tolist(), values.tolist()
        ([[7, 9, 0, 0]], [[1.0, 1.0, 0.0, 0.0]])
    """
    columns, values = np.zeros(uniform.shape, dtype=np.int32), np.zeros(uniform.shape, dtype=np.float32)
    _fill(people, left_out, uniform, indptr, indices, data, columns, values)
    return columns, values


@numba.njit(cache=True, nogil=True)
def _fill(
    people: IntArray,
    left_out: AnyArray,
    uniform: AnyArray,
    indptr: AnyArray,
    indices: IntArray,
    data: FloatArray,
    columns: IntArray,
    values: FloatArray,
) -> None:
    k = uniform.shape[1]
    for row in range(len(people)):
        lo, out = indptr[people[row]], left_out[row]
        n = indptr[people[row] + 1] - lo - (1 if out >= 0 else 0)
        for slot in range(min(n, k)):
            at = lo + slot if n <= k else lo + min(int(uniform[row, slot] * n), n - 1)
            if out >= 0 and at >= out:
                at += 1
            columns[row, slot], values[row, slot] = indices[at], data[at]
