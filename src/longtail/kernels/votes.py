"""Sums of votes: every entry of a row votes, with its weight, for what it is similar to."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.kernels.jit import strict_kernel
from longtail.kernels.parallel import run_rows
from longtail.types import FloatArray, IntArray

__all__ = ["votes"]


def votes(rows: sparse.csr_array, ballots: sparse.csr_array) -> FloatArray:
    """(n, m) float32: the product of the two as a dense array, -inf where it is zero because nobody voted.

    Args:
        rows: (n, n_voters) weights.
        ballots: (n_voters, m) what each voter votes for, and how strongly.

    Examples:
        >>> rows, ballots = np.array([[2.0, 0.0]]), np.array([[0.0, 0.5], [1.0, 0.0]])
        >>> votes(sparse.csr_array(rows), sparse.csr_array(ballots)).tolist()
        [[-inf, 1.0]]
    """
    out = np.zeros((rows.shape[0], ballots.shape[1]), dtype=np.float32)
    left = rows.indptr, rows.indices, rows.data.astype(np.float32, copy=False)
    right = ballots.indptr, ballots.indices, ballots.data.astype(np.float32, copy=False)
    run_rows(lambda lo, hi: _vote(*left, *right, out, lo, hi), len(out))
    return out


@strict_kernel
def _vote(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    ballot_indptr: IntArray,
    ballot_indices: IntArray,
    ballot_values: FloatArray,
    out: FloatArray,
    lo: int,
    hi: int,
) -> None:
    for row in range(lo, hi):
        line = out[row]
        for place in range(indptr[row], indptr[row + 1]):
            voter, weight = indices[place], values[place]
            for at in range(ballot_indptr[voter], ballot_indptr[voter + 1]):
                line[np.uint64(ballot_indices[at])] += weight * ballot_values[at]
        for candidate in range(len(line)):
            line[candidate] = line[candidate] if line[candidate] != 0.0 else -np.inf
