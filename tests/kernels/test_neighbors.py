"""Weighted means over the nearest neighbors against a twin that sorts, cuts and averages one list at a time."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from longtail.kernels.neighbors import _cut, nearest_means, nearest_means_of_pairs
from longtail.kernels.similarity import Neighbors

TIED = np.array([0.0, 0.0, 0.25, 0.5, 0.5, 1.0])


def mean_of(similar: Any, owners: Any, values: Any, k: int, min_neighbors: int, damping: float) -> float:
    """One list: its similar entries by (-similarity, place), the first k, their damped weighted mean."""
    near = sorted((-similar[owner], place) for place, owner in enumerate(owners) if similar[owner] > 0)[:k]
    if len(near) < min_neighbors:
        return np.nan
    return sum(-weight * values[place] for weight, place in near) / (damping - sum(weight for weight, _ in near))


def twin(similar: Any, lists: sparse.csr_array, *rule: Any) -> Any:
    spans = [slice(lo, hi) for lo, hi in itertools.pairwise(lists.indptr)]
    return np.array([[mean_of(row, lists.indices[at], lists.data[at], *rule) for at in spans] for row in similar])


def shuffled_lists(rng: np.random.Generator, m: int, size: int, share: float) -> sparse.csr_array:
    """m lists of owners in no order, with values; about the `share` of the owners in each."""
    owners = [rng.permutation(size)[: rng.binomial(size, share)] for _ in range(m)]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in owners])]).astype(np.int32)
    indices = np.concatenate(owners).astype(np.int32)
    return sparse.csr_array((rng.normal(size=len(indices)).astype(np.float32), indices, indptr), shape=(m, size))


def pairwise(similar: Any, lists: sparse.csr_array, *rule: Any) -> Any:
    """The whole table, asked for pair by pair."""
    n, m = len(similar), lists.shape[0]
    rows, targets = np.divmod(np.arange(n * m, dtype=np.int32), np.int32(m))
    return nearest_means_of_pairs(near(similar), lists, rows, targets, *rule).reshape(n, m)


def near(similar: Any) -> Neighbors:
    return Neighbors.of(sparse.csr_array(similar))


@pytest.fixture
def similar(rng: np.random.Generator) -> Any:
    """(100, 30) similarities of four different values; row 5 has no neighbors."""
    found = rng.choice(TIED, (100, 30))
    found[5] = 0.0
    return found


@pytest.fixture
def lists(rng: np.random.Generator) -> sparse.csr_array:
    return shuffled_lists(rng, 20, 30, 0.5)


@pytest.mark.parametrize(
    ("k", "min_neighbors", "damping"), [(1, 1, 0.0), (3, 1, 0.0), (4, 3, 1.5), (8, 8, 0.1), (50, 1, 0.0), (50, 12, 2.0)]
)
def test_agree_with_the_twin(similar: Any, lists: Any, k: int, min_neighbors: int, damping: float) -> None:
    expected = twin(similar, lists, k, min_neighbors, damping)
    assert np.isnan(expected[5]).all()
    assert np.isfinite(expected).sum() > 50
    for found in (nearest_means, pairwise):
        given_ = near(similar) if found is nearest_means else similar
        np.testing.assert_allclose(found(given_, lists, k, min_neighbors, damping), expected, rtol=1e-5, atol=1e-6)


def test_ties_at_the_cut_go_to_those_that_stand_first() -> None:
    similar = np.array([[0.5, 0.5, 0.5, 0.9, 0.0]])
    indices = np.array([4, 2, 0, 3, 1, 1, 0, 2], dtype=np.int32)  # one list 4 2 0 3 1, another 1 0 2
    values = np.array([100, 1, 2, 4, 8, 16, 32, 64], dtype=np.float32)
    lists = sparse.csr_array((values, indices, np.array([0, 5, 8], dtype=np.int32)), shape=(2, 5))
    expected = [[(0.9 * 4 + 0.5 * 1) / 1.4, (16 + 32) / 2]]
    assert nearest_means(near(similar), lists, 2, 1, 0.0) == pytest.approx(np.array(expected))
    assert pairwise(similar, lists, 2, 1, 0.0) == pytest.approx(np.array(expected))


def test_neighbors_that_differ_by_one_rounding_do_not_tie() -> None:
    low = 0.3
    high = np.nextafter(low, 1.0)
    lists = sparse.csr_array(np.array([[1, 2, 4, 8]], dtype=np.float32))
    for weights, expected in (([low, low, high, high], 6.0), ([low, high, low, low], 1.5), ([high] * 4, 1.5)):
        similar = np.array([weights])
        assert nearest_means(near(similar), lists, 2, 1, 0.0)[0, 0] == pytest.approx(expected)
        assert pairwise(similar, lists, 2, 1, 0.0)[0, 0] == pytest.approx(expected)


def test_damping_draws_to_zero_and_few_neighbors_say_nothing() -> None:
    similar = np.array([[0.5, 0.25, 0.0]])
    lists = sparse.csr_array(np.array([[4.0, 4.0, 9.0], [4.0, 0.0, 9.0]], dtype=np.float32))
    assert nearest_means(near(similar), lists, 5, 1, 0.25)[0] == pytest.approx([3.0, 2.0 / 0.75])
    assert nearest_means(near(similar), lists, 5, 2, 0.25)[0] == pytest.approx([3.0, np.nan], nan_ok=True)
    assert np.isnan(nearest_means(near(similar), lists, 5, 3, 0.25)).all()


def test_only_those_that_count_are_counted() -> None:
    similar, lists = np.array([[0.5, 0.25, 0.1]]), sparse.csr_array(np.ones((1, 3), dtype=np.float32))
    assert np.isnan(nearest_means(near(similar), lists, 2, 3, 0.0)).all()
    assert np.isnan(pairwise(similar, lists, 2, 3, 0.0)).all()


def test_empty_lists_have_no_mean(similar: Any) -> None:
    nothing = sparse.csr_array((4, 30), dtype=np.float32)
    assert np.isnan(nearest_means(near(similar), nothing, 3, 1, 1.0)).all()
    assert np.isnan(pairwise(similar, nothing, 3, 1, 1.0)).all()


def test_only_the_pairs_asked_for(similar: Any, lists: Any) -> None:
    rows = np.array([0, 3, 3, 3, 5, 99], dtype=np.int32)
    targets = np.array([7, 0, 19, 0, 2, 1], dtype=np.int32)
    found = nearest_means_of_pairs(near(similar), lists, rows, targets, 3, 1, 0.5)
    expected = twin(similar, lists, 3, 1, 0.5)[rows, targets]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    none = np.empty(0, dtype=np.int32)
    assert nearest_means_of_pairs(near(similar), lists, none, none, 3, 1, 0.5).shape == (0,)


def test_by_list_is_the_transpose(similar: Any, lists: Any) -> None:
    table = nearest_means(near(similar), lists, 3, 2, 0.5)
    turned = nearest_means(near(similar), lists, 3, 2, 0.5, by_list=True)
    assert turned.shape == (20, 100)
    np.testing.assert_array_equal(turned, table.T)
    assert turned.flags.c_contiguous


def test_any_number_of_threads_gives_the_same(similar: Any, lists: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("LONGTAIL_THREADS", threads)
        found.append((nearest_means(near(similar), lists, 3, 1, 0.5), pairwise(similar, lists, 3, 1, 0.5)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    shape=st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 12)),
    rule=st.tuples(st.integers(1, 14), st.integers(1, 4), st.sampled_from([0.0, 0.5, 10.0])),
    tied=st.booleans(),
)
def test_the_table_and_its_pairs_agree(seed: int, shape: Any, rule: Any, tied: bool) -> None:
    n, m, size = shape
    rng = np.random.default_rng(seed)
    similar = rng.choice(TIED, (n, size)) if tied else rng.random((n, size)) * (rng.random((n, size)) < 0.7)
    lists = shuffled_lists(rng, m, size, 0.6)
    table = nearest_means(near(similar), lists, *rule)
    np.testing.assert_allclose(table, pairwise(similar, lists, *rule), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(table, twin(similar, lists, *rule), rtol=1e-5, atol=1e-6)


def cut_is_right(numbers: Any, k: int) -> bool:
    threshold, ties = _cut(np.asarray(numbers, dtype=np.float64), k)
    ordered = np.sort(numbers)[::-1]
    kth_is_kept = ordered[k - 1] == threshold if ties else ordered[k - 1] > threshold >= ordered[k]
    return bool((ordered > threshold).sum() + ties == k and kth_is_kept)


STEPS = 0.3 + np.arange(4) * np.spacing(0.3)  # four numbers with none between


@settings(max_examples=200, deadline=None)
@given(numbers=st.lists(st.sampled_from([*STEPS, 1e-300, 0.1, 0.9, 1.0]), min_size=2, max_size=12), data=st.data())
def test_the_cut_is_at_the_kth_largest(numbers: list[float], data: Any) -> None:
    assert cut_is_right(numbers, data.draw(st.integers(1, len(numbers) - 1)))


def test_the_cut_of_adjacent_and_of_equal_numbers() -> None:
    for low, high in itertools.pairwise(STEPS):
        for numbers in ([low, high], [high, low], [low, high, high], [low, low, high], [high, low, high, low]):
            assert all(cut_is_right(numbers, k) for k in range(1, len(numbers)))
    assert _cut(np.full(5, 0.7), 3) == (0.7, 3)
