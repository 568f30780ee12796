"""Block-wise regressions: correlations, the cover, and each block against a regression of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from longtail.kernels.blocks import block_regressions, correlated, cover
from longtail.kernels.gram import sparse_gram

USERS, ITEMS = 120, 60


@pytest.fixture
def rows(rng: Any) -> sparse.csr_array:
    X = np.where(rng.random((USERS, ITEMS)) < 0.3 * rng.random(ITEMS) + 0.1, rng.random((USERS, ITEMS)) + 0.5, 0.0)
    X[:, 4], X[:, 5] = 0.0, 1.0  # met by nobody, and by everybody alike
    return sparse.csr_array(X.astype(np.float32))


def near(rows: sparse.csr_array, threshold: float, neighbors: int) -> sparse.csr_array:
    return correlated(sparse_gram(rows), rows.sum(axis=0, dtype=np.float64), USERS, threshold, neighbors)


@pytest.mark.parametrize(("threshold", "neighbors"), [(0.0, ITEMS), (0.1, ITEMS), (0.0, 7), (0.05, 7)])
def test_correlations(rows: sparse.csr_array, threshold: float, neighbors: int) -> None:
    found, X = near(rows, threshold, neighbors), rows.toarray().astype(np.float64)
    with np.errstate(invalid="ignore"):
        sizes = np.nan_to_num(np.abs(np.corrcoef(X.T)))
    sizes[(X.T @ X == 0) | np.eye(ITEMS, dtype=np.bool_)] = 0.0
    sizes[4:6] = sizes[:, 4:6] = 0.0
    sizes[sizes < threshold] = 0.0
    edge = -np.sort(-sizes, axis=1)[:, neighbors - 1 : neighbors] if neighbors < ITEMS else 0.0
    assert found.has_sorted_indices
    assert np.allclose(found.toarray(), np.where(sizes >= edge, sizes, 0.0), atol=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_cover_solves_for_every_item_once(rows: sparse.csr_array, share: float) -> None:
    neighborhoods = near(rows, 0.05, 12)
    blocks = cover(neighborhoods, share, np.arange(ITEMS)[::-1].copy())
    solved = np.concatenate([block.items[block.solved] for block in blocks])
    assert np.array_equal(np.sort(solved), np.arange(ITEMS))
    assert (len(blocks) == ITEMS) == (share == 0.0)
    for block in blocks:
        assert np.array_equal(block.items, np.unique(block.items))
        assert len(block.solved) <= 1 + round(share * 12)


def test_a_block_is_solved_for_the_neighbors_nearest_to_its_item() -> None:
    """Half of a neighborhood, the nearest ones; what has been solved for is left in the block, but not solved again."""
    table = np.zeros((6, 6))
    table[2, [0, 1, 3, 5]] = [0.1, 0.4, 0.3, 0.2]
    table[5, [1, 2, 4]] = [0.3, 0.1, 0.2]
    blocks = cover(sparse.csr_array(table), 0.5, np.array([2, 5, 0, 4, 1, 3]))
    made = [(block.items.tolist(), block.items[block.solved].tolist()) for block in blocks]
    assert made == [([0, 1, 2, 3, 5], [1, 2, 3]), ([1, 2, 4, 5], [4, 5]), ([0], [0])]


def test_each_item_is_regressed_on_its_block(rows: sparse.csr_array) -> None:
    G, X = sparse_gram(rows), rows.toarray().astype(np.float64)
    blocks = cover(near(rows, 0.05, 12), 0.4, np.arange(ITEMS))
    B = block_regressions(G, blocks, 3.0).toarray()
    for block in blocks:
        for item in block.items[block.solved]:
            others = np.setdiff1d(block.items, [item])
            ridge = X[:, others].T @ X[:, others] + 3.0 * np.eye(len(others))
            expected = np.zeros(ITEMS)
            expected[others] = np.linalg.solve(ridge, X[:, others].T @ X[:, item])
            assert np.abs(B[:, item] - expected).max() < 1e-5
