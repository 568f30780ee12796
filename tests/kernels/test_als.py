"""Least squares for implicit feedback beside a dense solution of the textbook's system in double precision."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from longtail.kernels import als
from longtail.kernels.als import solve_rows, turned

ROWS, ITEMS, FACTORS, UNSEEN = 30, 50, 8, 0.7


@pytest.fixture
def world(rng: np.random.Generator) -> tuple[Any, Any, Any, Any, Any]:
    """Weights (some negative; row 0 empty, row 1 with one entry, row 2 full), Y turned, its diagonal, ridges, X."""
    dense = rng.exponential(3.0, (ROWS, ITEMS)) * (rng.random((ROWS, ITEMS)) < 0.2)
    dense *= np.where(rng.random((ROWS, ITEMS)) < 0.1, -1.0, 1.0)
    dense[0], dense[1], dense[2] = 0.0, 0.0, rng.exponential(3.0, ITEMS)
    dense[1, 5] = 2.0
    X, Y, diagonal = turned(
        *(rng.normal(0.0, 0.5, (n, FACTORS)).astype(np.float32) for n in (ROWS, ITEMS)),
    )
    ridge = rng.uniform(0.1, 2.0, ROWS).astype(np.float32)
    return sparse.csr_array(dense.astype(np.float32)), Y, diagonal, ridge, X


def dense_solution(weights: Any, Y: Any, ridge: Any) -> Any:
    """Hu, Koren and Volinsky (2008), equation 4: x = (Y'CY + lambda I)^-1 Y'C p, each row with all its items."""
    W, Y = weights.toarray().astype(np.float64), Y.astype(np.float64)
    solved = []
    for w, lam in zip(W, ridge, strict=True):
        C, p = np.diag(UNSEEN + np.abs(w)), (w > 0).astype(np.float64)
        solved.append(np.linalg.solve(Y.T @ C @ Y + lam * np.eye(Y.shape[1]), Y.T @ C @ p))
    return np.array(solved)


def loss(weights: Any, X: Any, Y: Any, ridge: Any) -> float:
    W = weights.toarray().astype(np.float64)
    error = (W > 0) - X.astype(np.float64) @ Y.astype(np.float64).T
    return float(((UNSEEN + np.abs(W)) * error**2).sum() + (ridge[:, None] * X.astype(np.float64) ** 2).sum())


def test_turning_changes_no_score_and_makes_the_gram_matrix_diagonal(rng: np.random.Generator) -> None:
    X, Y = (rng.normal(size=(n, 6)).astype(np.float32) for n in (20, 30))
    A, B, diagonal = turned(X, Y)
    np.testing.assert_allclose(A @ B.T, X @ Y.T, atol=1e-5)
    np.testing.assert_allclose(B.T @ B, np.diag(diagonal), atol=1e-4)
    np.testing.assert_allclose((A**2).sum(axis=1), (X**2).sum(axis=1), rtol=1e-5)


@pytest.mark.parametrize(("solver", "amount"), [("cholesky", 0), ("cg", 3 * FACTORS), ("subspace", FACTORS)])
def test_every_solver_agrees_with_the_dense_solution(world: Any, solver: Any, amount: int) -> None:
    """Conjugate gradients with steps enough, and one subspace of all factors, are exact too."""
    weights, Y, diagonal, ridge, X = world
    expected = dense_solution(weights, Y, ridge)
    solve_rows(weights, X, Y, diagonal, ridge, UNSEEN, solver, amount)
    np.testing.assert_allclose(X, expected, atol=2e-4)
    assert np.abs(expected).max() > 0.1


def test_rows_longer_than_a_chunk_are_exact(rng: np.random.Generator) -> None:
    n = 700
    weights = sparse.csr_array(rng.exponential(2.0, (2, n)).astype(np.float32))
    _, Y, diagonal = turned(np.zeros((1, FACTORS), np.float32), rng.normal(size=(n, FACTORS)).astype(np.float32))
    ridge, X = np.ones(2, dtype=np.float32), np.zeros((2, FACTORS), dtype=np.float32)
    solve_rows(weights, X, Y, diagonal, ridge, UNSEEN)
    np.testing.assert_allclose(X, dense_solution(weights, Y, ridge), atol=1e-4)


@pytest.mark.parametrize(("solver", "amount"), [("cg", 1), ("subspace", 3), ("subspace", 1)])
def test_a_partial_step_lowers_the_loss_and_ends_at_the_solution(world: Any, solver: Any, amount: int) -> None:
    weights, Y, diagonal, ridge, X = world
    losses = [loss(weights, X, Y, ridge)]
    for _ in range(200):
        solve_rows(weights, X, Y, diagonal, ridge, UNSEEN, solver, amount)
        losses.append(loss(weights, X, Y, ridge))
    assert losses[1] < losses[0]
    assert all(after <= before * (1 + 1e-6) for before, after in itertools.pairwise(losses))
    np.testing.assert_allclose(X, dense_solution(weights, Y, ridge), atol=5e-3)


def test_conjugate_gradients_need_one_step_more_than_entries(world: Any, rng: np.random.Generator) -> None:
    """The preconditioned system differs from the identity by a rank an entry; steepest descent would not get there."""
    _, Y, diagonal, ridge, X = world
    dense = np.zeros((ROWS, ITEMS), dtype=np.float32)
    for row in dense:
        row[rng.choice(ITEMS, 2, replace=False)] = rng.exponential(9.0, 2)
    weights, before = sparse.csr_array(dense), X.copy()
    expected = dense_solution(weights, Y, ridge)
    solve_rows(weights, X, Y, diagonal, ridge, UNSEEN, "cg", 3)
    np.testing.assert_allclose(X, expected, atol=1e-4)
    solve_rows(weights, before, Y, diagonal, ridge, UNSEEN, "cg", 2)
    assert np.abs(before - expected).max() > 1e-3


def test_a_block_wider_than_the_factors_is_all_of_them(world: Any) -> None:
    weights, Y, diagonal, ridge, X = world
    one, two = X.copy(), X.copy()
    solve_rows(weights, one, Y, diagonal, ridge, UNSEEN, "subspace", 10 * FACTORS)
    solve_rows(weights, two, Y, diagonal, ridge, UNSEEN, "subspace", FACTORS)
    np.testing.assert_array_equal(one, two)


def test_without_regularization_the_system_stays_solvable(rng: np.random.Generator) -> None:
    """More factors than items: without a ridge the matrix is singular."""
    weights = sparse.csr_array(np.ones((3, 4), dtype=np.float32))
    _, Y, diagonal = turned(np.zeros((1, 9), np.float32), rng.normal(size=(4, 9)).astype(np.float32))
    for solver in ("cholesky", "cg", "subspace"):
        X = np.zeros((3, 9), dtype=np.float32)
        solve_rows(weights, X, Y, diagonal, np.zeros(3, np.float32), 1.0, solver, 4)  # type: ignore[arg-type]
        assert np.isfinite(X).all()


@pytest.mark.parametrize("solver", ["cholesky", "cg", "subspace"])
def test_threads_change_nothing(solver: Any, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = 3 * als.ROWS_TILE + 5
    weights = sparse.random_array((rows, 90), density=0.2, rng=rng, dtype=np.float32).tocsr()
    start, items = (rng.normal(size=(n, 12)).astype(np.float32) for n in (rows, 90))
    found = []
    for number in ("1", "3"):
        monkeypatch.setenv("LONGTAIL_THREADS", number)
        X, Y, diagonal = turned(start, items)
        solve_rows(weights, X, Y, diagonal, np.ones(rows, np.float32), 1.0, solver, 4)
        found.append(X)
    np.testing.assert_array_equal(*found)
