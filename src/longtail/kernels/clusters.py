"""Clusters of rows and of columns at once: the means of both, of their blocks, and the best cluster of a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.kernels.jit import kernel
from longtail.kernels.parallel import run_rows
from longtail.types import AnyArray, FloatArray, IntArray, RealArray

__all__ = ["Blocks", "block_means", "nearest_clusters"]

ROW_TILE = 512


@dataclass(frozen=True)
class Blocks:
    """Means over clusters; the mean of everything stands where there is nothing.

    Attributes:
        means: (n_row_clusters, n_column_clusters) of each block.
        row_means: (n_row_clusters,).
        column_means: (n_column_clusters,).
    """

    means: RealArray
    row_means: RealArray
    column_means: RealArray


def block_means(
    rows: AnyArray, columns: AnyArray, values: FloatArray, shape: tuple[int, int], overall: float
) -> Blocks:
    """The means of values whose row is in cluster `rows` and whose column in cluster `columns`."""
    cells = rows.astype(np.int64) * shape[1] + columns
    counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    sums = np.bincount(cells, weights=values, minlength=shape[0] * shape[1]).reshape(shape)

    def mean(total: AnyArray, count: AnyArray) -> RealArray:
        return np.where(count > 0, total / np.maximum(count, 1), overall)

    return Blocks(
        mean(sums, counts), mean(sums.sum(axis=1), counts.sum(axis=1)), mean(sums.sum(axis=0), counts.sum(axis=0))
    )


def nearest_clusters(
    rows: sparse.csr_array, row_means: RealArray, column_means: RealArray, clusters: IntArray, blocks: Blocks
) -> IntArray:
    """(n,) int32: for each row the cluster g that fits its values best, of equals the first.

    Minimizes the sum of (x - A_gh - (mean_row - A_g) - (mean_column - A_h))^2 over its values x, with h the cluster of
    the column and A the means of `blocks`.

    Args:
        rows: (n, n_columns) values.
        row_means: (n,) mean of each row.
        column_means: (n_columns,) mean of each column.
        clusters: (n_columns,) int32, the cluster h of each column.
        blocks: means over clusters.
    """
    found = np.zeros(rows.shape[0], dtype=np.int32)
    shifts = blocks.means - blocks.row_means[:, None] - blocks.column_means
    parts = rows.indptr, rows.indices, rows.data, row_means, column_means, clusters, shifts
    run_rows(lambda lo, hi: _nearest(*parts, found, lo, hi), len(found), tile=ROW_TILE)
    return found


@kernel
def _nearest(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    row_means: RealArray,
    column_means: RealArray,
    clusters: IntArray,
    shifts: RealArray,
    found: IntArray,
    lo: int,
    hi: int,
) -> None:
    errors = np.empty(len(shifts))
    for row in range(lo, hi):
        errors[:] = 0.0
        for place in range(indptr[row], indptr[row + 1]):
            column = indices[place]
            left = values[place] - row_means[row] - column_means[column]
            for g in range(len(errors)):
                error = left - shifts[g, clusters[column]]
                errors[g] += error * error
        found[row] = np.argmin(errors)
