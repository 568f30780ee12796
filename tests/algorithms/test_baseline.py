"""Chance, fame and plain averages: distributions and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import longtail as lt


def test_random_draws_come_from_the_normal_distribution_of_the_ratings() -> None:
    data = lt.datasets.synthetic(users=120, items=90, ratings=3_000, seed=4)
    model = lt.Random(seed=1).fit(data)
    draws = model._score_users(np.arange(data.n_users, dtype=np.int32)).ravel()
    mean, deviation = data.values.mean(), data.values.std()
    assert stats.kstest(draws, "norm", args=(mean, deviation)).pvalue > 1e-3
    assert stats.kstest(draws, "norm", args=(mean + 0.1, deviation)).pvalue < 1e-3  # the test can tell


def test_random_lists_of_clicks_are_not_in_the_order_of_the_catalogue() -> None:
    clicks = lt.datasets.World(users=200, items=40).clicks(1_500)
    lists = lt.Random().fit(clicks).recommend(n=1, exclude="none")
    counts = np.bincount(lists.items[:, 0], minlength=40)
    assert counts.max() < 20  # of 200, with 5 expected


def test_random_draws_do_not_depend_on_the_company_they_are_asked_in() -> None:
    data = lt.datasets.synthetic(users=30, items=20, ratings=200)
    model = lt.Random().fit(data)
    together = model._score_users(np.arange(30, dtype=np.int32))
    alone = np.concatenate([model._score_users(np.array([user], dtype=np.int32)) for user in range(29, -1, -1)])[::-1]
    assert np.array_equal(together, alone)
    assert np.abs(np.corrcoef(together)[np.triu_indices(30, 1)]).max() < 0.9
    assert not np.array_equal(together, lt.Random(seed=1).fit(data)._score_users(np.arange(30, dtype=np.int32)))


def test_popular_ranks_by_count_and_predicts_damped_means(small: lt.Interactions) -> None:
    model = lt.Popular(damping=2.0).fit(small)
    scores = model._score_histories(small.by_user).dense()
    for item in range(small.n_items):
        ratings = small.values[small.items == item]
        assert (scores[:, item] == len(ratings)).all()
        expected = (ratings.sum() + 2 * small.values.mean()) / (len(ratings) + 2)
        assert model.predict([1], [small.item_ids[item]])[0] == pytest.approx(expected, abs=1e-6)


def test_popular_without_damping_is_the_mean_and_knows_nothing_of_an_unrated_item(small: lt.Interactions) -> None:
    train = small.take(small.items != small.item_ids.index([60])[0])
    model = lt.Popular(damping=0.0).fit(train)
    assert model.predict([1], [40])[0] == pytest.approx(3.0)
    estimates, impossible = model._predict_pairs(np.zeros(1, np.int32), small.item_ids.index([60]))
    assert impossible.all()
    assert estimates[0] == pytest.approx(train.values.mean(), abs=1e-6)


def test_bias_by_alternating_least_squares(small: lt.Interactions) -> None:
    mean = small.values.mean(dtype=np.float64)
    user, item = np.zeros(small.n_users), np.zeros(small.n_items)
    for _ in range(7):
        for place in range(small.n_items):
            rows = small.items == place
            item[place] = (small.values[rows] - mean - user[small.users[rows]]).sum() / (3 + rows.sum())
        for place in range(small.n_users):
            rows = small.users == place
            user[place] = (small.values[rows] - mean - item[small.items[rows]]).sum() / (2 + rows.sum())
    model = lt.Bias(reg_user=2.0, reg_item=3.0, epochs=7).fit(small)
    found = model._predict_pairs(small.users, small.items)[0]
    assert found == pytest.approx(mean + user[small.users] + item[small.items], abs=1e-6)


def test_bias_by_gradient_descent(small: lt.Interactions) -> None:
    mean = small.values.mean(dtype=np.float64)
    user, item = np.zeros(small.n_users), np.zeros(small.n_items)
    for _ in range(5):
        for u, i, rating in zip(small.users, small.items, small.values, strict=True):
            error = rating - (mean + user[u] + item[i])
            user[u] += 0.1 * (error - 0.3 * user[u])
            item[i] += 0.1 * (error - 0.3 * item[i])
    model = lt.Bias(method="sgd", learning_rate=0.1, regularization=0.3, epochs=5).fit(small)
    found = model._predict_pairs(small.users, small.items)[0]
    assert found == pytest.approx(mean + user[small.users] + item[small.items], abs=1e-5)


def test_bias_minimizes_its_objective() -> None:
    """Many epochs of least squares end where the gradient vanishes."""
    data = lt.datasets.synthetic(users=60, items=50, ratings=900, seed=2)
    model = lt.Bias(reg_user=4.0, reg_item=6.0, epochs=300).fit(data)
    error = data.values - model._predict_pairs(data.users, data.items)[0]
    for side, bias, reg in ((data.users, model.user_bias_, 4.0), (data.items, model.item_bias_, 6.0)):
        assert np.bincount(side, error, len(bias)) == pytest.approx(reg * bias, abs=1e-3)
