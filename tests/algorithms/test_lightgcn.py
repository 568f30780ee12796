"""LightGCN beside dense powers of the normalized adjacency matrix, and its steps beside finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

import longtail as lt
from longtail.algorithms.graph.lightgcn import PropagationNetwork
from longtail.algorithms.graph.sums import sum_tree, tree_shapes
from longtail.algorithms.trainer import Settings, answers, train

RNG = np.random.default_rng
USERS, ITEMS, FACTORS, LAYERS = 9, 7, 4, 3


def graph(seed: int = 0) -> Any:
    """(users, items) of ones, somebody without items and an item without people among them."""
    met = (RNG(seed).random((USERS, ITEMS)) < 0.4).astype(np.float64)
    met[2] = met[:, 3] = 0
    return met


def operator(met: Any) -> Any:
    """The mean of the powers 0 to LAYERS of D^-1/2 A D^-1/2, dense."""
    A = np.block([[np.zeros((len(met), len(met))), met], [met.T, np.zeros((met.shape[1], met.shape[1]))]])
    degrees = A.sum(1)
    roots = np.diag([1 / np.sqrt(d) if d else 0.0 for d in degrees])
    P = roots @ A @ roots
    return sum(np.linalg.matrix_power(P, power) for power in range(LAYERS + 1)) / (LAYERS + 1)


def network(met: Any, width: int = 2, regularization: float = 0.0) -> PropagationNetwork:
    whole = sparse.csr_array(np.block([[np.zeros((USERS, USERS)), met], [met.T, np.zeros((ITEMS, ITEMS))]]))
    levels = sum_tree(whole.indptr, whole.indices, USERS + ITEMS, width)
    made = PropagationNetwork(
        nodes=USERS + ITEMS, n_users=USERS, factors=FACTORS, layers=LAYERS, regularization=regularization,
        shapes=tree_shapes(levels), seed=1,
    )  # fmt: skip
    made.set_graph(np.diff(whole.indptr), levels)
    made.assign({"E": RNG(3).normal(size=(USERS + ITEMS, FACTORS)).astype(np.float32)})
    return made


@pytest.mark.parametrize("width", [2, 3, 16])
def test_a_tree_of_sums_is_a_product(width: int) -> None:
    rng = RNG(width)
    dense = (rng.random((40, 30)) < rng.random((40, 1)) ** 3).astype(float)
    dense[5], dense[6] = 0, 1
    rows, x = sparse.csr_array(dense), rng.normal(size=(30, 2))
    levels = sum_tree(rows.indptr, rows.indices, 30, width)
    found = x
    for level in levels:
        assert level.shape[1] == width
        found = np.concatenate([found, np.zeros((1, 2))])[level].sum(1)
    np.testing.assert_allclose(found, dense @ x, atol=1e-12)


def test_a_node_of_many_neighbors_costs_what_they_cost() -> None:
    levels = sum_tree(np.array([0, *[100_000] * 50]), np.arange(100_000), 100_000, 16)
    assert sum(level.size for level in levels) < 1.1 * 100_000 + 50 * 16 * len(levels)


@pytest.mark.parametrize("width", [2, 16])
def test_propagation_is_that_of_dense_powers(width: int) -> None:
    met = graph()
    made = network(met, width)
    found = answers(made, {"node": np.arange(USERS + ITEMS, dtype=np.int32)})
    np.testing.assert_allclose(found, operator(met) @ made.values()["E"], atol=1e-6)


def test_a_step_goes_down_the_gradient_and_leaves_the_graph_alone() -> None:
    """The loss written densely, in double precision, its gradient by differences."""
    met, regularization, rate = graph(1), 0.3, 0.7
    made = network(met, regularization=regularization)
    P, before = operator(met), made.values()["E"].astype(np.float64)
    user, item, negative = np.array([0, 4, 4, 8]), np.array([1, 1, 5, 0]), np.array([2, 6, 2, 3])
    weight = np.array([1.0, 1.0, 1.0, 0.0])

    def loss(E: Any) -> float:
        e, total = P @ E, 0.0
        for u, i, j, w in zip(user, USERS + item, USERS + negative, weight, strict=True):
            squares = np.sum(E[u] ** 2) + np.sum(E[i] ** 2) + np.sum(E[j] ** 2)
            total += w * (np.log1p(np.exp(e[u] @ e[j] - e[u] @ e[i])) + 0.5 * regularization * squares)
        return total / 3

    gradient = np.zeros_like(before)
    for place in np.ndindex(before.shape):
        step = np.zeros_like(before)
        step[place] = 1e-6
        gradient[place] = (loss(before + step) - loss(before - step)) / 2e-6

    class Feed:
        steps = 1

        def epoch(self, rng: Any) -> Any:
            columns = {"user": user, "item": item, "negative": negative}
            yield {name: c.astype(np.int32)[None] for name, c in columns.items()} | {
                "weight": weight.astype(np.float32)[None]
            }

    constants = [np.asarray(made.scale), *(np.asarray(level) for level in made.tree)]
    report = train(made, Feed(), Settings(epochs=1, learning_rate=rate, optimizer="sgd"))
    assert report.epochs[0]["loss"] == pytest.approx(loss(before), rel=1e-5)
    np.testing.assert_allclose((before - made.values()["E"]) / rate, gradient, atol=1e-5)
    assert list(made.values()) == ["E"]
    for one, other in zip(constants, [made.scale, *made.tree], strict=True):
        np.testing.assert_array_equal(one, np.asarray(other))


@pytest.fixture(scope="module")
def fitted() -> Any:
    users, items = np.nonzero(graph(2))
    ids = lt.Ids(np.arange(USERS), kind="user"), lt.Ids(np.arange(ITEMS), kind="item")
    data = lt.Interactions(
        users=users.astype(np.int32), items=items.astype(np.int32), values=np.ones(len(users), dtype=np.float32),
        user_ids=ids[0], item_ids=ids[1], feedback="implicit",
    )  # fmt: skip
    return lt.LightGCN(factors=FACTORS, layers=LAYERS, epochs=20, batch_size=8, learning_rate=0.05).fit(data)


def test_vectors_are_those_of_the_learned_weights(fitted: Any) -> None:
    met = graph(2)
    expected = operator(met) @ fitted.weights_["E"]
    expected[~np.concatenate([met.any(1), met.any(0)])] = 0
    np.testing.assert_allclose(fitted.user_vectors_, expected[:USERS], atol=1e-6)
    np.testing.assert_allclose(fitted.item_vectors_, expected[USERS:], atol=1e-6)


def test_a_training_history_is_propagated_to_as_its_user_was(fitted: Any) -> None:
    """All layers but the first are the user's own; the first is the least-squares fit over those who have a history."""
    met, E = graph(2), fitted.weights_["E"].astype(np.float64)
    people = np.flatnonzero(met.any(1))
    later = (LAYERS + 1) * (operator(met) @ E)[:USERS] - E[:USERS]
    np.testing.assert_allclose(fitted._later(fitted.histories_), later, atol=1e-5)
    inputs = np.column_stack([later[people], np.ones(len(people))])
    ridge = 1e-3 * np.mean(np.sum(inputs**2, axis=0)) * np.eye(FACTORS + 1)
    solved = np.linalg.lstsq(
        np.vstack([inputs, np.linalg.cholesky(ridge).T]), np.vstack([E[people], np.zeros((FACTORS + 1, FACTORS))])
    )[0]
    vectors = (inputs @ solved + later[people]) / (LAYERS + 1)
    np.testing.assert_allclose(fitted._score_histories(fitted.histories_[people]).left, vectors, atol=1e-4)


def test_the_item_nobody_met_is_not_listed_and_everything_else_is(fitted: Any) -> None:
    lists = fitted.recommend(np.arange(USERS), n=ITEMS, exclude="none")
    known = np.flatnonzero(graph(2).any(0)).tolist()
    assert 3 not in known
    assert all(sorted(lists.of(user)) == known for user in range(USERS))


def test_patience_stops_and_keeps_the_best() -> None:
    data = lt.datasets.synthetic(users=80, items=40, ratings=1_500, seed=1)
    model = lt.LightGCN(factors=8, epochs=100, batch_size=512, learning_rate=0.05, patience=2).fit(data)
    scores = [epoch["score"] for epoch in model.training_]
    assert len(scores) < 100
    assert len(scores) - 1 - int(np.argmax(scores)) == 2
