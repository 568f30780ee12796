"""The normal equations of a row, solved and drawn from, against NumPy on dense matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from longtail.kernels.least_squares import draw_rows, solve_rows, variances_of_pairs

RANK, N_COLUMNS = 5, 30


@pytest.fixture
def rows(rng: np.random.Generator) -> sparse.csr_array:
    """Rows with 0, 1, 2, ... entries, more and fewer than the rank and than the tile of four."""
    lengths = [0, 1, 2, 3, 4, 5, 7, 8, 17, 30]
    indices = np.concatenate([np.sort(rng.permutation(N_COLUMNS)[:n]) for n in lengths]).astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    values = rng.normal(3.0, 1.0, len(indices)).astype(np.float32)
    return sparse.csr_array((values, indices, indptr), shape=(len(lengths), N_COLUMNS))


@pytest.fixture
def rule(rng: np.random.Generator) -> dict[str, Any]:
    root = rng.normal(size=(RANK, RANK))
    prior = root @ root.T + np.eye(RANK)
    return {"prior": prior, "pull": rng.normal(size=RANK), "ridge": rng.random(RANK), "precision": 1.7}


def by_hand(rows: Any, offset: Any, Z: Any, row: int, rule: dict[str, Any]) -> tuple[Any, Any]:
    """The mean and the precision matrix of one row."""
    place = slice(rows.indptr[row], rows.indptr[row + 1])
    columns = rows.indices[place]
    z, e = Z[columns].astype(np.float64), rows.data[place] - offset[columns]
    A = rule["prior"] + len(columns) * np.diag(rule["ridge"]) + rule["precision"] * z.T @ z
    return np.linalg.solve(A, rule["pull"] + rule["precision"] * z.T @ e), A


@pytest.fixture
def columns(rng: np.random.Generator) -> tuple[Any, Any]:
    return rng.normal(3.0, 0.5, N_COLUMNS), rng.normal(size=(N_COLUMNS, RANK)).astype(np.float32)


def test_solves_the_normal_equations(rows: Any, columns: Any, rule: dict[str, Any]) -> None:
    found = solve_rows(rows, *columns, **rule)
    for row in range(rows.shape[0]):
        assert found[row] == pytest.approx(by_hand(rows, *columns, row, rule)[0], abs=1e-5)


def test_draws_with_the_covariance_of_the_row(rows: Any, columns: Any, rule: dict[str, Any]) -> None:
    # The draws that the unit vectors give, less the mean, are the columns of a root of the covariance.
    for row in range(rows.shape[0]):
        same = sparse.vstack([rows[[row]]] * RANK).tocsr()
        means, draws = draw_rows(same, *columns, np.eye(RANK, dtype=np.float32), **rule)
        mean, A = by_hand(rows, *columns, row, rule)
        root = (draws - means).astype(np.float64).T
        assert means[0] == pytest.approx(mean, abs=1e-5)
        assert root @ root.T == pytest.approx(np.linalg.inv(A), abs=1e-5)


def test_many_draws_have_the_mean_and_covariance_of_the_row(
    rng: np.random.Generator, rows: Any, columns: Any, rule: dict[str, Any]
) -> None:
    n = 40_000
    same = sparse.csr_array(
        (np.tile(rows.data[:1], n), np.tile(rows.indices[:1], n), np.arange(n + 1)), shape=(n, N_COLUMNS)
    )
    draws = draw_rows(same, *columns, rng.standard_normal((n, RANK), dtype=np.float32), **rule)[1]
    mean, A = by_hand(rows, *columns, 1, rule)
    covariance = np.linalg.inv(A)
    assert np.abs(draws.mean(axis=0) - mean).max() < 5 * np.sqrt(covariance.max() / n)
    assert np.cov(draws.T) == pytest.approx(covariance, abs=0.05 * covariance.max())


def test_variances_of_pairs(rng: np.random.Generator, rows: Any, columns: Any, rule: dict[str, Any]) -> None:
    counts = np.array([2, 0, 1, 3, 0, 0, 4, 1, 2, 5])
    wanted = rng.integers(0, N_COLUMNS, counts.sum()).astype(np.int32)
    start = np.concatenate([[0], np.cumsum(counts)])
    rule = {**rule, "ridge": np.zeros(RANK)}
    options = {"prior": rule["prior"], "precision": rule["precision"]}
    found = variances_of_pairs(rows, columns[1], start, wanted, **options)
    for row in range(rows.shape[0]):
        A = by_hand(rows, *columns, row, rule)[1]
        for pair in range(start[row], start[row + 1]):
            z = columns[1][wanted[pair]].astype(np.float64)
            assert found[pair] == pytest.approx(z @ np.linalg.solve(A, z), rel=1e-5)


def test_a_row_that_says_nothing_is_zero(rows: Any, columns: Any) -> None:
    # Without a prior the normal equations of a short row are singular; what comes out is finite and fits the row.
    found = solve_rows(rows, *columns)
    assert not found[0].any()
    assert np.isfinite(found).all()
    place = slice(rows.indptr[2], rows.indptr[3])
    fitted = columns[0][rows.indices[place]] + columns[1][rows.indices[place]] @ found[2]
    assert fitted == pytest.approx(rows.data[place], abs=1e-2)


def test_any_number_of_threads_gives_the_same(
    rows: Any, columns: Any, rule: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("LONGTAIL_THREADS", threads)
        found.append(solve_rows(rows, *columns, **rule))
    assert np.array_equal(*found)
