"""Logistic matrix factorization: one step of gradient ascent for every row of a side, the other side held fixed."""

from __future__ import annotations

import numpy as np

from longtail.kernels.jit import kernel
from longtail.kernels.strata import draw
from longtail.types import FloatArray, IntArray, LongArray

__all__ = ["logistic_rows"]

STEADY = np.float32(1e-6)


@kernel
def logistic_rows(
    lo: int,
    hi: int,
    indptr: LongArray,
    indices: IntArray,
    weights: FloatArray,
    X: FloatArray,
    Y: FloatArray,
    squares: FloatArray,
    bias: int,
    key: np.uint64,
    stride: int,
    negatives: int,
    rate: float,
    decay: float,
) -> None:
    """One AdaGrad step for the rows lo..hi of X, in place (Johnson 2014, section 3).

    The gradient is sum over the row's entries of w_i (1 - p_i) y_i - sum over all items of p_i y_i - decay x, with
    p_i = sigmoid(x . y_i). The second sum is estimated from `negatives` items for each entry, drawn from all alike.

    Args:
        lo: first row.
        hi: row after the last.
        indptr: (n_rows + 1,) row pointer.
        indices: item of each entry.
        weights: alpha times the preference of each entry.
        X: (n_rows, width), written to; one column is held at 1, the bias of the other side goes with it.
        Y: (n_items, width).
        squares: (n_rows, width) sum of the squared gradients so far, written to.
        bias: the column of X that is held.
        key: of the random numbers.
        stride: how far apart those of two rows begin; with 0 all rows draw the same.
        negatives: drawn for each entry.
        rate: learning rate.
        decay: L2 regularization.
    """
    f, n_items, one = X.shape[1], len(Y), np.float32(1.0)
    gradient = np.empty(f, dtype=np.float32)
    for u in range(lo, hi):
        first, last = indptr[u], indptr[u + 1]
        if first == last:
            continue
        x, drawn = X[u], min(negatives * (last - first), n_items)
        for k in range(f):
            gradient[k] = -np.float32(decay) * x[k]
        for at in range(first, last):
            y = Y[indices[at]]
            pull = weights[at] * (one - _chance(x, y))
            for k in range(f):
                gradient[k] += pull * y[k]
        each = np.float32(n_items) / np.float32(drawn)
        for number in range(drawn):
            y = Y[draw(key, u * stride + number, n_items)]
            push = each * _chance(x, y)
            for k in range(f):
                gradient[k] -= push * y[k]
        gradient[bias] = np.float32(0.0)
        for k in range(f):
            squares[u, k] += gradient[k] * gradient[k]
            x[k] += np.float32(rate) * gradient[k] / np.sqrt(STEADY + squares[u, k])


@kernel
def _chance(x: FloatArray, y: FloatArray) -> np.float32:
    """sigmoid(x . y)."""
    score = np.float32(0.0)
    for k in range(len(x)):
        score += x[k] * y[k]
    return np.float32(np.float32(1.0) / (np.float32(1.0) + np.exp(-score)))
