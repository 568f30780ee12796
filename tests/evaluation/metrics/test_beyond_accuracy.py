import itertools
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import longtail as lt
from longtail.data.ids import Ids
from longtail.data.results import TopN
from longtail.errors import ConfigError, UnknownIdError
from longtail.evaluation.metrics import beyond_accuracy as metrics
from longtail.evaluation.metrics.similarity import rating_cosine, rating_pearson_baseline
from longtail.evaluation.metrics.value import MetricValue

N_ITEMS = 7


class Table:
    """A similarity that is looked up: sim(a, b) = 1 / (1 + |a - b|)."""

    item_ids = Ids(range(N_ITEMS), kind="item")

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def pairs(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        self.asked += zip(a.tolist(), b.tolist(), strict=True)
        return 1.0 / (1.0 + np.abs(a - b))


def top_n(rows: list[list[int]], n: int | None = None, item_ids: Ids = Table.item_ids) -> TopN:
    width = max(map(len, rows), default=0) if n is None else n
    items = np.array([row + [-1] * (width - len(row)) for row in rows], dtype=np.int32).reshape(len(rows), width)
    return TopN(np.arange(len(rows)), items, np.zeros(items.shape), Ids(range(len(rows)), kind="user"), item_ids)


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def assert_equal(value: MetricValue, pooled: float, per_user: list[float]) -> None:
    assert value == pytest.approx(pooled, nan_ok=True)
    assert value.per_user == pytest.approx(per_user, nan_ok=True)
    assert value.users.tolist() == list(range(len(per_user)))


@st.composite
def rows_of_lists(draw: st.DrawFn) -> list[list[int]]:
    return draw(st.lists(st.lists(st.integers(0, N_ITEMS - 1), unique=True, max_size=5), max_size=6))


@settings(max_examples=100, deadline=None)
@given(rows=rows_of_lists())
def test_coverage_and_diversity_agree_with_a_plain_loop(rows: list[list[int]]) -> None:
    lists = top_n(rows, n=5)
    got_something = [float(len(row) > 0) for row in rows]
    assert_equal(metrics.user_coverage(lists), mean(got_something), got_something)
    shown = {item for row in rows for item in row}
    assert_equal(metrics.catalogue_coverage(lists), len(shown) / N_ITEMS, [math.nan] * len(rows))
    unlike = [[1 - 1 / (1 + abs(a - b)) for a, b in itertools.combinations(row, 2)] for row in rows]
    table = Table()
    assert_equal(metrics.diversity(lists, table), mean(list(itertools.chain(*unlike))), [mean(row) for row in unlike])
    assert len(table.asked) == len(set(table.asked))


@settings(max_examples=100, deadline=None)
@given(rows=rows_of_lists(), seen=st.sets(st.tuples(st.integers(0, 3), st.integers(0, N_ITEMS - 1))))
def test_novelty_agrees_with_a_plain_loop(rows: list[list[int]], seen: set[tuple[int, int]]) -> None:
    users, items = zip(*sorted(seen), strict=True) if seen else ((), ())
    train = lt.Interactions(users, items, np.ones(len(users)), Ids(range(9)), Table.item_ids)  # type: ignore[arg-type]
    counts = Counter(items)
    ranks = {item: place for place, item in enumerate(sorted(range(N_ITEMS), key=lambda i: -counts[i]), start=1)}
    by_user = [[float(ranks[item]) for item in row] for row in rows]
    assert_equal(
        metrics.novelty(top_n(rows, 5), train), mean(list(itertools.chain(*by_user))), [mean(row) for row in by_user]
    )
    raters = max(len(set(users)), 1)
    bits = [[-math.log2(max(counts[item], 1) / raters) for item in row] for row in rows]
    assert_equal(
        metrics.self_information(top_n(rows, 5), train), mean(list(itertools.chain(*bits))), [mean(row) for row in bits]
    )


def test_by_hand(small: lt.Interactions) -> None:
    # Ratings an item: 10 four, 20 three, 30 four, 40 two, 50 two, 60 one; indices in order of first appearance.
    lists = top_n([[0, 5], [3], []], n=2, item_ids=small.item_ids)
    assert metrics.popularity_ranks(small).tolist() == [1, 3, 2, 4, 5, 6]
    assert metrics.novelty(lists, small) == pytest.approx((1 + 6 + 4) / 3)
    assert metrics.novelty(lists, small).per_user[:2].tolist() == [3.5, 4.0]
    assert metrics.self_information(lists, small) == pytest.approx(-(math.log2(4 / 5 * 1 / 5 * 2 / 5)) / 3)
    assert metrics.user_coverage(lists) == pytest.approx(2 / 3)
    assert metrics.catalogue_coverage(lists) == 0.5


def test_lists_with_other_ids_are_translated(small: lt.Interactions) -> None:
    other = Ids([60, 50, 40, 30, 20, 10, 99], kind="item")
    here, there = top_n([[0, 1, 2]], item_ids=small.item_ids), top_n([[5, 4, 3]], item_ids=other)
    assert metrics.novelty(there, small) == metrics.novelty(here, small)
    assert metrics.diversity(there, rating_cosine(small)) == metrics.diversity(here, rating_cosine(small))
    with pytest.raises(UnknownIdError, match="unknown item 99"):
        metrics.novelty(top_n([[6]], item_ids=other), small)


def test_an_item_nobody_rated_counts_as_rated_once(small: lt.Interactions) -> None:
    train = small.take(small.items != 5)
    assert metrics.self_information(top_n([[5]], item_ids=small.item_ids), train) == pytest.approx(math.log2(5))
    assert metrics.popularity_ranks(train)[5] == 6


@pytest.mark.parametrize("wrong", [{"share_of": "items"}, {"unseen": "never"}, {"base": 1}])
def test_bad_definitions_of_surprise_are_refused(small: lt.Interactions, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"share_of is users or interactions|base must be above 1, not 1"):
        metrics.self_information(top_n([[0]], item_ids=small.item_ids), small, **wrong)


def test_the_order_of_lists_does_not_matter(small: lt.Interactions, rng: np.random.Generator) -> None:
    rows = [rng.permutation(6)[: rng.integers(0, 6)].tolist() for _ in range(20)]
    order = rng.permutation(20)
    straight = top_n(rows, 5, small.item_ids)
    shuffled = TopN(order, straight.items[order], straight.scores[order], straight.user_ids, small.item_ids)
    for metric in (metrics.user_coverage, metrics.catalogue_coverage):
        assert metric(shuffled) == pytest.approx(metric(straight))
    similarity = rating_cosine(small)
    for found, expected in (
        (metrics.diversity(shuffled, similarity), metrics.diversity(straight, similarity)),
        (metrics.novelty(shuffled, small), metrics.novelty(straight, small)),
        (metrics.self_information(shuffled, small), metrics.self_information(straight, small)),
    ):
        assert found == pytest.approx(expected)
        np.testing.assert_allclose(found.per_user, expected.per_user[found.users])


@pytest.fixture(scope="module")
def movielens(real_data: Path) -> lt.Interactions:
    return lt.Interactions.from_csv(real_data / "ml-latest-small" / "ratings.csv")


def test_real_data_popularity_ranks_break_ties_by_first_appearance(movielens: lt.Interactions, real_data: Path) -> None:
    column = pl.read_csv(real_data / "ml-latest-small" / "ratings.csv")["movieId"].to_list()
    expected = [item for item, _ in sorted(Counter(column).items(), key=lambda entry: -entry[1])]
    ranks = metrics.popularity_ranks(movielens)
    assert movielens.item_ids[np.argsort(ranks)].tolist() == expected


def test_real_data_the_ten_most_popular_for_everyone(movielens: lt.Interactions) -> None:
    ranks = metrics.popularity_ranks(movielens)
    best = np.argsort(ranks)[:10]
    lists = top_n([best.tolist()] * 100, item_ids=movielens.item_ids)
    assert metrics.novelty(lists, movielens) == 5.5
    assert metrics.catalogue_coverage(lists) == pytest.approx(10 / movielens.n_items)
    share = movielens.item_counts[best] / movielens.n_users
    assert metrics.self_information(lists, movielens) == pytest.approx(-np.log2(share).mean())

    rated = movielens.by_user[:, best].toarray().astype(np.float64)
    cosines = []
    for a, b in itertools.combinations(rated.T, 2):
        both = (a > 0) & (b > 0)
        cosines.append(a[both] @ b[both] / np.sqrt((a[both] @ a[both]) * (b[both] @ b[both])))
    assert metrics.diversity(lists, rating_cosine(movielens)) == pytest.approx(1 - np.mean(cosines))
    assert metrics.diversity(lists, rating_pearson_baseline(movielens)) > metrics.diversity(
        lists, rating_cosine(movielens)
    )
