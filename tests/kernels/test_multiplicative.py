"""The multiplicative update against plain loops in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from longtail.kernels.multiplicative import multiplied

N_ROWS, N_COLUMNS, FACTORS, WEIGHT = 7, 9, 3, 0.06


@pytest.fixture
def world(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Entries (row 2 has none, one entry is zero), and the vectors of rows and columns."""
    filled = rng.random((N_ROWS, N_COLUMNS)) < 0.6
    filled[2] = False
    coords = np.nonzero(filled)
    values = rng.integers(1, 6, len(coords[0])).astype(np.float32)
    values[0] = 0.0
    entries = sparse.csr_array(sparse.coo_array((values, coords), shape=filled.shape))
    return entries, *(rng.random((n, FACTORS)).astype(np.float32) for n in (N_ROWS, N_COLUMNS))


def by_hand(entries: Any, P: Any, Q: Any) -> Any:
    above, below, counts = np.zeros_like(P), np.zeros_like(P), np.zeros(len(P))
    for row, column, value in zip(*entries.tocoo().coords, entries.data, strict=True):
        above[row] += value * Q[column]
        below[row] += (P[row] @ Q[column]) * Q[column]
        counts[row] += 1
    below += WEIGHT * counts[:, None] * P
    return np.where(counts[:, None] > 0, P * above / np.where(below > 0, below, 1.0), P)


def loss(entries: Any, P: Any, Q: Any) -> float:
    rows, columns = entries.tocoo().coords
    errors = entries.data - np.einsum("nf,nf->n", P[rows], Q[columns])
    return float((errors**2 + WEIGHT * (P[rows] ** 2).sum(axis=1) + WEIGHT * (Q[columns] ** 2).sum(axis=1)).sum())


def test_follows_the_update_rule(world: tuple[Any, Any, Any]) -> None:
    entries, P, Q = world
    expected, given = by_hand(entries, P.astype(np.float64), Q.astype(np.float64)), P.copy()
    assert np.allclose(multiplied(entries, P, Q, WEIGHT), expected, atol=1e-5)
    assert np.array_equal(P, given)


def test_an_update_of_one_side_never_raises_the_loss(world: tuple[Any, Any, Any]) -> None:
    entries, P, Q = world
    before = loss(entries, P, Q)
    for _ in range(30):
        P = multiplied(entries, P, Q, WEIGHT)
        Q = multiplied(entries.T.tocsr(), Q, P, WEIGHT)
        after = loss(entries, P, Q)
        assert after <= before * (1 + 1e-6)
        before = after
    assert (P >= 0).all()
    assert (Q >= 0).all()


def test_zeros_do_no_harm(world: tuple[Any, Any, Any]) -> None:
    entries, P, Q = world
    assert np.isfinite(multiplied(entries, np.zeros_like(P), np.zeros_like(Q), 0.0)).all()
