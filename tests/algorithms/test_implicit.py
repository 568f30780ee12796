"""Implicit ALS, BPR, WARP and logistic MF as users meet them: losses, fold-in, learning online, explanations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longtail as lt
from longtail.algorithms.factorization import warp
from longtail.algorithms.factorization.logistic_mf import STRIDE
from longtail.algorithms.factorization.pairwise_model import key_of
from longtail.errors import ConfigError
from longtail.kernels.strata import draw
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


@pytest.mark.parametrize(
    ("unseen", "scaling", "regularization"), [(1.0, 1.0, 0.03), (0.3, 1.0, 0.3), (0.3, 0.5, 3.0), (2.0, 0.0, 30.0)]
)
def test_als_at_its_end_no_vector_can_do_better(unseen: float, scaling: float, regularization: float) -> None:
    """The gradient of the loss by every x_u is zero, and nearly so by every y_i."""
    data = ragged()
    settings: dict[str, Any] = {"regularization": regularization, "unseen_weight": unseen}
    settings |= {"factors": 4, "epochs": 200, "solver": "cholesky", "frequency_scaling": scaling}
    model = lt.make("implicit-als", **settings).fit(data)
    weights = model._preferences(data.by_user).toarray().astype(np.float64)
    X, Y = model.user_vectors_.astype(np.float64), model.item_vectors_.astype(np.float64)
    error = (unseen + model.alpha * weights) * ((weights > 0) - X @ Y.T)
    by_user = error @ Y - regularization * (data.user_counts + unseen * len(Y))[:, None] ** scaling * X
    by_item = error.T @ X - regularization * (data.item_counts + unseen * len(X))[:, None] ** scaling * Y
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


def test_als_learns_an_item_as_the_solution_given_the_users_before() -> None:
    data = ragged()
    model = lt.make("implicit-als", factors=8).fit(data)
    X = model.user_vectors_.astype(np.float64)
    model.learn(data.user_ids.values[[5, 6]], data.item_ids.values[[90, 90]], [5.0, 2.0])
    weights = model._preferences(model.histories_).toarray()[:, 90].astype(np.float64)
    c = 1.0 + model.alpha * weights
    ridge = model.regularization * (np.count_nonzero(weights) + len(X)) * np.eye(8)
    y = np.linalg.solve((X.T * c) @ X + ridge, X.T @ (c * (weights > 0)))
    others = np.delete(np.arange(data.n_users), [5, 6])
    np.testing.assert_allclose((model.user_vectors_ @ model.item_vectors_[90])[others], (X @ y)[others], atol=1e-4)


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


def adagrad(x: Any, squares: Any, own: Any, others: Any, weights: Any, drawn: Any, model: Any) -> None:
    """One step of a row [vector, bias] up the likelihood, the others' rows held; `drawn` stands in for all of them."""

    def chance(items: Any) -> Any:
        return 1.0 / (1.0 + np.exp(-(others[items] @ np.append(x[:-1], 1.0) + x[-1])))

    slopes = np.column_stack([others[:, :-1], np.ones(len(others))])  # of the score, by the row's vector and bias
    each = len(others) / len(drawn)
    gradient = (weights[own] * (1.0 - chance(own))) @ slopes[own] - each * chance(drawn) @ slopes[drawn]
    gradient -= model.regularization * x
    squares += gradient**2
    x += model.learning_rate * gradient / np.sqrt(1e-6 + squares)


def test_logistic_mf_climbs_its_likelihood_step_by_step() -> None:
    """An epoch and a fold-in, written out for vectors and biases with the numbers that the model draws."""
    data, n_users, n_items = lt.datasets.synthetic(users=30, items=20, ratings=200, seed=1), 30, 20
    model: Any = lt.LogisticMF(factors=3, epochs=1, alpha=3.0, negatives=2, regularization=0.7).fit(data)
    W = 3.0 * model._preferences(data.by_user).toarray().astype(np.float64)
    users, items = (
        np.column_stack([model._start(side, np.ones(n, dtype=bool), ones=3)[:, :3], np.zeros(n)]).astype(np.float64)
        for side, n in (("users", n_users), ("items", n_items))
    )
    for side, rows, others, weights in (("users", users, items, W), ("items", items, users, W.T)):
        key = key_of(model.seed, side, 0)
        for row, x in enumerate(rows):
            own = np.flatnonzero(weights[row])
            count = min(2 * len(own), len(others))
            drawn = np.array([draw(key, row * STRIDE + number, len(others)) for number in range(count)])
            if len(own):
                adagrad(x, np.zeros(4), own, others, weights[row], drawn, model)
    np.testing.assert_allclose(model.user_vectors_, users[:, :3], atol=1e-4)
    np.testing.assert_allclose(model.item_vectors_, items[:, :3], atol=1e-4)
    np.testing.assert_allclose(model.item_bias_, items[:, 3], atol=1e-4)

    own, x = np.array([1, 4, 9]), np.zeros(4)
    given = {data.item_ids.values[item].item(): 5.0 for item in own}
    weights = np.where(np.isin(np.arange(n_items), own), 3.0 * 5.0 / model.highest_, 0.0)
    drawn = np.array([draw(key_of(model.seed, "fold in", 0), number, n_items) for number in range(6)])
    adagrad(x, np.zeros(4), own, items, weights, drawn, model)
    found = model._fold_in(model._preferences(model.fold([given])))
    np.testing.assert_allclose(found[0], x[:3], atol=1e-4)


def test_bpr_draws_popular_negatives_as_often_as_they_are_met() -> None:
    data = ragged()
    uniform, popular = (lt.BPR(factors=4, epochs=20, negatives=kind).fit(data) for kind in ("uniform", "popular"))
    assert np.bincount(popular.negatives_, minlength=data.n_items).tolist() == data.item_counts.tolist()
    # Popular items are drawn against more often then, which holds their biases back.
    met = data.item_counts > 0
    spread = [model.item_bias_[met].std() for model in (uniform, popular)]
    assert spread[1] < 0.4 * spread[0]


def test_warp_weighs_a_step_by_the_rank_of_all_items(monkeypatch: pytest.MonkeyPatch) -> None:
    data, given = ragged(), list[Any]()
    monkeypatch.setattr(warp, "warp_steps", lambda *arguments: given.append(arguments))
    monkeypatch.setattr(warp, "warp_rows", lambda *arguments: given.append(arguments))
    model: Any = lt.WARP(factors=4, epochs=2, max_sampled=7).fit(data)
    model._score_histories(data.by_user[:3])
    sums = np.array([0.0, *np.cumsum([1.0 / rank for rank in range(1, data.n_items)])])
    assert len(given) >= 3
    for arguments in given:
        assert arguments[-2] == 7
        np.testing.assert_allclose(arguments[-1], sums / sums[-1], rtol=1e-6)


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
