"""Asymmetric SVD: the formula, fold-in from ratings alone, reasons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail.errors import ConfigError


@pytest.fixture
def model(small: lt.Interactions) -> Any:
    return lt.AsymmetricSVD(factors=3, epochs=30, init_std=0.3).fit(small)


def by_hand(model: Any, history: dict[int, float]) -> Any:
    """Equation 13 for one person and every item."""
    items = model.item_ids_.index(list(history))
    apart = np.array(list(history.values())) - model.mean_ - model.expected_bias_[items]
    bias = apart.sum() / (model.reg_user + len(items))
    said = (apart - bias)[:, None] * model.rating_vectors_[items] + model.implicit_vectors_[items]
    Q = model.item_vectors_[:, :-1].astype(np.float64)
    return model.mean_ + bias + model.item_bias_ + Q @ said.sum(axis=0) / np.sqrt(len(items))


def test_predicts_the_formula_for_anyone(model: Any, small: lt.Interactions) -> None:
    history = {10: 5.0, 30: 2.0, 50: 4.0}
    found = model.predict_for(history, small.item_ids.values)
    assert found == pytest.approx(np.clip(by_hand(model, history), 1.0, 5.0), abs=1e-5)
    own = {
        int(small.item_ids[i]): float(r)
        for u, i, r in zip(small.users, small.items, small.values, strict=True)
        if u == 3
    }
    assert model.predict([4] * 6, small.item_ids.values) == pytest.approx(np.clip(by_hand(model, own), 1, 5), abs=1e-5)


def test_the_bias_of_users_is_that_of_damped_least_squares(model: Any, small: lt.Interactions) -> None:
    bias: Any = lt.Bias(reg_user=model.reg_user, reg_item=model.reg_item).fit(small)
    assert model.user_vectors_[:, -1] - model.mean_ == pytest.approx(bias.user_bias_, abs=1e-5)
    assert model.expected_bias_ == pytest.approx(bias.item_bias_, abs=1e-6)


def test_reasons_add_up_to_the_score(model: Any) -> None:
    history = model.fold([{10: 5.0, 20: 4.0, 40: 1.0}])
    for item in range(6):
        score = model._score_histories(history).dense()[0, item]
        expected = model.mean_ + model.item_bias_[item] + model._reasons(history, item)[1].sum()
        assert expected == pytest.approx(score, abs=1e-5)


def test_learns_from_which_items_were_rated(rng: np.random.Generator) -> None:
    # Two camps rate different films, all with 3 stars: only which were rated tells them apart.
    camps = np.arange(200) % 2
    rows = [(u, 2 * film + camps[u], 3.0) for u in range(200) for film in rng.permutation(15)[:8]]
    rows += [(u, 30 + film, 5.0 if camps[u] else 1.0) for u in range(160) for film in rng.permutation(6)[:3]]
    users, items, ratings = zip(*rows, strict=True)
    data = lt.Interactions.from_frame({"user": users, "item": items, "rating": ratings})
    others, films = np.repeat(np.arange(160, 200), 6), np.tile(np.arange(30, 36), 40)
    apart = lt.AsymmetricSVD(factors=4, init_std=0.1).fit(data).predict(others, films) - 3.0
    assert (apart * np.where(camps[others], 1.0, -1.0) > 0.5).all()
    blind = lt.SVD(factors=4).fit(data).predict(others, films) - 3.0
    assert not (blind * np.where(camps[others], 1.0, -1.0) > 0.5).all()


def test_divergence_is_an_error_that_names_the_fix(small: lt.Interactions) -> None:
    with pytest.raises(ConfigError, match=r"AsymmetricSVD: learning diverged with learning_rate 9\.0"):
        lt.AsymmetricSVD(learning_rate=9.0).fit(small)
