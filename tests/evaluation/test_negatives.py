"""Sampled negatives are unmet, distinct, as many as asked, drawn by their weights, and decided by the seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from longtail.errors import ConfigError, DataError
from longtail.evaluation import negatives
from longtail.types import AnyArray


def draw(met: AnyArray, n: int, weights: AnyArray, seed: int = 0) -> AnyArray:
    """(n_people, n_items) 1 where an item was drawn."""
    drawn = negatives.draw(sparse.csr_array(met.astype(np.float32)), n, weights, seed=seed)
    assert drawn.shape == (len(met), n)
    assert drawn.dtype == np.int32
    table = np.zeros(met.shape)
    for row, items in enumerate(drawn):
        there = items[items >= 0].tolist()
        assert there == sorted(set(there))
        assert items[len(there) :].tolist() == [-1] * (n - len(there))
        table[row, there] = 1
    return table


@given(st.integers(1, 12), st.integers(1, 15), st.integers(1, 20), st.integers(0, 9), st.floats(0, 1))
def test_nobody_is_shown_what_they_have_met(people: int, items: int, n: int, seed: int, density: float) -> None:
    rng = np.random.default_rng(seed)
    met = rng.random((people, items)) < density
    weights = rng.integers(0, 3, items)
    table = draw(met, n, weights, seed)
    assert not (table.astype(bool) & met).any()
    assert not table[:, weights == 0].any()
    assert table.sum(axis=1).tolist() == np.minimum(n, (~met & (weights > 0)).sum(axis=1)).tolist()
    assert np.array_equal(draw(met, n, weights, seed), table)


def test_a_stored_zero_is_met() -> None:
    met = sparse.csr_array((np.zeros(1, np.float32), np.array([1]), np.array([0, 1])), shape=(1, 3))
    assert negatives.draw(met, 3, np.ones(3)).tolist() == [[0, 2, -1]]


def test_the_first_draw_follows_the_weights() -> None:
    weights = np.array([1.0, 2.0, 5.0, 0.0, 8.0])
    people = 20_000
    counts = draw(np.zeros((people, 5)), 1, weights, seed=3).sum(axis=0)
    expected = people * weights / weights.sum()
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected + 1)).all()


def test_the_draw_does_not_depend_on_who_else_is_asked_in_other_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = draw(np.zeros((40, 30)), 5, np.ones(30), seed=1)
    assert len({tuple(row) for row in whole}) > 30
    other = draw(np.zeros((40, 30)), 5, np.ones(30), seed=2)
    assert not np.array_equal(whole, other)
    monkeypatch.setattr(negatives, "_CELLS", 300)  # ten people a block
    blocks = draw(np.zeros((40, 30)), 5, np.ones(30), seed=1)
    assert np.array_equal(blocks[:10], whole[:10])
    assert blocks.sum(axis=1).tolist() == [5.0] * 40
    assert len({tuple(row) for row in blocks}) > 30


def test_what_cannot_be_drawn() -> None:
    met = sparse.csr_array((2, 3), dtype=np.float32)
    with pytest.raises(ConfigError, match="sampled must be a whole number of at least 1, not 0"):
        negatives.draw(met, 0, np.ones(3))
    for wrong in (np.ones(2), np.array([1.0, -1.0, 1.0])):
        with pytest.raises(DataError, match="weights must be 3 numbers of at least 0"):
            negatives.draw(met, 1, wrong)
    assert negatives.draw(met[:0], 1, np.ones(3)).shape == (0, 1)
