import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from longtail.kernels import pairs


def some_ratings(rng: np.random.Generator, n_users: int = 40, n_items: int = 12) -> sparse.csc_array:
    dense = np.where(rng.random((n_users, n_items)) < 0.3, rng.integers(1, 11, (n_users, n_items)) / 2, 0.0)
    dense[:, 3] = 0.0  # an item nobody rated
    return sparse.csc_array(dense.astype(np.float32))


def plain_sums(columns: sparse.csc_array, a: int, b: int) -> list[float]:
    dense = columns.toarray().astype(np.float64)
    both = (dense[:, a] != 0) & (dense[:, b] != 0)
    x, y = dense[both, a], dense[both, b]
    return [(x * y).sum(), np.sqrt((x * x).sum() * (y * y).sum()), both.sum()]


@pytest.mark.parametrize("threads", ["1", "3"])
def test_common_rater_sums(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, threads: str) -> None:
    monkeypatch.setenv("LONGTAIL_THREADS", threads)
    columns = some_ratings(rng)
    a, b = rng.integers(0, 12, (2, 200))
    sums = pairs.common_rater_sums(columns, a, b)
    np.testing.assert_allclose(sums, [plain_sums(columns, *pair) for pair in zip(a, b, strict=True)], rtol=1e-12)
    assert (sums[:, 2] > 0).any()


def test_a_stored_rating_of_zero_is_a_rating() -> None:
    columns = sparse.csc_array((np.array([0.0, 2.0], np.float32), ([0, 0], [0, 1])), shape=(1, 2))
    assert pairs.common_rater_sums(columns, np.array([0]), np.array([1])).tolist() == [[0.0, 0.0, 1.0]]


def test_no_pairs() -> None:
    nothing = np.empty(0, dtype=np.int64)
    assert pairs.common_rater_sums(some_ratings(np.random.default_rng(0)), nothing, nothing).shape == (0, 3)


@st.composite
def lists(draw: st.DrawFn) -> np.ndarray:
    n = draw(st.integers(0, 5))
    rows = draw(st.lists(st.lists(st.integers(0, 6), max_size=n), max_size=6))
    return np.array([row + [-1] * (n - len(row)) for row in rows], dtype=np.int32).reshape(len(rows), n)


def plain_pairs(items: np.ndarray) -> list[list[tuple[int, int]]]:
    """Of each list, all pairs (low, high)."""
    filled = [[item for item in row if item >= 0] for row in items.tolist()]
    return [[(min(pair), max(pair)) for pair in itertools.combinations(row, 2)] for row in filled]


@settings(max_examples=150, deadline=None)
@given(items=lists())
def test_distinct_pairs_and_their_sums_over_lists(items: np.ndarray) -> None:
    expected = plain_pairs(items)
    keys = pairs.distinct_pairs(items, n_items=7)
    assert keys.tolist() == sorted({low * 7 + high for row in expected for low, high in row})
    values = np.sqrt(keys + 1.0)
    sums = pairs.list_pair_sums(items, keys, values, n_items=7)
    assert sums == pytest.approx([sum((low * 7 + high + 1.0) ** 0.5 for low, high in row) for row in expected])


def test_lists_in_blocks_and_on_any_number_of_threads(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = rng.integers(-1, 30, (100, 6)).astype(np.int32)
    keys = pairs.distinct_pairs(items, 30)
    values = rng.random(len(keys))
    sums = pairs.list_pair_sums(items, keys, values, 30)
    monkeypatch.setattr(pairs, "PAIRS_AT_ONCE", 50)
    monkeypatch.setenv("LONGTAIL_THREADS", "5")
    assert pairs.distinct_pairs(items, 30).tolist() == keys.tolist()
    assert pairs.list_pair_sums(items, keys, values, 30).tolist() == sums.tolist()


def test_a_similarity_that_is_nan_stays_nan_where_it_is_used() -> None:
    items = np.array([[0, 1], [0, 2]], dtype=np.int32)
    sums = pairs.list_pair_sums(items, pairs.distinct_pairs(items, 3), np.array([np.nan, 0.5]), 3)
    assert np.isnan(sums[0])
    assert sums[1] == 0.5
