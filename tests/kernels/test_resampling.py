"""Sums over users drawn anew: against plain loops over the same draws, and the laws the draws must follow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from longtail.kernels.resampling import flipped_sums, resampled_sums

MASK = (1 << 64) - 1


def mixed(key: int, count: int) -> int:
    """SplitMix64, in Python's own integers."""
    z = (key + count * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def twin(columns: np.ndarray, repeats: int, key: int, kind: str) -> np.ndarray:
    n, rows = len(columns), []
    for repeat in range(repeats):
        stream = mixed(key, repeat)
        if kind == "resampled":
            drawn = [(mixed(stream, step) >> 32) * n >> 32 for step in range(n)]
            rows.append(columns[drawn].sum(axis=0))
        else:
            signs = [1 - 2 * (mixed(stream, row - row % 64) >> row % 64 & 1) for row in range(n)]
            rows.append((columns * np.array(signs)[:, None]).sum(axis=0))
    return np.array(rows)


@pytest.mark.parametrize("n", [1, 5, 64, 150])
@pytest.mark.parametrize(("kind", "sums"), [("resampled", resampled_sums), ("flipped", flipped_sums)])
def test_sums_are_those_of_the_twin(n: int, kind: str, sums) -> None:
    columns = np.random.default_rng(n).normal(size=(n, 3))
    assert np.allclose(sums(columns, 70, 12345), twin(columns, 70, 12345, kind))


@pytest.mark.parametrize("sums", [resampled_sums, flipped_sums])
def test_threads_and_the_number_of_columns_change_nothing(sums, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = np.random.default_rng(0).integers(0, 5, size=(300, 4)).astype(float)
    made = []
    for count in ("1", "3"):
        monkeypatch.setenv("LONGTAIL_THREADS", count)
        made.append(sums(columns, 500, 7))
    assert np.array_equal(*made)
    assert np.array_equal(sums(columns[:, :1], 500, 7), made[0][:, :1])


def test_every_row_is_as_likely_as_another() -> None:
    counts = resampled_sums(np.eye(10), 4_000, 3).sum(axis=0)
    assert chisquare(counts).pvalue > 0.001
    variance = resampled_sums(np.eye(10), 4_000, 4).var(axis=0)
    assert np.allclose(variance, 0.9, rtol=0.15)  # of a multinomial: n p (1 - p)


def test_signs_are_fair_and_independent() -> None:
    signs = flipped_sums(np.eye(70), 4_000, 5)
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert np.abs(signs.mean(axis=0)).max() < 5 / np.sqrt(4_000)
    correlation = signs.T @ signs / 4_000 - np.eye(70)
    assert np.abs(correlation).max() < 5.5 / np.sqrt(4_000)
