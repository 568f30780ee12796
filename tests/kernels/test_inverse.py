"""The inverse in place, and what EASE makes of it, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from longtail.kernels import inverse as inverse_module
from longtail.kernels.inverse import inverse, without_diagonal


def positive(rng: Any, size: int, dtype: Any) -> Any:
    X = rng.normal(size=(2 * size, size))
    return (X.T @ X + np.eye(size)).astype(dtype)


@pytest.mark.parametrize("size", [1, 64, 131])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inverse_takes_the_place_of_the_upper_triangle(rng: Any, size: int, dtype: Any) -> None:
    matrix = positive(rng, size, dtype)
    expected, given = np.linalg.inv(matrix.astype(np.float64)), np.triu(matrix)
    found = inverse(given)
    assert found is not None
    assert np.shares_memory(found, given)
    assert np.allclose(np.triu(found), np.triu(expected), atol=1e-5)


def test_what_has_no_inverse() -> None:
    assert inverse(np.ones((3, 3), dtype=np.float32)) is None
    assert inverse(-np.eye(3)) is None


@pytest.mark.parametrize("size", [1, 64, 131])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_without_diagonal(rng: Any, size: int, dtype: Any) -> None:
    P = positive(rng, size, dtype)
    expected = -P / np.diagonal(P)
    np.fill_diagonal(expected, 0.0)
    given = np.triu(P)
    found = without_diagonal(given)
    assert found.dtype == np.float32
    assert np.shares_memory(found, given) == (dtype == np.float32)
    assert np.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("block", [1, 7, 64])
def test_large_matrices_are_swept_block_by_block(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    A = rng.normal(size=(80, 50))
    M = A.T @ A + np.eye(50)
    monkeypatch.setattr(inverse_module, "LARGEST", 10)
    monkeypatch.setattr(inverse_module, "BLOCK", block)
    given = np.triu(M)  # only the upper triangle is read
    found = inverse(given)
    assert found is given
    assert np.allclose(np.triu(found), np.triu(np.linalg.inv(M)), atol=1e-10)
    M[30] = M[:, 30] = 0.0
    assert inverse(M) is None
