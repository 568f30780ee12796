"""Who somebody is: the training user with exactly the same history."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.types import IntArray

__all__ = ["same_people"]


def same_people(histories: sparse.csr_array, known: sparse.csr_array) -> IntArray:
    """For each history the first row of `known` that is the same, -1 for none; both sorted within a row.

    Examples:
        >>> known = sparse.csr_array(np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]], dtype=np.float32))
        >>> asked = sparse.csr_array(np.array([[0.0, 3.0, 0.0], [0.0, 4.0, 0.0]], dtype=np.float32))
        >>> same_people(asked, known).tolist()
        [1, -1]
    """
    found = np.full(histories.shape[0], -1, dtype=np.int32)
    starts, counts = known.indptr[:-1], np.diff(known.indptr)
    for row in np.flatnonzero(np.diff(histories.indptr)):
        span = slice(histories.indptr[row], histories.indptr[row + 1])
        items, values = histories.indices[span], histories.data[span]
        alike = np.flatnonzero(counts == len(items))
        alike = alike[(known.indices[starts[alike]] == items[0]) & (known.data[starts[alike]] == values[0])]
        for user in alike:
            held = slice(known.indptr[user], known.indptr[user + 1])
            if np.array_equal(known.indices[held], items) and np.array_equal(known.data[held], values):
                found[row] = user
                break
    return found
