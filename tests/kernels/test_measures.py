"""What measures are made of: ranks against SciPy, and a correlation of ranks where both have the same columns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse, stats

from longtail.kernels.measures import Measure, mean_ranks
from longtail.kernels.similarity import similarity_matrix


def test_ranks_are_those_of_scipy(rng: np.random.Generator) -> None:
    groups, values = rng.integers(0, 9, 300), rng.integers(1, 6, 300).astype(np.float32)
    found = mean_ranks(groups, values)
    for group in range(9):
        mine = groups == group
        assert found[mine].tolist() == stats.rankdata(values[mine]).tolist()
    assert mean_ranks(np.empty(0, np.int64), np.empty(0, np.float32)).shape == (0,)


def test_spearman_is_that_of_scipy_where_nothing_is_missing(rng: np.random.Generator) -> None:
    ratings = rng.integers(1, 6, (12, 20)).astype(np.float32)
    ranks = mean_ranks(np.repeat(np.arange(12), 20), ratings.ravel()).reshape(ratings.shape)
    rows = sparse.csr_array(ranks)
    found = similarity_matrix(rows, rows.T.tocsr(), Measure("spearman")).toarray()
    expected = np.maximum(stats.spearmanr(ratings, axis=1).statistic, 0.0)
    np.fill_diagonal(expected, 0.0)
    assert found == pytest.approx(expected, abs=1e-6)
    assert (expected > 0).sum() > 20


def test_only_a_conditional_probability_depends_on_the_side() -> None:
    rows = sparse.csr_array(np.array([[1, 1, 1, 1], [1, 1, 0, 0]], dtype=np.float32))
    found = similarity_matrix(rows, rows.T.tocsr(), Measure("conditional_probability", popularity=0.0)).toarray()
    assert found.tolist() == [[0.0, 0.5], [1.0, 0.0]]
    half = similarity_matrix(rows, rows.T.tocsr(), Measure("conditional_probability", popularity=1.0)).toarray()
    assert half.tolist() == [[0.0, 0.25], [0.25, 0.0]]


def test_the_usual_shrinkage_is_that_of_the_measure() -> None:
    assert Measure("pearson_baseline").damping == 200.0
    assert Measure("pearson_baseline", shrinkage=0.0).damping == 0.0
    assert Measure("cosine").damping == 0.0
    assert Measure("cosine", shrinkage=5).damping == 5.0
