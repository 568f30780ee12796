"""Inner products: as NumPy's, and the same bits however many are computed at once."""

from __future__ import annotations

import numpy as np
import pytest

from longtail.kernels.inner import inner_products


@pytest.mark.parametrize("shape", [(0, 3, 4), (1, 1, 1), (7, 5, 0), (40, 33, 19)])
def test_inner_products(rng: np.random.Generator, shape: tuple[int, int, int]) -> None:
    rows, columns, dimensions = shape
    left, right = rng.normal(size=(rows, dimensions)), rng.normal(size=(columns, dimensions))
    assert np.allclose(inner_products(left, right), left @ right.T)


def test_they_do_not_depend_on_company(rng: np.random.Generator) -> None:
    left, right = rng.normal(size=(50, 23)), rng.normal(size=(70, 23))
    together = inner_products(left, right)
    for row, column in ((0, 0), (17, 3), (49, 69)):
        assert inner_products(left[[row]], right[[column]])[0, 0] == together[row, column]
    assert np.array_equal(inner_products(left[3:9], right[5:]), together[3:9, 5:])
