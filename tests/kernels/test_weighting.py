"""TF-IDF and BM25 against the formulas, one cell at a time."""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from longtail.kernels.weighting import Weights, bm25, idf, tfidf

COUNTS = np.array([[3, 0, 1, 0, 1], [0, 2, 1, 0, 1], [7, 0, 1, 0, 0], [0, 0, 1, 0, 0]], dtype=np.float32)
ROWS = sparse.csr_array(COUNTS)


def cells(formula: Any) -> Any:
    """A table with the formula of (value, rows that have the column, sum of the row) where there is a value."""
    met, lengths = (COUNTS > 0).sum(axis=0), COUNTS.sum(axis=1)
    found = np.zeros(COUNTS.shape)
    for row, column in np.argwhere(COUNTS):
        found[row, column] = formula(float(COUNTS[row, column]), int(met[column]), float(lengths[row]))
    return found


def test_idf() -> None:
    expected = [log(4 / 3), log(4 / 2), 0.0, log(4 / 1), log(4 / 3)]  # what all rows have says nothing
    assert idf(ROWS) == pytest.approx(expected)


def test_tfidf() -> None:
    expected = cells(lambda value, met, length: sqrt(value) * max(log(4 / (1 + met)), 0.0))
    assert tfidf(ROWS).toarray() == pytest.approx(expected, rel=1e-6)
    assert expected.any()


@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (100.0, 0.8), (2.0, 0.0), (0.5, 1.0)])
def test_bm25(k1: float, b: float) -> None:
    mean = COUNTS.sum() / 4

    def formula(value: float, met: int, length: float) -> float:
        return value * (k1 + 1) / (value + k1 * (1 - b + b * length / mean)) * max(log(4 / (1 + met)), 0.0)

    assert bm25(ROWS, k1=k1, b=b).toarray() == pytest.approx(cells(formula), rel=1e-6)


@pytest.mark.parametrize("b", [0.0, 0.75, 1.0])
def test_a_negative_value_counts_as_much_but_against(b: float) -> None:
    signs = np.where(np.arange(COUNTS.size).reshape(COUNTS.shape) % 2 == 0, 1, -1)
    mixed = sparse.csr_array(COUNTS * signs)
    assert bm25(mixed, b=b).toarray() == pytest.approx(bm25(ROWS, b=b).toarray() * signs)
    assert tfidf(mixed).toarray() == pytest.approx(tfidf(ROWS).toarray() * signs)
    assert (Weights.of(mixed, "bm25", b=b)(mixed).toarray() < 0).any()


@pytest.mark.parametrize("b", [0.0, 0.75, 1.0])
def test_a_stored_zero_weighs_nothing(b: float) -> None:
    zeros = sparse.csr_array(([0.0, 0.0, 2.0], ([0, 0, 1], [0, 1, 1])), shape=(4, 2), dtype=np.float32)
    assert zeros.nnz == 3
    for kind in ("tfidf", "bm25"):
        found = Weights.of(zeros, kind, b=b)(zeros).data  # type: ignore[arg-type]
        assert found[:2].tolist() == [0.0, 0.0]
        assert found[2] > 0


def test_others_are_weighed_by_what_was_learned() -> None:
    for kind, own in (("tfidf", tfidf(ROWS)), ("bm25", bm25(ROWS)), ("none", ROWS)):
        learned = Weights.of(ROWS, kind)  # type: ignore[arg-type]
        assert learned(ROWS[[2]]).toarray() == pytest.approx(own.toarray()[[2]])
        assert np.array_equal(learned(ROWS).toarray(), own.toarray())


def test_weighing_leaves_the_values_alone() -> None:
    before = ROWS.toarray()
    for weigh in (tfidf, bm25):
        weigh(ROWS).data[:] = 9.0
    assert np.array_equal(ROWS.toarray(), before)


def test_nothing_weighs_nothing() -> None:
    nothing = sparse.csr_array((3, 2), dtype=np.float32)
    for kind in ("none", "tfidf", "bm25"):
        assert Weights.of(nothing, kind)(nothing).nnz == 0  # type: ignore[arg-type]
        assert Weights.of(nothing[:0], kind)(nothing[:0]).shape == (0, 2)  # type: ignore[arg-type]
