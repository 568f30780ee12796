"""PCA: the components of NumPy's own decomposition, projection of the users, exact fold-in."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest

import longtail as lt

Center = Literal["item", "user", "both"]
CENTERS: tuple[Center, ...] = ("item", "user", "both")


@pytest.fixture
def ratings(rng: np.random.Generator) -> lt.Interactions:
    """40 users, 25 items, a third of the cells rated, two tastes and noise."""
    truth = 3.0 + rng.normal(size=(40, 2)) @ rng.normal(size=(2, 25)) + rng.normal(size=(40, 25)) / 3
    users, items = np.nonzero(rng.random(truth.shape) < 0.4)
    values = np.clip(np.round(truth[users, items]), 1, 5)
    return lt.Interactions.from_frame({"user": users, "item": items, "rating": values})


def centered(model: Any, data: lt.Interactions) -> Any:
    """D as a dense matrix, from the biases the model states."""
    rated = data.by_user.toarray() != 0
    user_bias = model.user_vectors_[:, -1].astype(np.float64) - model.mean_
    return np.where(rated, data.by_user.toarray() - model.mean_ - user_bias[:, None] - model.item_bias_, 0.0)


@pytest.mark.parametrize("center", CENTERS)
def test_is_the_truncated_decomposition_of_the_centered_matrix(ratings: lt.Interactions, center: Center) -> None:
    model: Any = lt.PCA(factors=3, center=center).fit(ratings)
    D = centered(model, ratings)
    U, s, Vt = np.linalg.svd(D, full_matrices=False)
    assert model.singular_values_ == pytest.approx(s[:3], rel=1e-4)
    assert np.abs(np.sum(model.components_ * Vt[:3], axis=1)) == pytest.approx(np.ones(3), abs=1e-4)
    assert (model.components_.sum(axis=1) > 0).all()
    best = (U[:, :3] * s[:3]) @ Vt[:3]
    assert model.user_vectors_[:, :3] @ model.item_vectors_[:, :3].T == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize("center", CENTERS)
def test_predicts_means_plus_reconstruction(ratings: lt.Interactions, center: Center) -> None:
    model: Any = lt.PCA(factors=3, center=center, damping=0.0).fit(ratings)
    D = centered(model, ratings)
    V = model.components_.astype(np.float64).T
    user_bias = model.user_vectors_[:, -1] - model.mean_
    expected = model.mean_ + user_bias[7] + model.item_bias_ + D[7] @ V @ V.T
    found = model.predict([ratings.user_ids[7]] * 25, ratings.item_ids.values)
    assert found == pytest.approx(np.clip(expected, 1.0, 5.0), abs=1e-4)


def test_the_means_taken_out_are_those_named(ratings: lt.Interactions) -> None:
    table, rated = ratings.by_user.toarray(), ratings.by_user.toarray() != 0
    item: Any = lt.PCA(center="item", damping=0.0).fit(ratings)
    means = table.sum(axis=0) / rated.sum(axis=0)
    assert item.mean_ + item.item_bias_ == pytest.approx(means, abs=1e-5)
    assert item.user_vectors_[:, -1] == pytest.approx(np.full(40, item.mean_))
    user: Any = lt.PCA(center="user", damping=0.0).fit(ratings)
    assert user.user_vectors_[:, -1] == pytest.approx(table.sum(axis=1) / rated.sum(axis=1), abs=1e-5)
    assert not user.item_bias_.any()


def test_more_factors_than_there_are_components(small: lt.Interactions) -> None:
    model: Any = lt.PCA(factors=20, damping=0.0).fit(small)
    D = centered(model, small)
    assert model.user_vectors_[:, :-1] @ model.item_vectors_[:, :-1].T == pytest.approx(D, abs=1e-4)
    assert not model.singular_values_[5:].any()


@pytest.mark.parametrize("center", CENTERS)
def test_reasons_add_up_to_the_score(ratings: lt.Interactions, center: Center) -> None:
    model: Any = lt.PCA(factors=3, center=center).fit(ratings)
    history = model.fold([{0: 5.0, 3: 4.0, 11: 1.0}])
    for item in range(10):
        score = model._score_histories(history).dense()[0, item]
        expected = model.mean_ + model.item_bias_[item] + model._reasons(history, item)[1].sum()
        assert expected == pytest.approx(score, abs=1e-4)
