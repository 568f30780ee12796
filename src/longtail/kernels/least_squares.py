"""One row of a rating matrix against fixed column vectors: the normal equations, solved or drawn from.

With the vectors z_j of the columns a row has entries in, e_j what is left of those entries, and a normal prior of
precision L and mean m, the row's vector x has, given everything else, the normal distribution

    precision A = L + n diag(ridge) + precision Z'Z,   mean A^-1 (L m + precision Z'e)

Its mean is a least-squares step (Zhou et al. 2008, section 3.1), a draw from it a Gibbs step (Salakhutdinov and Mnih
2008, equation 11). Rows do not depend on one another, so they are spread over threads; everything is summed and solved
in double precision.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from longtail.kernels.jit import kernel
from longtail.kernels.parallel import run_rows
from longtail.types import AnyArray, FloatArray, IntArray, RealArray

__all__ = ["draw_rows", "solve_rows", "variances_of_pairs"]

LEAST = 1e-6
"""Smallest pivot: a matrix that is singular up to rounding is solved as if it had this much of a ridge."""


def solve_rows(
    rows: sparse.csr_array,
    offset: AnyArray,
    vectors: FloatArray,
    *,
    ridge: AnyArray | float = 0.0,
    prior: AnyArray | None = None,
    pull: AnyArray | None = None,
    precision: float = 1.0,
) -> FloatArray:
    """(n_rows, rank) float32: the mean above for each row.

    Args:
        rows: (n_rows, n_columns) the entries.
        offset: (n_columns,) subtracted from the entries of a column to get e.
        vectors: (n_columns, rank) z_j.
        ridge: (rank,), or one for all: added to the diagonal of A once for each entry of a row.
        prior: (rank, rank) L; nothing when not given.
        pull: (rank,) L m; nothing when not given.
        precision: weight of an entry.
    """
    return draw_rows(rows, offset, vectors, None, ridge=ridge, prior=prior, pull=pull, precision=precision)[0]


def draw_rows(
    rows: sparse.csr_array,
    offset: AnyArray,
    vectors: FloatArray,
    noise: FloatArray | None,
    *,
    ridge: AnyArray | float = 0.0,
    prior: AnyArray | None = None,
    pull: AnyArray | None = None,
    precision: float = 1.0,
) -> tuple[FloatArray, FloatArray]:
    """For each row the mean above, and a draw: the mean plus C z, where C C' = A^-1 and z is the row's `noise`.

    Args:
        rows: and the arguments that follow, as for `solve_rows`.
        offset: as there.
        vectors: as there.
        noise: (n_rows, rank) independent standard normal numbers; without them nothing is drawn.
        ridge: as there.
        prior: as there.
        pull: as there.
        precision: as there.

    Returns:
        means and draws, (n_rows, rank) float32; the draws have no rows when there is no noise.
    """
    n_rows, rank = rows.shape[0], vectors.shape[1]
    z = np.empty((0, rank), dtype=np.float32) if noise is None else noise
    means, draws = np.empty((n_rows, rank), dtype=np.float32), np.empty(z.shape, dtype=np.float32)
    parts = rows.indptr, rows.indices, rows.data, np.asarray(offset, dtype=np.float64), vectors
    rule = *_prior(prior, pull, rank), np.broadcast_to(ridge, rank).astype(np.float64), float(precision)
    run_rows(lambda lo, hi: _draw(*parts, *rule, z, means, draws, lo, hi), n_rows)
    return means, draws


def variances_of_pairs(
    rows: sparse.csr_array,
    vectors: FloatArray,
    pair_start: AnyArray,
    pair_columns: IntArray,
    *,
    prior: AnyArray,
    precision: float,
) -> RealArray:
    """(n_pairs,) the variance of x . z under the distribution above, z'A^-1 z, for pairs of a row and a column.

    Args:
        rows: (n_rows, n_columns) the entries.
        vectors: (n_columns, rank) z_j.
        pair_start: (n_rows + 1,) where the pairs of a row begin.
        pair_columns: (n_pairs,) the column of each pair.
        prior: (rank, rank) L.
        precision: weight of an entry.
    """
    found = np.empty(len(pair_columns), dtype=np.float64)
    start, columns = np.asarray(pair_start, dtype=np.int64), np.asarray(pair_columns, dtype=np.int32)
    parts = rows.indptr, rows.indices, vectors, np.ascontiguousarray(prior, dtype=np.float64), float(precision)
    run_rows(lambda lo, hi: _variances(*parts, start, columns, found, lo, hi), rows.shape[0])
    return found


def _prior(prior: AnyArray | None, pull: AnyArray | None, rank: int) -> tuple[RealArray, RealArray]:
    matrix = np.zeros((rank, rank)) if prior is None else np.ascontiguousarray(prior, dtype=np.float64)
    return matrix, np.zeros(rank) if pull is None else np.ascontiguousarray(pull, dtype=np.float64)


@kernel
def _draw(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    offset: RealArray,
    Z: FloatArray,
    prior: RealArray,
    pull: RealArray,
    ridge: RealArray,
    precision: float,
    noise: FloatArray,
    means: FloatArray,
    draws: FloatArray,
    lo: int,
    hi: int,
) -> None:
    """The rows lo..hi of `draw_rows`."""
    rank = Z.shape[1]
    A, tile = np.empty((rank, rank)), np.empty((4, rank))
    x, spread = np.empty(rank), np.empty(rank)
    for row in range(lo, hi):
        start, end = indptr[row], indptr[row + 1]
        _matrix(indices[start:end], Z, prior, ridge, precision, A, tile)
        x[:] = pull
        for place in range(start, end):
            column = indices[place]
            weight = precision * (values[place] - offset[column])
            for f in range(rank):
                x[f] += weight * Z[column, f]
        _forward(A, x)
        _backward(A, x)
        for f in range(rank):
            means[row, f] = x[f]
        if noise.shape[0]:
            spread[:] = noise[row]
            _backward(A, spread)
            for f in range(rank):
                draws[row, f] = x[f] + spread[f]


@kernel
def _variances(
    indptr: IntArray,
    indices: IntArray,
    Z: FloatArray,
    prior: RealArray,
    precision: float,
    pair_start: AnyArray,
    pair_columns: IntArray,
    found: RealArray,
    lo: int,
    hi: int,
) -> None:
    """The pairs of the rows lo..hi of `variances_of_pairs`: with A = C C', z'A^-1 z = |C^-1 z|^2."""
    rank = Z.shape[1]
    A, tile, x, ridge = np.empty((rank, rank)), np.empty((4, rank)), np.empty(rank), np.zeros(rank)
    for row in range(lo, hi):
        if pair_start[row] == pair_start[row + 1]:
            continue
        _matrix(indices[indptr[row] : indptr[row + 1]], Z, prior, ridge, precision, A, tile)
        for pair in range(pair_start[row], pair_start[row + 1]):
            x[:] = Z[pair_columns[pair]]
            _forward(A, x)
            total = 0.0
            for f in range(rank):
                total += x[f] * x[f]
            found[pair] = total


@kernel
def _matrix(
    columns: IntArray,
    Z: FloatArray,
    prior: RealArray,
    ridge: RealArray,
    precision: float,
    A: RealArray,
    tile: RealArray,
) -> None:
    """The lower triangle of A, factored in place: A = C C' with C below and on the diagonal."""
    rank, count = Z.shape[1], len(columns)
    A[:] = prior
    for f in range(rank):
        A[f, f] += ridge[f] * count
    for first in range(0, count, 4):
        for k in range(4):
            if first + k < count:
                column = columns[first + k]
                for f in range(rank):
                    tile[k, f] = Z[column, f]
            else:
                tile[k, :] = 0.0
        for i in range(rank):
            a, b = precision * tile[0, i], precision * tile[1, i]
            c, d = precision * tile[2, i], precision * tile[3, i]
            for j in range(i + 1):
                A[i, j] += a * tile[0, j] + b * tile[1, j] + c * tile[2, j] + d * tile[3, j]
    for i in range(rank):
        for j in range(i):
            total = A[i, j]
            for f in range(j):
                total -= A[i, f] * A[j, f]
            A[i, j] = total / A[j, j]
        pivot = A[i, i]
        for f in range(i):
            pivot -= A[i, f] * A[i, f]
        A[i, i] = np.sqrt(max(pivot, LEAST))


@kernel
def _forward(C: RealArray, x: RealArray) -> None:
    """Replace x by C^-1 x, for a lower triangle C."""
    for i in range(len(x)):
        total = x[i]
        for f in range(i):
            total -= C[i, f] * x[f]
        x[i] = total / C[i, i]


@kernel
def _backward(C: RealArray, x: RealArray) -> None:
    """Replace x by C'^-1 x, for a lower triangle C."""
    for i in range(len(x) - 1, -1, -1):
        x[i] /= C[i, i]
        for f in range(i):
            x[f] -= C[i, f] * x[i]
