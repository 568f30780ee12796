import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtail.kernels import list_pairs

N_ITEMS = 7


@st.composite
def lists(draw: st.DrawFn, n_items: int = N_ITEMS) -> np.ndarray:
    n = draw(st.integers(0, 5))
    rows = draw(st.lists(st.lists(st.integers(0, n_items - 1), max_size=n), max_size=6))
    return np.array([row + [-1] * (n - len(row)) for row in rows], dtype=np.int32).reshape(len(rows), n)


def filled(items: np.ndarray) -> list[list[int]]:
    return [[item for item in row if item >= 0] for row in items.tolist()]


class Asked:
    """A similarity that remembers what it was asked."""

    def __init__(self) -> None:
        self.pairs: list[tuple[int, int]] = []

    def __call__(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        self.pairs += zip(a.tolist(), b.tolist(), strict=True)
        return np.sqrt(a * 7.0 + b + 1.0)


@settings(max_examples=150, deadline=None)
@given(items=lists(), width=st.sampled_from([7, 10_000]))
def test_pair_sums_agree_with_a_plain_loop(items: np.ndarray, width: int) -> None:
    """With 7 items partners are read off marks, with 10,000 they are collected and sorted."""
    pairs = [[(min(pair), max(pair)) for pair in itertools.combinations(row, 2)] for row in filled(items)]
    asked = Asked()
    sums = list_pairs.list_pair_sums(items, width, asked)
    assert sums == pytest.approx([sum((low * 7 + high + 1.0) ** 0.5 for low, high in row) for row in pairs])
    assert asked.pairs == sorted({pair for row in pairs for pair in row})


@pytest.mark.parametrize("nearest", [False, True])
@settings(max_examples=60, deadline=None)
@given(items=lists(), history=st.lists(st.lists(st.integers(0, N_ITEMS - 1), max_size=4), min_size=6, max_size=6))
def test_history_similarities_agree_with_a_plain_loop(
    nearest: bool, items: np.ndarray, history: list[list[int]]
) -> None:
    known = np.array(list(itertools.chain(*history)), dtype=np.int32)
    sizes = np.array([len(row) for row in history])
    starts = np.cumsum(sizes) - sizes
    found = list_pairs.history_similarities(
        items, starts[: len(items)], sizes[: len(items)], known, Asked(), nearest=nearest
    )
    for row, (listed, theirs) in enumerate(zip(items.tolist(), history, strict=False)):
        for place, item in enumerate(listed):
            values = [(item * 7 + other + 1.0) ** 0.5 for other in theirs]
            if item < 0 or not values:
                assert np.isnan(found[row, place])
            else:
                assert found[row, place] == pytest.approx(max(values) if nearest else sum(values) / len(values))


def test_blocks_and_threads_change_nothing(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    items = rng.integers(-1, 30, (100, 6)).astype(np.int32)
    known, sizes = rng.integers(0, 30, 500).astype(np.int32), np.full(100, 5)
    table = rng.random((30, 30))

    def both() -> tuple[list[float], bytes]:
        sums = list_pairs.list_pair_sums(items, 30, lambda a, b: table[a, b])
        history = list_pairs.history_similarities(
            items, np.arange(0, 500, 5), sizes, known, lambda a, b: table[a, b], nearest=False
        )
        return sums.tolist(), history.tobytes()

    once = both()
    monkeypatch.setattr(list_pairs, "PAIRS_AT_ONCE", 50)
    monkeypatch.setenv("LONGTAIL_THREADS", "5")
    assert both() == once


@pytest.mark.parametrize("n_items", [30, 200, 10_000])
@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("at_once", [1, 40, 1 << 22])
def test_each_pair_is_asked_for_once_and_in_order(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, n_items: int, threads: str, at_once: int
) -> None:
    """Whatever the blocks (many items, or one whose partners alone are too many), and however many words of marks."""
    monkeypatch.setattr(list_pairs, "PAIRS_AT_ONCE", at_once)
    monkeypatch.setenv("LONGTAIL_THREADS", threads)
    some = np.append(np.linspace(0, n_items - 1, 30).astype(np.int32), [-1, -1])
    items = rng.permuted(np.tile(some, (40, 1)), axis=1)[:, :6]
    asked = Asked()
    list_pairs.list_pair_sums(items, n_items, asked)
    assert asked.pairs == sorted({pair for row in filled(items) for pair in itertools.combinations(sorted(row), 2)})


def test_a_similarity_that_is_nan_stays_nan_where_it_is_used() -> None:
    items = np.array([[0, 1], [0, 2]], dtype=np.int32)
    sums = list_pairs.list_pair_sums(items, 3, lambda a, b: np.where(b == 1, np.nan, 0.5))
    assert np.isnan(sums[0])
    assert sums[1] == 0.5


@pytest.mark.parametrize("n", [0, 1, 2, 3, 100, 257])
def test_what_a_kernel_sorts_is_sorted(rng: np.random.Generator, n: int) -> None:
    values = rng.integers(0, 50, n + 5).astype(np.int32)
    expected = [*sorted(values[:n].tolist()), *values[n:].tolist()]
    list_pairs._sort(values, n)
    assert values.tolist() == expected
