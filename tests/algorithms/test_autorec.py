"""AutoRec beside derivations in NumPy: cells without a rating, low-rank data, and the fold-in of both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

import longtail as lt
from longtail.algorithms.deep.autorec import RatingNetwork, _ridge
from longtail.algorithms.trainer import Settings, train
from longtail.algorithms.trainer.histories import HistoryFeed
from longtail.testing import toy_worlds
from longtail.testing.subject import histories_of
from longtail.testing.worlds import ragged

Arrays = dict[str, Any]

RATED = [{0: 5.0, 2: 1.0}, {1: 4.0}, {0: 2.0, 1: 3.0, 4: 1.0}]
"""Three rows of five columns; nobody has rated column 3."""
FAST = {"factors": 4, "center": "mean", "learning_rate": 0.02, "regularization": 0.02, "batch_size": 16}


def rows() -> sparse.csr_array:
    row, column = zip(*[(r, c) for r, cells in enumerate(RATED) for c in cells], strict=True)
    values = [value for cells in RATED for value in cells.values()]
    return sparse.csr_array((np.array(values, dtype=np.float32), (row, column)), shape=(3, 5))


def shaken(network: RatingNetwork) -> Arrays:
    rng = np.random.default_rng(1)
    values = {name: rng.normal(0.0, 0.6, value.shape).astype(np.float32) for name, value in network.values().items()}
    network.assign(values)
    return {name: value.astype(np.float64) for name, value in values.items()}


def loss(weights: Arrays, regularization: float) -> float:
    """Equation 2 of the paper, over the cells that are rated, averaged over rows."""
    total = 0.0
    for cells in RATED:
        inside = weights["encode/bias"] + sum(r * weights["encode/kernel"][c] for c, r in cells.items())
        code = 1 / (1 + np.exp(-inside))
        for c, r in cells.items():
            total += (r - code @ weights["decode/kernel"][:, c] - weights["decode/bias"][c]) ** 2
    squares = (weights["encode/kernel"] ** 2).sum() + (weights["decode/kernel"] ** 2).sum()
    return float(total / len(RATED) + 0.5 * regularization * squares)


def one_step(regularization: float) -> tuple[Arrays, Arrays, float]:
    network = RatingNetwork(width=5, factors=3, activation="sigmoid", noise=0.0, regularization=regularization)
    before = shaken(network)
    report = train(network, HistoryFeed(rows(), 4), Settings(epochs=1, learning_rate=0.1, optimizer="sgd"))
    after = network.values()
    return before, {name: (before[name] - after[name]) / 0.1 for name in before}, report.epochs[0]["loss"]


def test_loss_and_gradient_are_those_of_the_rated_cells() -> None:
    weights, gradient, found = one_step(0.05)
    assert found == pytest.approx(loss(weights, 0.05), rel=1e-5)
    for name, value in weights.items():
        for place in np.ndindex(value.shape):
            step = np.zeros_like(value)
            step[place] = 1e-5
            up, down = (loss({**weights, name: value + sign * step}, 0.05) for sign in (1, -1))
            assert gradient[name][place] == pytest.approx((up - down) / 2e-5, abs=1e-3), (name, place)


def test_cells_without_a_rating_have_no_part_in_the_loss() -> None:
    _, gradient, _ = one_step(0.0)
    assert not gradient["decode/bias"][3]  # whatever column 3 would be predicted
    assert not gradient["decode/kernel"][:, 3].any()
    assert not gradient["encode/kernel"][3].any()
    assert gradient["decode/bias"][[0, 1, 2, 4]].all()


def full_matrix(users: int = 30, items: int = 20, rank: int = 2) -> Any:
    rng = np.random.default_rng(0)
    return 3.0 + rng.normal(size=(users, rank)) @ rng.normal(size=(rank, items))


def as_data(matrix: Any, mask: Any = None) -> lt.Interactions:
    users, items = np.nonzero(np.ones(matrix.shape, bool) if mask is None else mask)
    return lt.Interactions.from_frame({"user": users, "item": items, "rating": matrix[users, items]})


@pytest.mark.parametrize("side", ["user", "item"])
def test_without_regularization_a_linear_one_finds_what_principal_components_find(side: Any) -> None:
    matrix = full_matrix()
    rows_of_side = matrix if side == "user" else matrix.T
    values = np.linalg.svd(rows_of_side - rows_of_side.mean(axis=0), compute_uv=False)
    for factors in (1, 2):  # of rank 2, the second component leaves nothing
        model = lt.AutoRec(
            side=side, factors=factors, activation="linear", center="mean", regularization=0.0, batch_size=64,
            epochs=1200, learning_rate=0.03, schedule="cosine",
        ).fit(as_data(matrix))  # fmt: skip
        error = np.mean((model._score_users(np.arange(30, dtype=np.int32)).dense() - matrix) ** 2)
        assert error == pytest.approx((values[factors:] ** 2).sum() / matrix.size, abs=2e-3)


def test_strangers_get_what_users_of_their_history_get_where_rows_are_users() -> None:
    data = ragged()
    model = lt.AutoRec(side="user", epochs=5, **FAST).fit(data)
    for user in (0, 5, 299):
        known = model.predict(np.repeat(data.user_ids.values[user], data.n_items), data.item_ids.values)
        assert model.predict_for(histories_of(data, [user])[0], data.item_ids.values) == pytest.approx(known, abs=1e-4)


@pytest.mark.parametrize("count", [3, 40])
def test_a_stranger_among_columns_is_solved_for(count: int) -> None:
    """The minimum of the loss as to the weights of one column, found by a general solver on stacked equations."""
    rng = np.random.default_rng(count)
    Z, r, ridge = rng.normal(size=(count, 5)), rng.normal(size=count) + 3.0, 0.7
    stacked = np.block([[Z, np.ones((count, 1))], [np.sqrt(ridge) * np.eye(5), np.zeros((5, 1))]])
    expected = np.linalg.lstsq(stacked, np.append(r, np.zeros(5)), rcond=None)[0]
    assert _ridge(Z.astype(np.float32), r.astype(np.float32), ridge) == pytest.approx(expected, abs=1e-4)


def test_solving_agrees_with_training_where_rows_are_items() -> None:
    world = toy_worlds()["explicit"]
    model = lt.AutoRec(
        side="item", factors=4, center="mean", regularization=0.1, batch_size=64, epochs=2000, learning_rate=0.02,
        schedule="cosine",
    ).fit(world.train)  # fmt: skip
    trained = model._score_users(np.arange(40, dtype=np.int32)).dense()
    solved = model._score_histories(world.train.by_user).dense()
    assert solved == pytest.approx(trained, abs=0.02)
    shuffled = np.abs(solved[::-1] - trained).max()  # neighbors have opposite tastes
    assert shuffled > 1.0


@pytest.mark.parametrize("center", ["none", "mean"])
def test_ratings_that_are_all_alike_give_the_order_of_all_people_at_their_level(center: Any) -> None:
    model = lt.AutoRec(side="item", epochs=5, **{**FAST, "center": center}).fit(ragged())
    items = model.item_ids_.values[[3, 8, 20]]
    assert model.item_known_[[3, 8, 20]].all()
    shown = np.concatenate([model._left(model.fold([dict.fromkeys(some, 4.0)])) for some in (items, items[:1])])
    raw = shown[:, :-1] @ model.right_.T + shown[:, -1:] + model.offset_
    known = np.flatnonzero(model.item_known_)
    nobody = model._score_histories(model.fold([{}])).dense()[0]
    assert raw[0, [3, 8, 20]].mean() == pytest.approx(4.0, abs=1e-4)
    assert raw[1, 3] == pytest.approx(4.0, abs=1e-4)
    for row in raw:
        assert np.ptp(row[known]) > 1e-3
        assert (row - nobody)[known] == pytest.approx((row - nobody)[known[0]], abs=1e-4)


@pytest.mark.parametrize("side", ["user", "item"])
@pytest.mark.parametrize("center", ["none", "mean", "biases"])
def test_who_and_what_has_no_ratings(side: Any, center: Any) -> None:
    data = ragged()
    model = lt.AutoRec(side=side, epochs=3, **{**FAST, "center": center}).fit(data)
    ids, items = data.user_ids.values, data.item_ids.values
    unrated = model.predict(np.repeat(ids[:1], 2), items[-2:])  # nobody has rated them
    assert unrated == pytest.approx(np.repeat(model.mean_, 2), abs=1e-5)
    nobody = model.predict(np.repeat(ids[-1:], data.n_items), items)  # a user without rows, and a stranger without
    assert model.predict_for({}, items) == pytest.approx(nobody, abs=1e-4)
    assert np.ptp(nobody) > 1e-3


def test_patience_keeps_the_best_epoch() -> None:
    model = lt.AutoRec(epochs=60, patience=3, **{**FAST, "regularization": 0.0}).fit(ragged())
    scores = [epoch["score"] for epoch in model.training_]
    assert len(scores) < 60
    assert model.report.best == 1 + int(np.argmax(scores))


def test_what_is_learned_beats_the_biases_on_a_low_rank_world() -> None:
    matrix = full_matrix(users=80, items=60)
    shown = np.random.default_rng(1).random(matrix.shape) < 0.6
    train_data, users, items = as_data(matrix, shown), *np.nonzero(~shown)
    truth = np.clip(matrix[users, items], *train_data.scale)

    def error(model: Any) -> float:
        return float(np.sqrt(np.mean((model.fit(train_data).predict(users, items) - truth) ** 2)))

    biases = error(lt.Bias())
    for side in ("user", "item"):
        assert error(lt.AutoRec(side=side, epochs=150, **{**FAST, "factors": 16})) < 0.7 * biases
