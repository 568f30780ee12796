"""Top-k selection beside its NumPy twin: one stable sort of everything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from longtail.errors import ConfigError
from longtail.kernels import topk
from longtail.kernels.topk import LowRank, top_k

INF = np.float32(np.inf)


def twin(scores: Any, k: int, seen: Any, blocked: Any, floor: float) -> tuple[Any, Any]:
    """The k best of each row: what may not be listed becomes -inf, then a stable descending sort."""
    allowed = np.where(seen | blocked | ~(scores >= np.float32(floor)), -INF, scores)
    order = np.argsort(-allowed, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(allowed, order, axis=1)
    items = np.where(best > -INF, order, -1)
    short = ((0, 0), (0, k - items.shape[1]))
    return np.pad(items, short, constant_values=-1), np.pad(best, short, constant_values=-INF)


def indptr_indices(seen: Any) -> dict[str, Any]:
    return {
        "seen_indptr": np.concatenate([[0], np.cumsum(seen.sum(axis=1))]),
        "seen_indices": np.nonzero(seen)[1].astype(np.int32),
    }


VALUES = st.sampled_from([-np.inf, -1.0, 0.0, -0.0, 0.5, 1.0, 1.0000001, 3.0, np.inf, np.nan])


@st.composite
def worlds(draw: Any) -> dict[str, Any]:
    shape = draw(st.tuples(st.integers(0, 5), st.integers(1, 12)))
    return {
        "scores": draw(hnp.arrays(np.float32, shape, elements=VALUES.map(np.float32))),
        "k": draw(st.integers(1, 15)),
        "seen": draw(hnp.arrays(np.bool_, shape)),
        "blocked": draw(hnp.arrays(np.bool_, shape[1])),
        "floor": draw(st.sampled_from([-np.inf, 0.5, 1.0, np.inf])),
    }


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_dense_agrees_with_the_twin(world: dict[str, Any]) -> None:
    scores, k, seen, blocked, floor = world.values()
    items, best = top_k(scores, k, blocked=blocked, floor=floor, **indptr_indices(seen))
    expected_items, expected = twin(np.where(np.isnan(scores), -INF, scores), k, seen, blocked, floor)
    np.testing.assert_array_equal(items, expected_items)
    np.testing.assert_array_equal(best, expected)
    assert items.dtype == np.int32
    assert best.dtype == np.float32


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(0, 2**16))
def test_low_rank_agrees_with_dense_whole_numbers(rows: int, items: int, rank: int, seed: int) -> None:
    """With small whole numbers the products are exact, so that ties must fall the same way."""
    rng = np.random.default_rng(seed)
    left, right, offset = (
        rng.integers(-3, 4, size).astype(np.float32) for size in ((rows, rank), (items, rank), (items,))
    )
    offset[rng.random(items) < 0.2] = -np.inf
    seen, blocked = rng.random((rows, items)) < 0.3, rng.random(items) < 0.2
    scores = LowRank(left, right, offset)
    options = {"blocked": blocked, "floor": -2.0, **indptr_indices(seen)}
    for one, other in zip(top_k(scores, 4, **options), top_k(scores.dense(), 4, **options), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("many", [1, 10**9])
def test_more_rows_and_items_than_a_tile(many: int, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there are so many rows that a tile takes more of them."""
    monkeypatch.setattr(topk, "MANY_ROWS", many)
    rows, items, k = 2 * topk.USERS_TILE + 3, 2 * topk.ITEM_TILE + 5, 7
    left, right = rng.integers(-4, 5, (rows, 3)), rng.integers(-4, 5, (items, 3))
    scores = LowRank(left.astype(np.float32), right.astype(np.float32), np.arange(items, dtype=np.float32) % 3)
    seen, blocked = rng.random((rows, items)) < 0.05, rng.random(items) < 0.1
    found = top_k(scores, k, blocked=blocked, **indptr_indices(seen))
    for one, other in zip(found, twin(scores.dense(), k, seen, blocked, -np.inf), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("low_rank", [True, False])
def test_threads_change_nothing(low_rank: bool, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = (rng.normal(size=(n, 17)).astype(np.float32) for n in (300, 5000))
    scores: Any = LowRank(left, right, rng.normal(size=5000).astype(np.float32))
    scores = scores if low_rank else scores.dense()
    found = []
    for number in ("1", "3"):
        monkeypatch.setenv("LONGTAIL_THREADS", number)
        options = indptr_indices(np.zeros((300, 5000), dtype=np.bool_))
        found.append(top_k(scores, 10, blocked=np.zeros(5000, dtype=np.bool_), **options))
    for one, three in zip(*found, strict=True):
        np.testing.assert_array_equal(one, three)


def test_all_equal_scores_list_the_lowest_indices() -> None:
    seen = np.zeros((2, 6), dtype=np.bool_)
    seen[1, [0, 2]] = True
    scores = np.ones((2, 6), dtype=np.float32)
    items, _ = top_k(scores, 3, blocked=np.array([0, 1, 0, 0, 0, 0], dtype=np.bool_), **indptr_indices(seen))
    assert items.tolist() == [[0, 2, 3], [3, 4, 5]]


def test_minus_infinity_in_a_factor_is_not_listed_and_warns_of_nothing() -> None:
    left = np.array([[1.0, 0.0], [1.0, -np.inf]], dtype=np.float32)
    right = np.ones((150, 2), dtype=np.float32)
    scores = LowRank(left, right, np.where(np.arange(150) == 3, -INF, np.float32(0)))
    options = indptr_indices(np.zeros((2, 150), dtype=np.bool_))
    items, _ = top_k(scores, 5, blocked=np.zeros(150, dtype=np.bool_), **options)
    assert items.tolist() == [[0, 1, 2, 4, 5], [-1] * 5]
    assert scores.dense()[1].tolist() == [-np.inf] * 150


@pytest.mark.parametrize("k", [0, -1, 2.5, True])
def test_k_is_checked(k: Any) -> None:
    with pytest.raises(ConfigError, match="k must be a whole number"):
        top_k(np.ones((1, 2), np.float32), k, blocked=np.zeros(2, np.bool_), **indptr_indices(np.zeros((1, 2), bool)))


def test_scores_are_not_written_to(rng: np.random.Generator) -> None:
    scores = rng.normal(size=(4, 9)).astype(np.float32)
    scores.flags.writeable = False
    top_k(scores, 3, blocked=np.zeros(9, dtype=np.bool_), **indptr_indices(np.zeros((4, 9), dtype=np.bool_)))
