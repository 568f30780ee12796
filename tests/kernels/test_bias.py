"""The bias kernels against their formulas written with loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail.kernels.bias import als_biases, sgd_biases, solve_biases


@pytest.fixture
def ratings(rng: np.random.Generator) -> lt.Interactions:
    """300 ratings of 40 users and 25 items, in no order; the last user and item have none."""
    pairs = rng.choice(39 * 24, 300, replace=False)
    return lt.Interactions(
        users=(pairs // 24).astype(np.int32),
        items=(pairs % 24).astype(np.int32),
        values=rng.integers(1, 11, 300) / np.float32(2),
        user_ids=lt.Ids(range(40), kind="user"),
        item_ids=lt.Ids(range(25), kind="item"),
    )


def als_by_loops(data: lt.Interactions, mean: float, epochs: int, reg_user: float, reg_item: float) -> Any:
    user, item = np.zeros(data.n_users), np.zeros(data.n_items)
    for _ in range(epochs):
        for i in np.unique(data.items):
            rows = data.items == i
            item[i] = (data.values[rows] - mean - user[data.users[rows]]).sum() / (reg_item + rows.sum())
        for u in np.unique(data.users):
            rows = data.users == u
            user[u] = (data.values[rows] - mean - item[data.items[rows]]).sum() / (reg_user + rows.sum())
    return user, item


def test_als_solves_items_then_users(ratings: lt.Interactions) -> None:
    found = als_biases(ratings.by_user, ratings.by_item, 3.0, epochs=3, reg_user=5.0, reg_item=2.0)
    for bias, expected in zip(found, als_by_loops(ratings, 3.0, 3, 5.0, 2.0), strict=True):
        assert bias.dtype == np.float32
        np.testing.assert_allclose(bias, expected, atol=1e-6)


def test_als_leaves_users_and_items_without_ratings_at_zero(ratings: lt.Interactions) -> None:
    user, item = als_biases(ratings.by_user, ratings.by_item, 3.0, reg_user=0.0, reg_item=0.0)
    assert user[39] == 0.0
    assert item[24] == 0.0


def test_solving_a_training_row_gives_its_bias(ratings: lt.Interactions) -> None:
    user, item = als_biases(ratings.by_user, ratings.by_item, 3.0, epochs=4)
    np.testing.assert_allclose(solve_biases(ratings.by_user, item, 3.0, 15.0), user, atol=1e-6)


def test_sgd_goes_user_by_user_in_order_of_appearance(ratings: lt.Interactions) -> None:
    columns = ratings.users, ratings.items, ratings.values
    user, item = np.zeros(40), np.zeros(25)
    for _ in range(2):
        for u in dict.fromkeys(ratings.users.tolist()):
            for i, r in zip(ratings.items[ratings.users == u], ratings.values[ratings.users == u], strict=True):
                error = r - 3.0 - user[u] - item[i]
                user[u] += 0.1 * (error - 0.5 * user[u])
                item[i] += 0.1 * (error - 0.5 * item[i])
    found = sgd_biases(*columns, 3.0, shape=(40, 25), epochs=2, learning_rate=0.1, regularization=0.5)
    np.testing.assert_allclose(found[0], user, atol=1e-6)
    np.testing.assert_allclose(found[1], item, atol=1e-6)
