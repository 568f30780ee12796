"""The step of logistic matrix factorization beside the gradient of its likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from longtail.kernels.logistic import STEADY, logistic_rows
from longtail.kernels.strata import draw

ROWS, ITEMS, WIDTH, BIAS, KEY = 6, 9, 5, 4, np.uint64(11)
RATE, DECAY = 0.4, 0.3


def step(weights: Any, X: Any, Y: Any, negatives: int) -> tuple[Any, Any]:
    X, squares = X.copy(), np.zeros_like(X)
    entries = weights.indptr.astype(np.int64), weights.indices, weights.data
    logistic_rows(0, ROWS, *entries, X, Y, squares, BIAS, KEY, 2**20, negatives, RATE, DECAY)
    return X, squares


def world(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    dense = rng.exponential(2.0, (ROWS, ITEMS)) * (rng.random((ROWS, ITEMS)) < 0.5)
    dense[0] = 0.0
    X, Y = (rng.normal(size=(n, WIDTH)).astype(np.float32) for n in (ROWS, ITEMS))
    return sparse.csr_array(dense.astype(np.float32)), X, Y


def test_agrees_with_the_gradient_of_the_likelihood(rng: np.random.Generator) -> None:
    """The drawn items stand in for all items; counted as often as drawn, the gradient is exact."""
    weights, X, Y = world(rng)
    found, squares = step(weights, X, Y, negatives=2)
    W = weights.toarray().astype(np.float64)
    for u in range(1, ROWS):
        n = min(2 * np.count_nonzero(W[u]), ITEMS)
        unseen = np.bincount([draw(KEY, u * 2**20 + k, ITEMS) for k in range(n)], minlength=ITEMS) * ITEMS / n

        def likelihood(x: Any, u: int = u, unseen: Any = unseen) -> float:
            s = Y.astype(np.float64) @ x
            return float((W[u] * s - (W[u] + unseen) * np.log1p(np.exp(s))).sum() - DECAY / 2 * (x**2).sum())

        x, h = X[u].astype(np.float64), 1e-6
        slope = np.array([(likelihood(x + h * e) - likelihood(x - h * e)) / (2 * h) for e in np.eye(WIDTH)])
        slope[BIAS] = 0.0
        np.testing.assert_allclose(squares[u], slope**2, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found[u], x + RATE * slope / np.sqrt(STEADY + slope**2), atol=1e-4)


def test_rows_without_entries_stay_as_they_are(rng: np.random.Generator) -> None:
    weights, X, Y = world(rng)
    found, squares = step(weights, X, Y, negatives=1)
    np.testing.assert_array_equal(found[0], X[0])
    assert not squares[0].any()
