"""Gram matrices against NumPy's product of dense matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from longtail.errors import MemoryBudgetError
from longtail.kernels import gram as module
from longtail.kernels.gram import gram, mirror, sparse_gram, sub_gram


def random_rows(rng: Any, users: int = 90, items: int = 150, density: float = 0.1) -> tuple[sparse.csr_array, Any]:
    dense = np.where(rng.random((users, items)) < density, rng.normal(size=(users, items)), 0.0).astype(np.float32)
    dense[:, 7] = 0.0
    dense[3] = 0.0
    return sparse.csr_array(dense), dense.astype(np.float64)


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("density", [0.02, 0.1, 0.6])
def test_gram(rng: Any, density: float, double: bool) -> None:
    rows, X = random_rows(rng, density=density)
    found = gram(rows, double=double)
    assert found.dtype == (np.float64 if double else np.float32)
    assert np.allclose(found, np.triu(X.T @ X), atol=1e-12 if double else 1e-4)


def test_both_routes_of_the_dense_product_are_taken(rng: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    monkeypatch.setattr(module, "_blocks", lambda rows, out: taken.append(rows.nnz))
    for density in (0.02, 0.6):
        gram(random_rows(rng, density=density)[0])
    assert len(taken) == 1


def test_more_users_than_a_block_holds(rng: Any) -> None:
    rows, X = random_rows(rng, users=2 * module.USER_BLOCK + 5, items=20, density=0.9)
    assert np.allclose(gram(rows, double=True), np.triu(X.T @ X))


@pytest.mark.parametrize("size", [1, 63, 64, 65, 200])
def test_mirror(rng: Any, size: int) -> None:
    upper = np.triu(rng.normal(size=(size, size)))
    whole = upper + np.triu(upper, 1).T
    mirror(upper)
    assert np.array_equal(upper, whole)


def test_sparse_gram(rng: Any) -> None:
    rows, X = random_rows(rng, density=0.03)
    found = sparse_gram(rows)
    assert found.has_sorted_indices
    assert np.allclose(found.toarray(), X.T @ X, atol=1e-5)
    assert found.nnz == np.count_nonzero(X.T @ X)


def test_a_sparse_gram_above_the_budget_is_refused(rng: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", "10 KiB")
    with pytest.raises(MemoryBudgetError, match="the pairs of 150 items that somebody has met both of needs"):
        sparse_gram(random_rows(rng)[0])


def test_sub_gram(rng: Any) -> None:
    matrix = sparse_gram(random_rows(rng, density=0.05)[0])
    rows, columns = np.array([9, 2, 149], np.int32), np.array([0, 2, 7, 80, 149], np.int32)
    part = sub_gram(matrix.indptr, matrix.indices, matrix.data, rows, columns)
    assert np.array_equal(part, matrix.toarray()[np.ix_(rows, columns)])
