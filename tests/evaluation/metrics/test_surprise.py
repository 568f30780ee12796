import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import longtail as lt
from longtail.data.catalog import Catalog
from longtail.data.ids import Ids
from longtail.data.results import TopN
from longtail.errors import ConfigError, DataError, UnknownIdError
from longtail.evaluation.metrics import surprise as metrics
from longtail.evaluation.metrics.similarity import genre_jaccard
from longtail.evaluation.metrics.value import MetricValue

USERS, ITEMS, PLACES = 4, 6, 3
IDS = {"user_ids": Ids(range(USERS), kind="user"), "item_ids": Ids(range(ITEMS), kind="item")}

Lists = dict[int, list[int]]
Rated = dict[tuple[int, int], float]

lists_of_some = st.dictionaries(
    st.integers(0, USERS - 1), st.lists(st.integers(0, ITEMS - 1), unique=True, max_size=PLACES)
)
ratings_of_some = st.dictionaries(
    st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1)), st.sampled_from([1.0, 3.0, 4.0, 5.0])
)


def top_n(rows: Lists, n: int = PLACES) -> TopN:
    items = np.array([row + [-1] * (n - len(row)) for row in rows.values()], dtype=np.int32).reshape(len(rows), n)
    return TopN(list(rows), items, np.zeros(items.shape), **IDS)


def interactions(rows: Rated) -> lt.Interactions:
    users, items = np.array(list(rows), dtype=np.int32).reshape(-1, 2).T
    return lt.Interactions(users, items, np.array(list(rows.values())), **IDS)


def assert_per_user(value: MetricValue, name: str, expected: dict[int, float]) -> None:
    assert value.name == name
    assert value.users.tolist() == list(expected)
    assert value.per_user == pytest.approx(list(expected.values()), nan_ok=True)
    known = [one for one in expected.values() if not math.isnan(one)]
    assert value == pytest.approx(sum(known) / len(known) if known else math.nan, nan_ok=True)


def truth_of(test: Rated, lowest: float | None) -> dict[int, set[int]]:
    """Of each test user, in order, the relevant items."""
    users = sorted({user for user, _ in test})
    return {
        user: {item for (one, item), rating in test.items() if one == user and (lowest is None or rating >= lowest)}
        for user in users
    }


@settings(max_examples=150, deadline=None)
@given(lists=lists_of_some, expected=lists_of_some, test=ratings_of_some, lowest=st.sampled_from([None, 4.0]))
def test_serendipity_agrees_with_a_plain_loop(lists: Lists, expected: Lists, test: Rated, lowest: float | None) -> None:
    found = {}
    for user, relevant in truth_of(test, lowest).items():
        beyond = [item for item in lists.get(user, []) if item not in expected.get(user, [])]
        found[user] = len(relevant.intersection(beyond)) / PLACES if relevant else math.nan
    value = metrics.serendipity(top_n(lists), interactions(test), top_n(expected), min_rating=lowest)
    assert_per_user(value, "serendipity", found)


def test_expected_lists_of_other_ids_are_matched_by_id() -> None:
    """Of a user and of items that the lists do not know, nothing is taken over."""
    users, items = Ids(["zoe", "yan", "ann"], kind="user"), Ids([99, 1, 0], kind="item")
    lists = TopN([0, 1], [[0, 1], [0, 1]], np.zeros((2, 2)), Ids(["ann", "bob"], kind="user"), Ids([0, 1], kind="item"))
    expected = TopN([0, 2], [[1, 2], [0, 1]], np.zeros((2, 2)), users, items)
    assert metrics.unexpectedness(lists, expected).per_user.tolist() == [0.5, 1.0]


@settings(max_examples=150, deadline=None)
@given(lists=lists_of_some, expected=lists_of_some)
def test_unexpectedness_agrees_with_a_plain_loop(lists: Lists, expected: Lists) -> None:
    found = {
        user: len(set(row) - set(expected.get(user, []))) / len(row) if row else math.nan for user, row in lists.items()
    }
    assert_per_user(metrics.unexpectedness(top_n(lists), top_n(expected)), "unexpectedness", found)


