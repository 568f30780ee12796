"""Columns: digits, directions, and who deserves the mark."""

from __future__ import annotations

import math

import numpy as np
import pytest

import longtail as lt
from longtail.errors import ConfigError, DataError
from longtail.evaluation import measures, metrics, primitive
from longtail.evaluation.measures import COLUMNS, GROUPS, best
from longtail.evaluation.scoring import score

BY_KEY = {column.key: column for column in COLUMNS}


def test_keys_are_distinct_and_groups_known() -> None:
    assert len(BY_KEY) == len(COLUMNS)
    assert {column.group for column in COLUMNS} == set(GROUPS)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("rmse", 0.87654321, "0.8765"),
        ("hit_rate", 0.0298062, "2.98%"),
        ("user_coverage", 0.95529, "95.5%"),
        ("novelty", 1491.6, "1,492"),
        ("self_information", 3.14159, "3.14"),
        ("fit_seconds", 0.01234, "0.012"),
        ("fit_seconds", 1.2345, "1.23"),
        ("fit_seconds", 12.345, "12.3"),
        ("fit_seconds", 1234.5, "1,234"),
        ("peak_mb", 12.7, "13"),
        ("rmse", None, "-"),
        ("rmse", math.nan, "-"),
    ],
)
def test_digits(key: str, value: float | None, shown: str) -> None:
    assert BY_KEY[key].show(value) == shown


def test_the_mark_follows_the_direction() -> None:
    assert best(BY_KEY["rmse"], [0.9, 0.8, None]) == {"0.8000"}
    assert best(BY_KEY["hit_rate"], [0.1, 0.2]) == {"20.00%"}
    assert best(BY_KEY["novelty"], [10.0, 20.0]) == set()


def test_nobody_wins_alone() -> None:
    assert best(BY_KEY["rmse"], [0.9]) == set()
    assert best(BY_KEY["rmse"], [0.9, None, math.nan]) == set()


@pytest.fixture(scope="module")
def listed() -> tuple[lt.Interactions, lt.Interactions, lt.TopN]:
    train, test = lt.splits.random_holdout(lt.datasets.synthetic(users=60, items=50, ratings=1_200), seed=0)
    return train, test, lt.make("item-knn").fit(train).recommend(n=5)


def test_what_is_measured_has_a_column_and_its_own_name(
    listed: tuple[lt.Interactions, lt.Interactions, lt.TopN],
) -> None:
    train, test, lists = listed
    expected = primitive.popular_lists(lists, train)
    found = measures.ranking(lists, test, train, expected)
    found |= measures.beyond_accuracy(lists, train, metrics.rating_cosine(train), expected=expected)
    assert {name: value.name for name, value in found.items()} == {name: name for name in found}
    columns = {column.key for column in COLUMNS if column.group in ("ranking", "beyond")} | {"hit_rate", "arhr"}
    assert set(found) == columns
    assert found["intra_list_diversity"] == metrics.intra_list_diversity(lists, metrics.rating_cosine(train))
    assert all(0 <= found[name] <= 1 for name in ("unexpectedness", "long_tail_share", "gini", "serendipity"))


def test_without_genres_calibration_is_left_out(listed: tuple[lt.Interactions, lt.Interactions, lt.TopN]) -> None:
    train, test, lists = listed
    bare = train.with_catalog(None)
    found = measures.beyond_accuracy(lists, bare, metrics.rating_cosine(train))
    assert not {"calibration", "unexpectedness_by_history", "unexpectedness"} & set(found)
    assert not {"serendipity", "serendipity_by_popularity"} & set(measures.ranking(lists, test))


def test_a_terminal_shows_the_columns_that_say_something_of_their_own() -> None:
    assert len([column for column in COLUMNS if column.group == "beyond" and column.in_terminal]) == 6
    assert len([column for column in COLUMNS if column.group == "beyond"]) == 12


def test_the_primitive_list_is_that_of_the_recommender_called_popular(
    listed: tuple[lt.Interactions, lt.Interactions, lt.TopN],
) -> None:
    train, _, lists = listed
    model = lt.make("popular").fit(train)
    assert primitive.popular_lists(lists, train).items.tolist() == model.recommend(n=5).items.tolist()
    some = np.arange(0, 50, 3)
    ours = primitive.popular_lists(lists, train, among=some)
    theirs = model.recommend(n=5, candidates=train.item_ids[some])
    assert [ours.of(user) for user in train.users_present()] == [theirs.of(user) for user in train.users_present()]


def test_the_primitive_list_refuses_other_item_ids(
    listed: tuple[lt.Interactions, lt.Interactions, lt.TopN],
) -> None:
    """Their indices would name other items."""
    train, _, lists = listed
    other = lt.Interactions.from_frame(train.to_frame()[::-1])
    for given in ({"history": other}, {"among": other}):
        with pytest.raises(DataError, match="need the item ids of train"):
            primitive.popular_lists(lists, train, **given)


def test_the_primitive_list_of_strangers_and_of_a_sample(
    listed: tuple[lt.Interactions, lt.Interactions, lt.TopN],
) -> None:
    train, test, lists = listed
    nobody = train.take(np.zeros(len(train), dtype=bool))
    new = primitive.popular_lists(lists, train, history=nobody)
    best = np.argsort(-train.item_counts, kind="stable")[:5]
    assert (new.items == best).all()
    own = primitive.popular_lists(lists, train, among=test)
    counts = train.item_counts
    for user, row in zip(own.users.tolist(), own.items.tolist(), strict=True):
        theirs = test.items[test.users == user].tolist()
        wanted = sorted((item for item in theirs if counts[item]), key=lambda item: (-counts[item], item))[:5]
        assert row == wanted + [-1] * (5 - len(wanted))


def test_any_number_of_threads_measures_the_same(
    listed: tuple[lt.Interactions, lt.Interactions, lt.TopN], monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test, lists = listed
    monkeypatch.setenv("LONGTAIL_THREADS", "1")
    alone = score(test, lists=lists, train=train)
    monkeypatch.setenv("LONGTAIL_THREADS", "4")
    together = score(test, lists=lists, train=train)
    assert alone == together
    for name, value in alone.items():
        np.testing.assert_array_equal(value.per_user, together[name].per_user)


def test_saved_lists_are_scored_whatever_ids_they_have(
    listed: tuple[lt.Interactions, lt.Interactions, lt.TopN],
) -> None:
    train, test, lists = listed
    whole = score(test, lists=lists, train=train)
    users, items = lt.Ids(train.user_ids.values[::-1]), lt.Ids(train.item_ids.values[::-1])
    turned = score(test, lists=lists.aligned_to(users, items), train=train)
    assert turned == pytest.approx(whole)
    with pytest.raises(ConfigError, match="min_rating must be a finite number"):
        score(test, lists=lists, min_rating=np.nan)
