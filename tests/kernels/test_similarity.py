"""Similarities of rows against a twin that compares two rows at a time, straight from the definitions."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from scipy import sparse

from longtail.errors import MemoryBudgetError
from longtail.kernels import similarity
from longtail.kernels.similarity import Measure, Neighbors, Similarity, similar_rows, similarity_matrix

MEASURES = get_args(Similarity)
SYMMETRIC = [name for name in MEASURES if name != "conditional_probability"]


def cosine(x: Any, y: Any) -> float:
    sizes = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / sizes) if sizes else 0.0


def twin(x: Any, y: Any, measure: Measure) -> float:
    """The similarity of two rows with NaN where there is no rating."""
    both = ~np.isnan(x) & ~np.isnan(y)
    sizes, whole = ((~np.isnan(x)).sum(), (~np.isnan(y)).sum()), (np.nan_to_num(x), np.nan_to_num(y))
    x, y, n = x[both], y[both], int(both.sum())
    if n < max(measure.min_support, 2 if measure.name == "pearson_baseline" else 1):
        return 0.0
    free = int(measure.name == "pearson_baseline")
    part = (n - free) / (n - free + (measure.shrinkage or 0.0))
    if measure.name == "msd":
        return part / (1 + np.mean((x - y) ** 2))
    if measure.name in ("pearson", "spearman"):
        return 0.0 if np.ptp(x) == 0 or np.ptp(y) == 0 else part * cosine(x - x.mean(), y - y.mean())
    if measure.name == "jaccard":
        return part * n / (sizes[0] + sizes[1] - n)
    if measure.name == "conditional_probability":
        return part * n / (sizes[0] * sizes[1] ** measure.popularity)
    if measure.name == "dot":
        return part * (x @ y)
    return part * cosine(*(whole if measure.over == "whole" else (x, y)))


def table(ratings: Any, measure: Measure) -> Any:
    """(n, n) similarities by the twin, 0 on the diagonal and where they are not positive."""
    found = np.array([[twin(x, y, measure) for y in ratings] for x in ratings])
    np.fill_diagonal(found, 0.0)
    return np.maximum(found, 0.0)


def stored(ratings: Any) -> tuple[sparse.csr_array, sparse.csr_array]:
    """The rows as a sparse matrix, and its transpose; a rating of zero is stored."""
    users, items = np.nonzero(~np.isnan(ratings))
    values = ratings[users, items].astype(np.float32)
    rows = sparse.csr_array((values, (users, items)), shape=ratings.shape)
    columns = sparse.csr_array((values, (items, users)), shape=ratings.shape[::-1])
    return rows, columns


def dense(near: Neighbors) -> Any:
    found = np.zeros((len(near.starts), near.size))
    for row, (lo, hi) in enumerate(zip(near.starts, near.ends, strict=True)):
        assert len(set(near.indices[lo:hi].tolist())) == hi - lo
        found[row, near.indices[lo:hi]] = near.weights[lo:hi]
    return found


@pytest.fixture
def ratings(rng: np.random.Generator) -> Any:
    """(40, 25) ratings from -1 to 3 by halves, most missing; row 7 has none, rows 3 and 9 are constant."""
    values = rng.integers(-2, 7, (40, 25)) / 2
    values[[3, 9]] = 2.5
    values[rng.random(values.shape) < 0.6] = np.nan
    values[7] = np.nan
    return values


@pytest.mark.parametrize("min_support", [1, 3])
@pytest.mark.parametrize("shrinkage", [0.0, 7.0])
@pytest.mark.parametrize(("name", "over"), [*((name, "common") for name in MEASURES), ("cosine", "whole")])
def test_agrees_with_the_definition(
    ratings: Any, name: Similarity, over: Any, min_support: int, shrinkage: float
) -> None:
    measure = Measure(name, min_support, shrinkage, over)
    expected = table(ratings, measure)
    found = similarity_matrix(*stored(ratings), measure)
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-12)
    assert found.nnz == (expected > 1e-12).sum() > 100
    assert found.data.min() > 0.0


def test_support_drops_pairs_with_too_few_columns_in_common(ratings: Any) -> None:
    known = (~np.isnan(ratings)).astype(int)
    common = known @ known.T
    loose, strict = (similarity_matrix(*stored(ratings), Measure("msd", support)).toarray() for support in (1, 4))
    assert ((strict > 0) == (loose > 0) & (common >= 4)).all()
    assert (strict > 0).sum() < (loose > 0).sum()


def test_one_common_column_says_nothing_about_a_correlation() -> None:
    pair = stored(np.array([[1.0, 2.0, np.nan], [1.0, np.nan, 3.0]]))
    assert similarity_matrix(*pair, Measure("pearson_baseline", 1, 0.0)).nnz == 0
    assert similarity_matrix(*pair, Measure("pearson", 1)).nnz == 0
    assert similarity_matrix(*pair, Measure("cosine", 1)).toarray().tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_shrinkage_halves_a_similarity_of_as_many_columns_and_one() -> None:
    pair = stored(np.array([[1.0, 2.0, -1.0, 3.0], [2.0, 1.0, -1.0, 2.0]]))
    full, half = (similarity_matrix(*pair, Measure("pearson_baseline", 1, by))[0, 1] for by in (0.0, 3.0))
    assert full == pytest.approx(11 / np.sqrt(15 * 10))
    assert half == pytest.approx(full / 2)


def test_negative_similarities_are_not_kept() -> None:
    opposite = stored(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    assert similarity_matrix(*opposite, Measure("pearson")).nnz == 0
    assert similarity_matrix(*opposite, Measure("cosine")).nnz == 2
    residuals = stored(np.array([[1.0, -2.0], [-1.0, 2.0]]))
    assert similarity_matrix(*residuals, Measure("pearson_baseline")).nnz == 0


@pytest.mark.parametrize("value", [0.0, 3.3, -4.1, 1000.1])
def test_a_constant_row_correlates_with_nobody(rng: np.random.Generator, value: float) -> None:
    """Whatever rounding leaves of its spread: 3.3 is no binary fraction, so n sum x^2 - (sum x)^2 is not quite 0."""
    others = rng.normal(size=(5, 11))
    found = similarity_matrix(*stored(np.vstack([np.full(11, value), others])), Measure("pearson"))
    assert not found[[0]].nnz
    assert found.nnz


def test_a_small_spread_is_a_spread() -> None:
    found = similarity_matrix(*stored(np.array([[1000.0, 1000.5, 1001.0], [1.0, 2.0, 3.0]])), Measure("pearson"))
    assert found[0, 1] == pytest.approx(1.0)


def test_ratings_that_are_all_zero_have_no_cosine_but_a_difference() -> None:
    pair = stored(np.array([[0.0, 0.0], [0.0, 1.0]]))
    assert similarity_matrix(*pair, Measure("cosine")).nnz == 0
    assert similarity_matrix(*pair, Measure("msd"))[0, 1] == pytest.approx(1 / 1.5)


def test_leaves_out_the_row_named(ratings: Any) -> None:
    rows, columns = stored(ratings)
    measure, some = Measure("msd"), [4, 7, 11]
    own = np.array([4, -1, 30], dtype=np.int32)
    everyone = dense(similar_rows(rows[some], columns, measure))
    left_out = dense(similar_rows(rows[some], columns, measure, leave_out=own))
    assert everyone[0, 4] == everyone[2, 11] == 1.0
    expected = everyone.copy()
    expected[[0, 2], [4, 30]] = 0.0
    assert np.array_equal(left_out, expected)


def test_empty_rows_have_no_neighbors_and_are_nobodys(ratings: Any) -> None:
    found = similarity_matrix(*stored(ratings), Measure("msd"))
    assert not found[[7]].nnz
    assert 7 not in found.indices
    nothing = stored(np.full((3, 2), np.nan))
    assert similarity_matrix(*nothing, Measure("cosine")).shape == (3, 3)
    assert similarity_matrix(*nothing, Measure("cosine")).nnz == 0


@pytest.mark.parametrize("name", SYMMETRIC)
def test_is_symmetric(ratings: Any, name: Similarity) -> None:
    found = similarity_matrix(*stored(ratings), Measure(name, 2, 10.0)).toarray()
    assert np.array_equal(found, found.T)


@pytest.mark.parametrize("name", MEASURES)
def test_the_matrix_is_the_rows_whatever_the_blocks(
    ratings: Any, name: Similarity, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, columns = stored(ratings)
    measure = Measure(name, 2, 10.0)
    expected = dense(similar_rows(rows, columns, measure, leave_out=np.arange(40, dtype=np.int32)))
    assert expected.any()
    for bytes_ in (1, 12 * 40 * 7, 2**23):
        monkeypatch.setattr(similarity, "BLOCK_BYTES", bytes_)
        assert np.array_equal(similarity_matrix(rows, columns, measure).toarray(), expected)


@pytest.mark.parametrize("name", MEASURES)
def test_any_number_of_threads_gives_the_same(ratings: Any, name: Similarity, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("LONGTAIL_THREADS", threads)
        found.append(similarity_matrix(*stored(ratings), Measure(name)))
    for part in ("indptr", "indices", "data"):
        assert np.array_equal(*(getattr(matrix, part) for matrix in found))


def test_too_many_similarities_are_refused_with_their_size(ratings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = 12 * 3 * similarity_matrix(*stored(ratings), Measure("msd")).nnz // 2  # half of them are found first
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", str(needed))
    similarity_matrix(*stored(ratings), Measure("msd"))
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", str(needed - 1))
    with pytest.raises(MemoryBudgetError, match="storing the similarities of 40 rows needs"):
        similarity_matrix(*stored(ratings), Measure("msd"))


def test_neighbors_of_a_stored_matrix(ratings: Any) -> None:
    matrix = similarity_matrix(*stored(ratings), Measure("cosine"))
    near = Neighbors.of(matrix)
    assert np.array_equal(dense(near), matrix.toarray())
    assert np.array_equal(dense(near.take(5, 9)), matrix.toarray()[5:9])


def test_nearest_first_sorts_each_row(ratings: Any) -> None:
    rows, columns = stored(ratings)
    near = similar_rows(rows, columns, Measure("msd")).take(3, 30)
    ordered = near.nearest_first()
    assert np.array_equal(dense(ordered), dense(near))
    assert len(ordered.weights) == ordered.ends[-1]
    for lo, hi in zip(ordered.starts, ordered.ends, strict=True):
        assert (np.diff(ordered.weights[lo:hi]) <= 0).all()