@settings(max_examples=150, deadline=None)
@given(lists=lists_of_some, test=ratings_of_some, train=ratings_of_some, lowest=st.sampled_from([None, 4.0]))
def test_serendipity_by_popularity_agrees_with_a_plain_loop(
    lists: Lists, test: Rated, train: Rated, lowest: float | None
) -> None:
    counts = [sum(item == one for _, item in train) for one in range(ITEMS)]
    distinct = sorted({count for count in counts if count}, reverse=True)
    found = {}
    for user, relevant in truth_of(test, lowest).items():
        worth = 0.0
        for rank, item in enumerate(lists.get(user, []), start=1):
            chance = (ITEMS + 1 - (distinct.index(counts[item]) + 1)) / ITEMS if counts[item] else 0.0
            worth += max((ITEMS + 1 - rank) / ITEMS - chance, 0.0) * (item in relevant)
        found[user] = worth / PLACES if relevant else math.nan
    value = metrics.serendipity_by_popularity(top_n(lists), interactions(test), interactions(train), min_rating=lowest)
    assert_per_user(value, "serendipity_by_popularity", found)


class Table:
    """sim(a, b) = 1 / (1 + |a - b|)."""

    item_ids = IDS["item_ids"]

    def pairs(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return 1.0 / (1.0 + np.abs(a - b))


@pytest.mark.parametrize("to", ["mean", "nearest"])
@settings(max_examples=80, deadline=None)
@given(lists=lists_of_some, train=ratings_of_some)
def test_unexpectedness_by_history_agrees_with_a_plain_loop(to: metrics.History, lists: Lists, train: Rated) -> None:
    found = {}
    for user, row in lists.items():
        known = [item for one, item in train if one == user]
        distances = [[1 - 1 / (1 + abs(item - other)) for other in known] for item in row]
        each = [(min(one) if to == "nearest" else sum(one) / len(one)) if one else math.nan for one in distances]
        found[user] = sum(each) / len(each) if each else math.nan
    value = metrics.unexpectedness_by_history(top_n(lists), interactions(train), Table(), to=to)
    assert_per_user(value, "unexpectedness_by_history", found)


def test_a_user_and_items_are_matched_by_id_whatever_their_indices() -> None:
    """The expected lists were made from other data: another order of ids, an item and a user more."""
    lists = top_n({0: [1, 2, 3], 1: [1, 2, 3]})
    users, items = Ids([9, 1, 0], kind="user"), Ids([99, 3, 2, 1], kind="item")
    expected = TopN([2, 0], [[1, 0], [1, 2]], np.zeros((2, 2)), users, items)
    assert metrics.unexpectedness(lists, expected).per_user.tolist() == pytest.approx([2 / 3, 1.0])
    test = interactions({(0, 3): 5.0, (0, 1): 5.0})
    assert metrics.serendipity(lists, test, expected) == pytest.approx(1 / 3)


def test_what_cannot_be_measured_is_refused(small: lt.Interactions) -> None:
    lists = top_n({0: [1], 1: [2]})
    twice = TopN([0, 0], [[1], [2]], [[1], [1]], **IDS)
    with pytest.raises(DataError, match="user 0 has more than one list"):
        metrics.unexpectedness(lists, twice)
    with pytest.raises(DataError, match="user 0 has more than one list"):
        metrics.serendipity(twice, interactions({(0, 1): 1.0}), lists)
    with pytest.raises(ConfigError, match="to must be mean or nearest, not 'median'"):
        metrics.unexpectedness_by_history(lists, interactions({}), Table(), to="median")  # type: ignore[arg-type]
    with pytest.raises(UnknownIdError, match="unknown item 1"):
        metrics.unexpectedness_by_history(lists, small, genre_jaccard(with_genres(small)))


def with_genres(data: lt.Interactions) -> lt.Interactions:
    genres = [["Drama"] for _ in range(data.n_items)]
    return data.with_catalog(Catalog(pl.DataFrame({"item": data.item_ids.values, "genres": genres})))


def test_popular_lists_hold_no_surprise_and_no_serendipity(small: lt.Interactions) -> None:
    train, test = small.take(np.arange(0, 16, 2)), small.take(np.arange(1, 16, 2))
    popular = lt.make("popular").fit(train).recommend(test.users_present(), n=3)
    assert metrics.serendipity(popular, test, popular) == 0.0
    assert metrics.unexpectedness(popular, popular) == 0.0
    assert metrics.serendipity_by_popularity(popular, test, train) >= 0.0
