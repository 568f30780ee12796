"""Products of sparse matrices, and the choice of the largest values, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from longtail.kernels.largest import keep_largest, kth_largest
from longtail.kernels.products import REUSE, times_dense, times_sparse, top_products
from longtail.kernels.walks import transitions

some_values = st.lists(st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0]), min_size=1, max_size=40)


def random_rows(rng: Any, shape: tuple[int, int], density: float = 0.2) -> sparse.csr_array:
    dense = np.where(rng.random(shape) < density, rng.random(shape), 0.0)
    return sparse.csr_array(dense.astype(np.float32))


@settings(deadline=None)
@given(some_values, st.data())
def test_kth_largest(values: list[float], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(values)))
    array = np.array(values, dtype=np.float32)
    assert kth_largest(array, k) == sorted(values, reverse=True)[k - 1]
    assert array.tolist() == values


@settings(deadline=None)
@given(some_values, st.integers(1, 45))
def test_keep_largest_takes_the_first_of_equals(values: list[float], width: int) -> None:
    reached = np.arange(len(values), dtype=np.int64) * 3
    found, strength = np.full(width, -1, np.int32), np.zeros(width, np.float32)
    count = keep_largest(reached, np.array(values, np.float32), found, strength, width)
    best = sorted(sorted(range(len(values)), key=lambda at: (-values[at], at))[:width])
    assert count == len(best)
    assert found[:count].tolist() == [3 * at for at in best]
    assert strength[:count].tolist() == [values[at] for at in best]


def test_nothing_to_keep() -> None:
    none = np.empty(0, np.float32)
    assert keep_largest(none.astype(np.int64), none, np.empty(3, np.int32), np.empty(3, np.float32), 3) == 0


@pytest.mark.parametrize("n_rows", [1, 2000])
def test_times_dense(rng: Any, n_rows: int) -> None:
    rows, matrix = random_rows(rng, (n_rows, 60)), rng.normal(size=(60, 300)).astype(np.float32)
    assert (rows.nnz < REUSE * 60) == (n_rows == 1)  # one of each way
    assert np.allclose(times_dense(rows, matrix), rows.toarray() @ matrix, atol=1e-5)


def test_rows_alone_are_as_among_many(rng: Any) -> None:
    rows, matrix = random_rows(rng, (500, 60)), rng.normal(size=(60, 130)).astype(np.float32)
    together = times_dense(rows, matrix)
    assert np.allclose(np.concatenate([times_dense(rows[[at]], matrix) for at in range(500)]), together, atol=1e-6)


def test_times_sparse(rng: Any) -> None:
    rows, matrix = random_rows(rng, (50, 60), 0.05), random_rows(rng, (60, 80), 0.05)
    rows.data[::3] = 0.0
    reached = (rows.toarray() != 0).astype(int) @ (matrix.toarray() != 0) > 0
    expected = np.where(reached, rows.toarray() @ matrix.toarray(), -np.inf)
    assert reached.any()
    assert not reached.all()
    assert np.allclose(times_sparse(rows, matrix), expected)


@pytest.mark.parametrize("k", [1, 5, 100])
def test_top_products(rng: Any, k: int) -> None:
    first, second = random_rows(rng, (40, 30), 0.1), random_rows(rng, (30, 40), 0.1)
    first.data[:] = second.data[:] = 1.0  # ties
    scale = rng.integers(1, 3, size=40).astype(np.float64)
    product = first.toarray() @ second.toarray() * scale
    np.fill_diagonal(product, 0.0)
    order = np.argsort(-product, axis=1, kind="stable")[:, :k]
    expected = np.zeros_like(product)
    np.put_along_axis(expected, order, np.take_along_axis(product, order, axis=1), axis=1)
    found = top_products(first, second, scale, k)
    assert found.has_sorted_indices
    assert (found.data > 0).all()
    assert np.array_equal(found.toarray(), expected.astype(np.float32))


def test_transitions_take_no_step_along_what_is_not_positive() -> None:
    weights = sparse.csr_array(np.array([[2.0, -1.0, 2.0], [-3.0, 0.0, 0.0]], dtype=np.float32))
    weights.data[2] = 0.0
    for alpha in (0.0, 0.5, 1.0, 2.0):
        assert transitions(weights, alpha).toarray().tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_transitions_are_probabilities_to_a_power(rng: Any) -> None:
    weights = random_rows(rng, (20, 30), 0.4)
    dense = weights.toarray().astype(np.float64)
    probabilities = dense / dense.sum(axis=1, keepdims=True)
    assert np.allclose(transitions(weights, 1.7).toarray(), probabilities**1.7, rtol=1e-5)
