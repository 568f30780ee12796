"""Means over clusters and the best cluster of a row, against loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from longtail.kernels.clusters import Blocks, block_means, nearest_clusters


@pytest.fixture
def world(rng: np.random.Generator) -> Any:
    """Twenty rows in three clusters, of which the third is empty; nine columns in two."""
    values = rng.random((20, 9)) + 1.0
    values[rng.random(values.shape) < 0.4] = 0.0
    values[6] = 0.0
    return sparse.csr_array(values.astype(np.float32)), rng.integers(0, 2, 20), rng.integers(0, 2, 9).astype(np.int32)


def means_of(world: Any) -> Blocks:
    matrix, rows, columns = world
    row, column = matrix.tocoo().coords
    return block_means(rows[row], columns[column], matrix.data, (3, 2), 7.0)


def test_means(world: Any) -> None:
    matrix, rows, columns = world
    dense, found = np.where(matrix.toarray() > 0, matrix.toarray(), np.nan), means_of(world)
    for g in range(2):
        assert found.row_means[g] == pytest.approx(np.nanmean(dense[rows == g]))
        assert found.column_means[g] == pytest.approx(np.nanmean(dense[:, columns == g]))
        for h in range(2):
            assert found.means[g, h] == pytest.approx(np.nanmean(dense[rows == g][:, columns == h]))
    assert found.row_means[2] == found.means[2, 0] == found.means[2, 1] == 7.0


def test_the_nearest_cluster_has_the_least_squared_error(world: Any, rng: np.random.Generator) -> None:
    matrix, _, columns = world
    blocks, row_means, column_means = means_of(world), rng.random(20), rng.random(9)
    found = nearest_clusters(matrix, row_means, column_means, columns, blocks)
    dense = matrix.toarray()
    for row in range(20):
        errors = []
        for g in range(3):
            estimate = blocks.means[g, columns] + row_means[row] - blocks.row_means[g]
            estimate = estimate + column_means - blocks.column_means[columns]
            errors.append(((dense[row] - estimate)[dense[row] > 0] ** 2).sum())
        assert found[row] == np.argmin(errors)
    assert found[6] == 0
    assert len(set(found.tolist())) > 1
