"""Implicit ALS, BPR, WARP and logistic MF as users meet them: losses, fold-in, learning online, explanations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail.errors import ConfigError
from longtail.testing.worlds import ragged, toy_worlds

NAMES = ["implicit-als", "bpr", "warp", "logistic-mf"]
SMALL: dict[str, Any] = {"factors": 8, "epochs": 5}


def als_loss(model: Any, data: lt.Interactions) -> float:
    """The criterion of the docstring, over all pairs, in double precision."""
    weights = model._preferences(data.by_user).toarray().astype(np.float64)
    X, Y = model.user_vectors_.astype(np.float64), model.item_vectors_.astype(np.float64)
    c = model.unseen_weight + model.alpha * np.abs(weights)
    total = (c * ((weights > 0) - X @ Y.T) ** 2).sum()
    for vectors, counts, others in ((X, data.user_counts, len(Y)), (Y, data.item_counts, len(X))):
        ridge = model.regularization * (counts + model.unseen_weight * others) ** model.frequency_scaling
        total += (ridge * (vectors**2).sum(axis=1)).sum()
    return float(total)


@pytest.mark.parametrize("solver", ["cg", "cholesky", "subspace"])
def test_als_lowers_the_loss_of_its_docstring(solver: str) -> None:
    data = ragged()
    losses = [
        als_loss(lt.make("implicit-als", factors=8, block=3, epochs=epochs, solver=solver).fit(data), data)
        for epochs in (1, 3, 10, 30)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.99 * losses[0]


def test_the_solvers_end_at_the_same_loss() -> None:
    data = ragged()
    found = [
        als_loss(lt.make("implicit-als", factors=8, block=3, epochs=60, solver=solver).fit(data), data)
        for solver in ("cg", "cholesky", "subspace")
    ]
    np.testing.assert_allclose(found, found[0], rtol=2e-3)


def test_als_at_its_end_no_vector_can_do_better() -> None:
    """The gradient of the loss by every x_u is zero, and nearly so by every y_i."""
    data = ragged()
    model = lt.make("implicit-als", factors=4, epochs=200, solver="cholesky").fit(data)
    weights = model._preferences(data.by_user).toarray().astype(np.float64)
    X, Y = model.user_vectors_.astype(np.float64), model.item_vectors_.astype(np.float64)
    c = 1.0 + model.alpha * weights
    error = c * ((weights > 0) - X @ Y.T)
    by_user = error @ Y - model.regularization * (data.user_counts + len(Y))[:, None] * X
    by_item = error.T @ X - model.regularization * (data.item_counts + len(X))[:, None] * Y
    scale = np.abs(error @ Y).sum(axis=1).max() + np.abs(X).max()
    assert np.abs(by_user).max() < 1e-3 * max(scale, 1.0)
    assert np.abs(by_item).max() < 1e-2 * max(scale, 1.0)
    assert np.abs(by_item).max() > 0


def test_frequency_scaling_holds_back_the_busy() -> None:
    data = ragged()
    plain, scaled = (
        lt.make("implicit-als", factors=8, regularization=0.1, frequency_scaling=nu).fit(data) for nu in (0.0, 1.0)
    )
    lengths = [np.linalg.norm(model.user_vectors_ @ model.item_vectors_.T, axis=1) for model in (plain, scaled)]
    assert lengths[1].sum() < lengths[0].sum()


def test_als_learns_a_user_as_fold_in_would() -> None:
    data = ragged()
    model = lt.make("implicit-als", factors=8).fit(data)
    person, item = data.user_ids.values[5], data.item_ids.values[90]
    before = model.user_vectors_.copy(), model.item_vectors_ @ model.user_vectors_.T
    model.learn([person], [item], [5.0])
    history = model.histories_[[5]]
    known = model._score_users(np.array([5], dtype=np.int32)).dense()
    np.testing.assert_allclose(known, model._score_histories(history).dense(), rtol=1e-5)
    others = np.delete(np.arange(data.n_users), 5)
    scores = model.item_vectors_ @ model.user_vectors_.T
    unlearned = np.delete(np.arange(data.n_items), 90)
    np.testing.assert_allclose(scores[unlearned][:, others], before[1][unlearned][:, others], atol=1e-4)
    assert np.abs(scores[90] - before[1][90]).max() > 1e-3


def test_als_learns_an_item_that_nobody_had_met() -> None:
    data = ragged()
    model = lt.make("implicit-als", factors=8).fit(data)
    item = data.item_ids.values[-1]
    fans = data.user_ids.values[:20]
    assert not np.isin(model.recommend(n=data.n_items).items, data.n_items - 1).any()
    model.learn(fans, [item] * len(fans), [5.0] * len(fans))
    assert np.isin(model.recommend(n=data.n_items).items, data.n_items - 1).any()
    assert np.isfinite(model.item_vectors_).all()


def test_the_reasons_of_als_add_up_to_the_score() -> None:
    data = ragged()
    model = lt.make("implicit-als", factors=8).fit(data)
    _, weights = model._reasons(data.by_user[[3]], 140)
    score = model._score_users(np.array([3], dtype=np.int32)).dense()[0, 140]
    assert 140 not in data.by_user[[3]].indices
    np.testing.assert_allclose(weights.sum(), score, rtol=1e-3)


def test_bpr_learns_online_what_it_is_told() -> None:
    world = toy_worlds()["implicit"]
    model = lt.make("bpr", factors=4).fit(world.train)
    before = model._score_users(np.array([0], dtype=np.int32)).dense()[0]
    disliked = np.flatnonzero(~world.liked[0])[:5]
    model.learn(["person 0"] * 5, world.train.item_ids.values[disliked], [1.0] * 5)
    after = model._score_users(np.array([0], dtype=np.int32)).dense()[0]
    others = np.setdiff1d(np.flatnonzero(~world.liked[0]), disliked)
    assert (after[disliked] - before[disliked]).mean() > (after - before).mean()
    assert (after[others] - before[others]).mean() > (after - before)[world.liked[0]].mean()


@pytest.mark.parametrize("name", ["bpr", "warp"])
def test_learning_in_blocks_does_not_depend_on_threads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough items for several blocks, which the worlds of the contract are too small for."""
    data = lt.datasets.synthetic(users=200, items=600, ratings=6_000, seed=1)
    found = []
    for number in ("1", "3"):
        monkeypatch.setenv("LONGTAIL_THREADS", number)
        model = lt.make(name, **SMALL).fit(data)
        found.append((model.user_vectors_, model.item_vectors_, model.item_bias_))
    for one, three in zip(*found, strict=True):
        np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize("name", NAMES)
def test_artifacts_hold_all_that_is_needed(name: str, tmp_path: Path) -> None:
    data = ragged()
    model = lt.make(name, **SMALL).fit(data)
    model.save(tmp_path / "model")
    loaded = lt.load(tmp_path / "model")
    history = [{data.item_ids.values[3].item(): 5.0}]
    for one, other in zip(*(m.recommend_for(history, n=9).items for m in (model, loaded)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_divergence_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="BPR: learning diverged"):
        lt.make("bpr", factors=4, epochs=20, learning_rate=1e6, regularization=1.0).fit(toy_worlds()["implicit"].train)
