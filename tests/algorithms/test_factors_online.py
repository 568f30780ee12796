"""Factor models that learn online: what a rating touches is solved anew, and nothing else moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import longtail as lt

ITEMS_TOO = ["svd", "als", "pmf"]
USERS_ONLY = ["pca", "asvd", "bpmf", "nmf"]
SMALLER = {"bpmf": {"samples": 5, "burn_in": 3}}


def fitted(name: str, data: lt.Interactions) -> Any:
    return lt.make(name, factors=3, **SMALLER.get(name, {})).fit(data)


@pytest.mark.parametrize("name", ITEMS_TOO + USERS_ONLY)
def test_a_user_is_folded_in_anew(small: lt.Interactions, name: str) -> None:
    model = fitted(name, small)
    before = model.user_vectors_.copy()
    history = {10: 5.0, 20: 1.0, 30: 1.0, 50: 4.0}  # those of user 1 with item 20 rated anew and item 50 added
    expected = model._score_histories(model.fold([history])).left[0]
    given = model.user_vectors_
    model.learn([1, 1], [20, 50], [1.0, 4.0])
    assert model.user_vectors_[0] == pytest.approx(expected, abs=1e-5)
    assert np.array_equal(model.user_vectors_[1:], before[1:])
    assert np.array_equal(given, before)


@pytest.mark.parametrize("name", ITEMS_TOO)
def test_an_item_is_solved_given_the_users(small: lt.Interactions, name: str) -> None:
    model = fitted(name, small)
    before = model.item_vectors_.copy(), model.item_bias_.copy()
    model.learn([1, 3], [50, 50], [4.0, 1.0])
    item = small.item_ids.index([50])[0]
    column = model.histories_[:, [item]].tocoo()
    assert sorted(column.data.tolist()) == [1.0, 4.0, 5.0]
    raters, e = column.coords[0], column.data.astype(np.float64)
    x = model.user_vectors_[raters].astype(np.float64)
    if name == "pmf":
        q = np.linalg.solve(x[:, :3].T @ x[:, :3] + model.reg_item * np.eye(3), x[:, :3].T @ (e - model.mean_))
        assert model.item_vectors_[item, :3] == pytest.approx(q, abs=1e-5)
        assert model.item_bias_[item] == pytest.approx(model.mean_)
    else:
        ridge = np.diag(model._ridge(3) * np.ones(4))
        Z = np.column_stack([x[:, :3], np.ones(3)])
        expected = np.linalg.solve(Z.T @ Z + ridge, Z.T @ (e - x[:, 3]))
        assert [*model.item_vectors_[item, :3], model.item_bias_[item]] == pytest.approx(expected, abs=1e-4)
    others = np.arange(6) != item
    assert np.array_equal(model.item_vectors_[others], before[0][others])
    assert np.array_equal(model.item_bias_[others], before[1][others])


@pytest.mark.parametrize("name", ITEMS_TOO)
def test_an_item_nobody_had_rated_is_recommended_once_somebody_has(small: lt.Interactions, name: str) -> None:
    model = fitted(name, small.take(small.items != small.item_ids.index([60])[0]))
    assert 60 not in model.recommend([1], n=6).of(1)
    model.learn([5, 2], [60, 60], [5.0, 5.0])
    assert 60 in model.recommend([1], n=6).of(1)
    assert 60 not in model.recommend([5], n=6).of(5)


@pytest.mark.parametrize("name", USERS_ONLY)
def test_items_stay_where_they_are(small: lt.Interactions, name: str) -> None:
    model = fitted(name, small)
    before = model.item_vectors_.copy()
    model.learn([1], [50], [4.0])
    assert np.array_equal(model.item_vectors_, before)


def test_svd_learns_a_taste_online(rng: np.random.Generator) -> None:
    # Two tastes; the last twenty users and the last ten items come after the fit.
    users, items = np.nonzero(rng.random((80, 50)) < 0.5)
    ratings = np.where(users % 2 == items % 2, 5.0, 1.0)
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
    late = (data.user_ids.values[data.users] >= 60) | (data.item_ids.values[data.items] >= 40)
    model = lt.SVD(factors=4).fit(data.take(~late))
    ids = data.user_ids.values[data.users[late]], data.item_ids.values[data.items[late]]
    model.learn(*ids, data.values[late])
    hidden = [(u, i) for u in range(80) for i in range(40, 50) if not ((users == u) & (items == i)).any()]
    asked = np.array(hidden).T
    right = (model.predict(*asked) > 3.0) == (asked[0] % 2 == asked[1] % 2)
    assert right.mean() > 0.95
