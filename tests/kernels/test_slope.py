"""Differences of items and the estimates from them against the formulas, pair by pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from longtail.kernels.slope import differences, slope_one, slope_one_pairs
from longtail.kernels.votes import votes

Table = Any


@pytest.fixture
def ratings(rng: np.random.Generator) -> Table:
    """(30, 12) half stars, many missing; user 4 rated nothing, item 3 is unrated, item 5 by one user only."""
    table = rng.integers(1, 11, (30, 12)) / 2
    table[rng.random(table.shape) < 0.7] = np.nan
    table[4], table[:, 3], table[:, 5] = np.nan, np.nan, np.nan
    table[7, 5] = 4.0
    return table


def stored(table: Table) -> sparse.csr_array:
    users, items = np.nonzero(~np.isnan(table))
    return sparse.csr_array((table[users, items].astype(np.float32), (users, items)), shape=table.shape)


def tables(rows: sparse.csr_array) -> tuple[Any, Any]:
    n = rows.shape[1]
    sums, counts = np.full((n, n), 9, np.float32), np.full((n, n), 9, np.float32)
    differences(rows, rows.T.tocsr(), np.arange(n, dtype=np.int32), sums, counts)
    return sums, counts


def estimate(table: Table, user: int, item: int, weighted: bool) -> float:
    """Lemire and Maclachlan's formulas, read out loud."""
    rated, total, mass = np.flatnonzero(~np.isnan(table[user])), 0.0, 0.0
    for other in rated:
        both = ~np.isnan(table[:, item]) & ~np.isnan(table[:, other])
        if other != item and both.any():
            deviation = np.mean(table[both, item] - table[both, other])
            weight = both.sum() if weighted else 1
            total += weight * (deviation + (table[user, other] if weighted else np.mean(table[user, rated])))
            mass += weight
    return total / mass if mass else np.nan


def test_differences(ratings: Table) -> None:
    sums, counts = tables(stored(ratings))
    known = (~np.isnan(ratings)).astype(int)
    expected = known.T @ known
    np.fill_diagonal(expected, 0)
    assert np.array_equal(counts, expected)
    for j, i in np.ndindex(sums.shape):
        assert sums[j, i] == np.nansum(ratings[:, i] - ratings[:, j])


@pytest.mark.parametrize("weighted", [False, True])
def test_estimates(ratings: Table, weighted: bool) -> None:
    rows = stored(ratings)
    sums, counts = tables(rows)
    expected = np.array([[estimate(ratings, u, i, weighted) for i in range(12)] for u in range(30)])
    found = slope_one(rows, sums, counts, weighted)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    users, items = (index.ravel().astype(np.int32) for index in np.indices(ratings.shape))
    pairs = slope_one_pairs(rows, users, items, sums, counts, weighted)
    np.testing.assert_allclose(pairs.reshape(ratings.shape), expected, rtol=1e-5)
    assert np.isnan(expected[:, 3]).all()
    assert np.isfinite(expected).sum() > 200


def test_what_changed_is_written_anew(ratings: Table) -> None:
    sums, counts = tables(stored(ratings))
    ratings[[2, 9, 9], [6, 6, 3]] = 1.5
    rows = stored(ratings)
    differences(rows, rows.T.tocsr(), np.array([3, 6], dtype=np.int32), sums, counts)
    for changed, fresh in zip((sums, counts), tables(rows), strict=True):
        assert np.array_equal(changed, fresh)


def test_any_number_of_threads_gives_the_same(ratings: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, found = stored(ratings), []
    for threads in ("1", "3"):
        monkeypatch.setenv("LONGTAIL_THREADS", threads)
        found.append(slope_one(rows, *tables(rows), True))
    np.testing.assert_array_equal(*found)


def test_votes_are_a_product(rng: np.random.Generator) -> None:
    rows, ballots = (np.where(rng.random(shape) < 0.2, rng.random(shape), 0.0) for shape in ((9, 20), (20, 15)))
    rows[3] = 0.0
    found = votes(sparse.csr_array(rows), sparse.csr_array(ballots))
    assert np.array_equal(np.isneginf(found), rows @ ballots == 0)
    np.testing.assert_allclose(np.where(np.isneginf(found), 0, found), rows @ ballots, rtol=1e-5)
    assert np.isneginf(found[3]).all()
