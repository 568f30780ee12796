"""Inner products whose rounding does not depend on how many are computed at once, as that of a BLAS product may."""

from __future__ import annotations

import numpy as np

from longtail.kernels.jit import kernel
from longtail.kernels.parallel import run_rows
from longtail.types import RealArray

__all__ = ["inner_products"]


def inner_products(left: RealArray, right: RealArray) -> RealArray:
    """(n_left, n_right) float64 inner products of the rows of two float64 arrays.

    Examples:
        >>> inner_products(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [0.0, 1.0]])).tolist()
        [[11.0, 2.0]]
    """
    out = np.zeros((len(left), len(right)))
    columns = np.ascontiguousarray(right.T)
    run_rows(lambda lo, hi: _multiply(left, columns, out, lo, hi), len(left))
    return out


@kernel
def _multiply(left: RealArray, columns: RealArray, out: RealArray, lo: int, hi: int) -> None:
    for row in range(lo, hi):
        for dimension in range(left.shape[1]):
            factor = left[row, dimension]
            for column in range(columns.shape[1]):
                out[row, column] += factor * columns[dimension, column]
