"""The k most similar rows against all similarities, computed densely, sorted and cut."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from longtail.errors import ConfigError, MemoryBudgetError
from longtail.kernels.measures import Measure, Similarity
from longtail.kernels.nearest import nearest_rows
from longtail.kernels.similarity import similar_rows

MEASURES = get_args(Similarity)


def all_pairs(rows: sparse.csr_array, measure: Measure) -> Any:
    """(n, n) positive similarities over whole rows by dense products, the diagonal left out."""
    X = rows.toarray().astype(np.float64)
    met = sparse.csr_array((np.ones(rows.nnz), rows.indices, rows.indptr), shape=rows.shape).toarray()
    common, sizes = met @ met.T, met.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure.name == "jaccard":
            found = common / (sizes[:, None] + sizes - common)
        elif measure.name == "conditional_probability":
            found = common / (sizes[:, None] * sizes**measure.popularity)
        else:
            norms = np.sqrt((X**2).sum(axis=1)) if measure.name == "cosine" else np.ones(len(X))
            found = X @ X.T / (norms[:, None] * norms)
        shrunk = found * common / (common + (measure.shrinkage or 0.0))
    shrunk[~np.isfinite(shrunk) | (common < measure.min_support)] = 0.0
    np.fill_diagonal(shrunk, 0.0)
    return np.maximum(shrunk, 0.0)


def cut(table: Any, k: int) -> Any:
    """The k largest of each row, of equals the first; the others zero."""
    kept = np.zeros_like(table)
    for row, line in enumerate(table):
        best = np.argsort(-line, kind="stable")[:k]
        kept[row, best] = line[best]
    return kept


def clicks(rng: np.random.Generator, n: int, columns: int, share: float, most: int = 1) -> sparse.csr_array:
    """(n, columns) counts from 1 to `most`, most of them missing; rows 3 and 4 are the same, row 5 is empty."""
    values = rng.integers(1, most + 1, (n, columns)) * (rng.random((n, columns)) < share)
    values[4], values[5] = values[3], 0
    return sparse.csr_array(values.astype(np.float32))


@pytest.mark.parametrize("k", [1, 4, 1000])
@pytest.mark.parametrize(("min_support", "shrinkage"), [(1, 0.0), (2, 0.0), (1, 3.5), (3, 10.0)])
@pytest.mark.parametrize("name", ["cosine", "jaccard", "conditional_probability", "dot"])
def test_of_whole_rows(rng: np.random.Generator, name: Any, min_support: int, shrinkage: float, k: int) -> None:
    rows = clicks(rng, 150, 40, 0.1, most=5)
    rows.data += rng.random(rows.nnz, dtype=np.float32)
    measure = Measure(name, min_support, shrinkage, "whole", popularity=0.3)
    table, found = all_pairs(rows, measure), nearest_rows(rows, measure, k).toarray()
    np.testing.assert_allclose(found, np.where(found > 0, table, 0.0), rtol=2e-6)
    best = np.sort(cut(table, k), axis=1)  # where similarities tie, rounding may decide whose is kept
    np.testing.assert_allclose(np.sort(found, axis=1), best, rtol=2e-6)
    assert (best > 0).sum() > 30


@pytest.mark.parametrize("k", [3, 1000])
@pytest.mark.parametrize("name", MEASURES)
def test_of_common_columns(rng: np.random.Generator, name: Similarity, k: int) -> None:
    rows = clicks(rng, 60, 25, 0.3, most=9)
    rows.data += rng.random(rows.nnz, dtype=np.float32) - 5
    measure, columns = Measure(name, 2, 4.0), rows.T.tocsr()
    near = similar_rows(rows, columns, measure, leave_out=np.arange(60, dtype=np.int32))
    table = np.zeros((60, 60))
    for row, (lo, hi) in enumerate(zip(near.starts, near.ends, strict=True)):
        table[row, near.indices[lo:hi]] = near.weights[lo:hi]
    found = nearest_rows(rows, measure, k)
    np.testing.assert_allclose(found.toarray(), cut(table.astype(np.float32), k), rtol=2e-6, atol=1e-5)
    assert found.has_sorted_indices


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), shape=st.tuples(st.integers(6, 90), st.integers(1, 8)), k=st.integers(1, 12))
def test_of_equals_the_first_are_kept(seed: int, shape: Any, k: int) -> None:
    """Products of ones are exact, and most of them tie."""
    rows = clicks(np.random.default_rng(seed), *shape, 0.4)
    for measure in (Measure("dot"), Measure("dot", 2), Measure("jaccard"), Measure("msd", 2)):
        if measure.name == "msd":
            met = rows.toarray()
            expected = (met @ met.T >= 2).astype(float) * (1 - np.eye(len(met)))
        else:
            expected = all_pairs(rows, measure).astype(np.float32)
        assert np.array_equal(nearest_rows(rows, measure, k).toarray(), cut(expected, k).astype(np.float32))


def test_ties_of_cosines_too_go_to_the_first() -> None:
    rows = sparse.csr_array(np.array([[1, 1, 1], *[[1, 1, 0], [0, 1, 1], [1, 0, 1]] * 30], dtype=np.float32))
    found = nearest_rows(rows, Measure("cosine", over="whole"), 5)
    assert found[[0]].indices.tolist() == [1, 2, 3, 4, 5]
    assert found[[1]].indices.tolist() == [4, 7, 10, 13, 16]


@pytest.mark.parametrize("measure", [Measure("cosine", over="whole"), Measure("jaccard"), Measure("pearson")])
def test_among_other_rows(rng: np.random.Generator, measure: Measure) -> None:
    rows = clicks(rng, 80, 30, 0.3, most=5)
    columns, some = rows.T.tocsr(), np.array([3, 50, 7], dtype=np.int32)
    everyone = nearest_rows(rows[some], measure, 80, by_column=columns)
    assert everyone[0, 3] == everyone[0, 4] == pytest.approx(1.0)
    own = np.array([3, -1, 7], dtype=np.int32)
    left_out = nearest_rows(rows[some], measure, 80, by_column=columns, leave_out=own).toarray()
    expected = everyone.toarray()
    expected[[0, 2], [3, 7]] = 0.0
    assert np.array_equal(left_out, expected)


@pytest.mark.parametrize(
    "measure", [Measure("cosine", over="whole"), Measure("cosine", 2, 5.0, "whole"), Measure("cosine")]
)
def test_any_number_of_threads_gives_the_same(
    rng: np.random.Generator, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, found = clicks(rng, 200, 50, 0.2, most=5), []
    for threads in ("1", "3"):
        monkeypatch.setenv("LONGTAIL_THREADS", threads)
        found.append(nearest_rows(rows, measure, 7))
    for part in ("indptr", "indices", "data"):
        assert np.array_equal(*(getattr(matrix, part) for matrix in found))


def test_rows_are_left_as_they_are_and_empty_ones_have_no_neighbors(rng: np.random.Generator) -> None:
    rows = clicks(rng, 30, 10, 0.3)
    before = rows.toarray()
    for name, over in itertools.product(MEASURES, ("common", "whole")):
        found = nearest_rows(rows, Measure(name, over=over), 3)  # type: ignore[arg-type]
        assert not found[[5]].nnz
        assert 5 not in found.indices
    assert np.array_equal(rows.toarray(), before)
    assert nearest_rows(rows[:0], Measure("jaccard"), 3, by_column=rows.T.tocsr()).shape == (0, 30)


def test_what_cannot_be_is_refused(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = clicks(rng, 30, 10, 0.3)
    with pytest.raises(ConfigError, match="k must be a whole number of at least 1"):
        nearest_rows(rows, Measure("jaccard"), 0)
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", str(12 * 30 * 4))
    nearest_rows(rows, Measure("jaccard"), 4)
    with pytest.raises(MemoryBudgetError, match="keeping 5 neighbors of each of 30 rows"):
        nearest_rows(rows, Measure("jaccard"), 5)
