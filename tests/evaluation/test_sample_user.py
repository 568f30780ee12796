"""The sample user: chosen by rule, and described by what they rated."""

from __future__ import annotations

import numpy as np
import pytest

import longtail as lt
from longtail.errors import UnknownIdError
from longtail.evaluation.sample_user import choose


def histories(lengths: dict[int, int]) -> lt.Interactions:
    users = [user for user, length in lengths.items() for _ in range(length)]
    items = [item for length in lengths.values() for item in range(length)]
    ratings = [1.0 + item % 5 for item in items]
    return lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings}, scale=(1, 5))


def test_user_85_where_there_is_enough_of_them() -> None:
    assert choose(histories({1: 5, 85: 20, 3: 40})).id == 85
    assert choose(histories({1: 5, 85: 19, 3: 40, 4: 30, 5: 2})).id == 85  # of median length all the same
    assert choose(histories({1: 5, 85: 3, 3: 40})).id == 1


def test_ids_of_text_too() -> None:
    data = histories({85: 20, 2: 30, 3: 40})
    frame = {"user": [str(user) for user in data.user_ids[data.users]], "item": data.items, "rating": data.values}
    assert choose(lt.Interactions.from_frame(frame)).id == "85"


def test_the_user_asked_for() -> None:
    data = histories({1: 5, 85: 20})
    assert choose(data, 1).id == choose(data, "1").id == 1
    assert choose(data, 1).chosen == "asked for"
    with pytest.raises(UnknownIdError, match="unknown user 7"):
        choose(data, 7)


def test_loved_and_hated_are_the_extremes_best_known_first(small: lt.Interactions) -> None:
    sample = choose(small, 5)
    assert [(item.item, item.rating) for item in sample.loved] == [(20, 4.0), (10, 3.5)]
    assert [(item.item, item.rating) for item in sample.hated] == [(30, 2.0), (60, 3.0)]
    assert sample.mean == pytest.approx(3.125)
    assert choose(small, 1).loved[0].title == "10"


def test_among_equals_the_best_known_comes_first() -> None:
    rows = [(1, "rare", 5.0), (1, "hit", 5.0), (1, "flop", 1.0), (1, "odd", 1.0), (2, "hit", 3.0), (2, "flop", 3.0)]
    users, items, ratings = zip(*rows, strict=True)
    data = lt.Interactions.from_frame({"user": list(users), "item": list(items), "rating": list(ratings)})
    sample = choose(data, 1)
    assert [item.title for item in sample.loved] == ["hit", "rare"]
    assert [item.title for item in sample.hated] == ["flop", "odd"]


def test_equal_ratings_are_neither_hated() -> None:
    data = lt.Interactions.from_frame({"user": [1, 1, 1], "item": [1, 2, 3], "rating": [4.0, 4.0, 4.0]})
    sample = choose(data)
    assert len(sample.loved) == 3
    assert sample.hated == []


def test_at_most_five_each() -> None:
    sample = choose(histories({1: 40}))
    assert len(sample.loved) == len(sample.hated) == 5
    assert {item.rating for item in sample.loved} == {5.0}
    assert {item.rating for item in sample.hated} == {1.0}
    assert np.isfinite(sample.mean)
