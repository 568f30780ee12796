"""Explicit ALS and PMF: they reach a minimum of the loss they state, and fold in as they train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import longtail as lt


def parameters(model: Any) -> tuple[Any, Any]:
    """[p_u, b_u] and [q_i, b_i] in double precision."""
    users, items = model.user_vectors_.astype(np.float64), model.item_vectors_.astype(np.float64)
    users[:, -1] -= model.level_
    items[:, -1] = model.item_bias_ - (model.mean_ if model.level_ == 0.0 else 0.0)
    return users, items


def loss(users: Any, items: Any, data: lt.Interactions, weights: dict[str, Any]) -> float:
    """The loss of the docstrings, from dense matrices."""
    mask, R = data.by_user.toarray() != 0, data.by_user.toarray().astype(np.float64)
    estimates = data.values.mean(dtype=np.float64) + users[:, :-1] @ items[:, :-1].T + users[:, -1:] + items[:, -1]
    fit = ((R - estimates)[mask] ** 2).sum()
    counts = mask.sum(axis=1), mask.sum(axis=0)
    for side, n, name in ((users, counts[0], "user"), (items, counts[1], "item")):
        fit += (weights["each"] * n + weights[name]) @ (side[:, :-1] ** 2).sum(axis=1)
        fit += weights["bias"] * (side[:, -1] ** 2).sum()
    return float(fit)


def slopes(users: Any, items: Any, data: lt.Interactions, weights: dict[str, Any]) -> Any:
    """Numerical derivatives of the loss by every parameter."""
    found, step = [], 1e-5
    for side in (users, items):
        for place in np.ndindex(side.shape):
            kept = side[place]
            ends = []
            for moved in (kept + step, kept - step):
                side[place] = moved
                ends.append(loss(users, items, data, weights))
            side[place] = kept
            found.append((ends[0] - ends[1]) / (2 * step))
    return np.array(found)


ALS = {"factors": 2, "epochs": 2000, "regularization": 0.1, "bias_regularization": 1.0}
PMF = {"factors": 2, "epochs": 2000, "reg_user": 0.5, "reg_item": 0.3}


def test_als_ends_where_the_loss_is_flat(small: lt.Interactions) -> None:
    weights = {"each": 0.1, "user": 0.0, "item": 0.0, "bias": 1.0}
    users, items = parameters(lt.ALS(**ALS).fit(small))
    assert np.abs(slopes(users, items, small, weights)).max() < 1e-3
    start = parameters(lt.ALS(**ALS | {"epochs": 1}).fit(small))
    assert np.abs(slopes(*start, small, weights)).max() > 0.05


def test_pmf_ends_where_the_loss_is_flat(small: lt.Interactions) -> None:
    weights = {"each": 0.0, "user": 0.5, "item": 0.3, "bias": 0.0}
    users, items = parameters(lt.PMF(**PMF).fit(small))
    assert not users[:, -1].any()
    assert not items[:, -1].any()
    flat = slopes(users, items, small, weights).reshape(-1, 3)[:, :2]  # without the biases, which it has not
    assert np.abs(flat).max() < 1e-3
    start = parameters(lt.PMF(**PMF | {"epochs": 1}).fit(small))
    assert np.abs(slopes(*start, small, weights).reshape(-1, 3)[:, :2]).max() > 0.05


@pytest.mark.parametrize("name", ["als", "pmf"])
def test_an_epoch_never_raises_the_loss(small: lt.Interactions, name: str) -> None:
    chosen = ALS if name == "als" else PMF
    weights = {"each": 0.1, "user": 0.0, "item": 0.0, "bias": 1.0}
    if name == "pmf":
        weights = {"each": 0.0, "user": 0.5, "item": 0.3, "bias": 0.0}
    found = [
        loss(*parameters(lt.make(name, **chosen | {"epochs": n}).fit(small)), small, weights) for n in range(1, 12)
    ]
    assert (np.diff(found) <= 1e-6).all()
    assert found[-1] < found[0]


def test_als_is_the_dense_solution_of_each_side(small: lt.Interactions) -> None:
    model: Any = lt.ALS(factors=3, epochs=4).fit(small)
    Z, b = model.item_vectors_.astype(np.float64), model.item_bias_.astype(np.float64)
    for user in range(small.n_users):
        row = small.by_user[[user]]
        z, e = Z[row.indices], row.data - model.mean_ - b[row.indices]
        ridge = np.diag([model.regularization * row.nnz] * 3 + [model.bias_regularization])
        expected = np.linalg.solve(z.T @ z + ridge, z.T @ e)
        expected[-1] += model.mean_
        assert model.user_vectors_[user] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ["als", "pmf"])
def test_reasons_add_up_to_the_score(small: lt.Interactions, name: str) -> None:
    model = lt.make(name, factors=3).fit(small)
    history = model.fold([{10: 5.0, 20: 4.0, 40: 1.0}])
    for item in range(6):
        score = model._score_histories(history).dense()[0, item]
        rest = model.level_ + model.item_bias_[item]
        assert rest + model._reasons(history, item)[1].sum() == pytest.approx(score, abs=1e-5)


@pytest.mark.parametrize("name", ["als", "pmf"])
def test_without_training_rows_nothing_is_made_up(small: lt.Interactions, name: str) -> None:
    partial = small.take(small.users != small.user_ids.index([5])[0])
    model = lt.make(name, factors=3).fit(partial)
    assert not model.user_vectors_[4, :-1].any()
    assert not model.item_vectors_[5, :-1].any()
    assert 60 not in model.recommend([5], n=6).of(5)
    assert model.predict([5], [60])[0] == pytest.approx(partial.values.mean())
    assert model.predict_for({}, [60])[0] == pytest.approx(partial.values.mean())


@pytest.mark.parametrize(("name", "highest"), [("als", 0.93), ("pmf", 0.95)])
def test_defaults_on_a_real_fold(real_data: Path, name: str, highest: float) -> None:
    files = (real_data / "ml-100k" / f"u1.{part}" for part in ("base", "test"))
    base, test = (pl.read_csv(file, separator="\t", has_header=False) for file in files)
    frame = pl.concat([base, test]).select(
        pl.nth(place).alias(name) for place, name in enumerate(["user", "item", "rating"])
    )
    whole, rows = lt.Interactions.from_frame(frame, scale=(1.0, 5.0)), np.arange(len(frame))
    found = lt.make(name).fit(whole.take(rows[: len(base)])).predict_ratings(whole.take(rows[len(base) :]))
    assert lt.metrics.rmse(found) < highest
