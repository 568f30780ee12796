"""Mult-DAE, Mult-VAE and CDAE beside derivations in NumPy: losses, gradients by differences, divergence, fold-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import integrate, sparse, stats

import longtail as lt
from longtail.algorithms.deep.autoencoder import noisy_history
from longtail.algorithms.deep.cdae import CollaborativeNetwork
from longtail.algorithms.deep.mult_dae import DenoisingNetwork
from longtail.algorithms.deep.mult_vae import VariationalNetwork, divergence_from_normal
from longtail.algorithms.trainer import Settings, answers, keras, train
from longtail.algorithms.trainer.histories import HistoryFeed
from longtail.testing import toy_worlds
from longtail.testing.worlds import ragged

Arrays = dict[str, Any]

X = np.array([[1.0, 0, 2, 0, 1, 0], [0, 1, 1, 0, 0, 0], [0, 0, 0, 3, 1, 1], [1, 0, 0, 0, 0, 0]])
"""Weights of preference of four people for six items."""
DRAWN = np.random.default_rng(7).normal(size=(4, 2))
"""What the variational network of these tests takes for noise."""
REGULARIZATION = 0.03


def gradients(network: Any, more: Arrays) -> tuple[Arrays, Arrays, float]:
    """Weights, their gradients and the loss, by one step of the training loop with all people in one batch."""
    before = shaken(network)
    feed = HistoryFeed(
        sparse.csr_array(X.astype(np.float32)),
        batch_size=5,  # one place is empty
        more=lambda rng, chunk: {name: value[chunk["person"]] for name, value in more.items()},
    )
    report = train(network, feed, Settings(epochs=1, learning_rate=1.0, optimizer="sgd"))
    after = network.values()
    return before, {name: before[name] - after[name] for name in before}, report.epochs[0]["loss"]


def shaken(network: Any) -> Arrays:
    """Assigns weights that are not small, and gives them."""
    rng = np.random.default_rng(1)
    values = {name: rng.normal(0.0, 0.6, value.shape).astype(np.float32) for name, value in network.values().items()}
    network.assign(values)
    return {name: value.astype(np.float64) for name, value in values.items()}


def differences(loss: Callable[[Arrays], float], weights: Arrays) -> Arrays:
    """The gradient of a loss by central differences."""
    found = {}
    for name, value in weights.items():
        found[name] = np.zeros_like(value)
        for place in np.ndindex(value.shape):
            step = np.zeros_like(value)
            step[place] = 1e-5
            up, down = (loss({**weights, name: value + sign * step}) for sign in (1, -1))
            found[name][place] = (up - down) / 2e-5
    return found


def stacked(weights: Arrays, part: str, values: Any, last: Callable[[Any], Any]) -> Any:
    count = sum(name.startswith(f"{part}.") for name in weights) // 2
    for at in range(count):
        values = values @ weights[f"{part}.{at}/kernel"] + weights[f"{part}.{at}/bias"]
        values = (np.tanh if at < count - 1 else last)(values)
    return values


def log_likelihood(logits: Any, x: Any) -> float:
    """Of one person: the sum over events of the logarithm of the item's share."""
    total = np.log(sum(np.exp(logit) for logit in logits))
    return float(sum(x[i] * (logits[i] - total) for i in range(len(x))))


def penalty(weights: Arrays) -> float:
    return float(sum((value**2).sum() for name, value in weights.items() if name.endswith("kernel")))


def dae_loss(weights: Arrays) -> float:
    losses = []
    for x in X:
        code = stacked(weights, "encode", x / np.sqrt((x**2).sum()), np.tanh)
        losses.append(-log_likelihood(stacked(weights, "decode", code, lambda v: v), x))
    return float(np.mean(losses)) + REGULARIZATION * penalty(weights)


def vae_loss(weights: Arrays, kl_weight: Any = 0.3) -> float:
    losses = []
    for x, e in zip(X, DRAWN, strict=True):
        both = stacked(weights, "encode", x / np.sqrt((x**2).sum()), lambda v: v)
        mean, deviation = both[:2], np.exp(both[2:] / 2)
        divergence = sum(0.5 * (s**2 + m**2 - 1) - np.log(s) for m, s in zip(mean, deviation, strict=True))
        logits = stacked(weights, "decode", mean + deviation * e, lambda v: v)
        losses.append(-log_likelihood(logits, x) + kl_weight * divergence)
    return float(np.mean(losses)) + REGULARIZATION * penalty(weights)


@dataclass(eq=False, kw_only=True)
class Drawn(VariationalNetwork):
    """Its noise is `DRAWN`, a row for each person."""

    def build(self) -> None:
        super().build()
        self.draws = lambda values, training: values + self._of_people

    def loss(self, batch: Any, training: bool) -> Any:
        self._of_people = batch["drawn"]
        return super().loss(batch, training)


@pytest.mark.parametrize("hidden", [(), (5, 4)])
def test_mult_dae_is_the_derivation(hidden: tuple[int, ...]) -> None:
    network = DenoisingNetwork(n_items=6, hidden=hidden, factors=3, noise=0.0, regularization=REGULARIZATION)
    weights, gradient, loss = gradients(network, {})
    assert loss == pytest.approx(dae_loss(weights), rel=1e-5)
    for name, expected in differences(dae_loss, weights).items():
        assert gradient[name] == pytest.approx(expected, abs=1e-4), name


@pytest.mark.parametrize("hidden", [(), (4,)])
def test_mult_vae_is_the_derivation(hidden: tuple[int, ...]) -> None:
    network = Drawn(n_items=6, hidden=hidden, factors=2, noise=0.0, regularization=REGULARIZATION)
    more = {"drawn": DRAWN.astype(np.float32), "kl_weight": np.full(4, 0.3, dtype=np.float32)}
    weights, gradient, loss = gradients(network, more)
    assert loss == pytest.approx(vae_loss(weights), rel=1e-5)
    for name, expected in differences(vae_loss, weights).items():
        assert gradient[name] == pytest.approx(expected, abs=1e-4), name


def test_the_divergence_is_the_integral() -> None:
    for mean, log_variance in [(0.0, 0.0), (0.7, -1.2), (-2.0, 0.9)]:
        q, p = stats.norm(mean, np.exp(log_variance / 2)), stats.norm(0, 1)
        integral = integrate.quad(lambda x, q=q, p=p: q.pdf(x) * (q.logpdf(x) - p.logpdf(x)), -20, 20)[0]
        found = divergence_from_normal(keras.ops.array([[mean]]), keras.ops.array([[log_variance]]))
        assert float(found[0]) == pytest.approx(integral, abs=1e-5)


def test_mult_vae_draws_codes_of_the_posterior_in_training_only() -> None:
    network = VariationalNetwork(n_items=6, hidden=(), factors=2, noise=0.0, regularization=0.0)
    drawn = np.array([network.draws(keras.ops.zeros((4, 2)), training=True) for _ in range(400)])
    assert drawn.mean() == pytest.approx(0.0, abs=0.06)
    assert drawn.std() == pytest.approx(1.0, abs=0.06)
    weights = shaken(network)
    x = X / np.sqrt((X**2).sum(axis=1, keepdims=True))
    mean = stacked(weights, "encode", x, lambda v: v)[:, :2]
    expected = stacked(weights, "decode", mean, lambda v: v)
    assert answers(network, {"history": X.astype(np.float32)}) == pytest.approx(expected, abs=1e-5)


def test_noise_drops_entries_and_grows_the_others() -> None:
    network = DenoisingNetwork(n_items=6, hidden=(), factors=3, noise=0.25, regularization=0.0)
    chunk = next(HistoryFeed(sparse.csr_array(X.astype(np.float32)), 4).epoch(np.random.default_rng(0)))
    batch = {name: array[0] for name, array in chunk.items()}
    full = (X / np.sqrt((X**2).sum(axis=1, keepdims=True)))[batch["person"]]
    noisy = np.array([noisy_history(batch, 6, network.noisy, training=True) for _ in range(200)])
    assert np.isclose(noisy, 0).__or__(np.isclose(noisy, full / 0.75, atol=1e-6)).all()
    assert (noisy[:, full > 0] == 0).mean() == pytest.approx(0.25, abs=0.03)
    assert np.asarray(noisy_history(batch, 6, network.noisy, training=False)) == pytest.approx(full, abs=1e-6)


def test_the_weight_of_the_divergence_grows_to_its_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    model = lt.MultVAE(hidden=(), factors=2, epochs=5, batch_size=10, kl_weight=0.4, annealing=0.5)
    monkeypatch.setattr(model, "_train", lambda feed: seen.extend(c for _ in range(5) for c in feed.epoch(rng)))
    rng = np.random.default_rng(0)
    model.fit(toy_worlds()["implicit"].train)  # 40 people, 4 steps an epoch, 20 in all
    grown = np.concatenate([chunk["kl_weight"][:, 0] for chunk in seen])
    assert grown == pytest.approx(0.4 * np.minimum(1.0, np.arange(20) / 10))


# -- CDAE --------------------------------------------------------------------------------------------------------------

CODES = {"sigmoid": lambda v: 1 / (1 + np.exp(-v)), "tanh": np.tanh, "linear": lambda v: v}
NEGATIVES = 1.2


def cell_loss(kind: str, wanted: float, score: float) -> float:
    if kind == "square":
        return 0.5 * (wanted - score) ** 2
    return float(np.log1p(np.exp(-score if wanted else score)))


def person_loss(weights: Arrays, x: Any, node: Any, activation: str, kind: str) -> float:
    code = CODES[activation](x @ weights["encode/kernel"] + weights["encode/bias"] + node)
    scores = code @ weights["decode/kernel"] + weights["decode/bias"]
    chance = min(1.0, NEGATIVES * (x > 0).sum() / (x == 0).sum())
    cells = [
        x[i] * cell_loss(kind, 1, scores[i]) if x[i] else chance * cell_loss(kind, 0, scores[i]) for i in range(len(x))
    ]
    return float(sum(cells) + 0.5 * REGULARIZATION * (node**2).sum())


@pytest.mark.parametrize(("activation", "kind"), [("sigmoid", "logistic"), ("tanh", "square"), ("linear", "logistic")])
def test_cdae_is_the_derivation(activation: Any, kind: Any) -> None:
    def loss(weights: Arrays) -> float:
        people = [person_loss(weights, x, node, activation, kind) for x, node in zip(X, weights["nodes"], strict=True)]
        return float(np.mean(people)) + 0.5 * REGULARIZATION * penalty(weights)

    weights, gradient, found = gradients(cdae(activation, kind), {})
    assert found == pytest.approx(loss(weights), rel=1e-5)
    for name, expected in differences(loss, weights).items():
        assert gradient[name] == pytest.approx(expected, abs=1e-4), name


def test_the_node_of_a_stranger_is_the_one_to_be_expected_of_their_history() -> None:
    data = toy_worlds()["implicit"].train
    model = lt.CDAE(factors=4, epochs=20, activation="tanh").fit(data)
    weights = {name: value.astype(np.float64) for name, value in model.weights_.items()}
    inside = data.by_user @ weights["encode/kernel"] + weights["encode/bias"]
    codes = np.column_stack([inside, np.ones(len(inside))])
    stacked_codes = np.vstack([codes, np.eye(5)])  # one person's weight on a map of zeros
    expected_map = np.linalg.lstsq(stacked_codes, np.vstack([weights["nodes"], np.zeros((5, 4))]), rcond=None)[0]
    code = np.tanh(inside + codes @ expected_map)
    expected = code @ weights["decode/kernel"] + weights["decode/bias"]
    assert model._score_preferences(data.by_user) == pytest.approx(expected, abs=1e-4)


def test_empty_cells_count_as_often_as_they_would_be_drawn() -> None:
    weights, x = shaken(cdae("sigmoid", "logistic")), X[0]  # three cells met, three empty
    network = CollaborativeNetwork(
        n_people=4, n_items=6, factors=3, activation="sigmoid", kind="logistic", negatives=2 / 3, noise=0.0,
        regularization=0.0,
    )  # fmt: skip
    scores = weights["decode/bias"]
    met = sum(x[i] * cell_loss("logistic", 1, scores[i]) for i in np.flatnonzero(x))
    rng, drawn = np.random.default_rng(0), []
    for _ in range(4000):
        chosen = rng.choice(np.flatnonzero(x == 0), size=2, replace=False)  # two thirds of three
        drawn.append(met + sum(cell_loss("logistic", 0, scores[i]) for i in chosen))
    met_row, score_row = (keras.ops.array(row[None].astype(np.float32)) for row in (x, scores))
    assert float(keras.ops.sum(network.cells(met_row, score_row))) == pytest.approx(np.mean(drawn), abs=0.02)


def test_a_training_user_of_cdae_is_answered_with_their_node() -> None:
    data = toy_worlds()["implicit"].train
    model = lt.CDAE(factors=4, epochs=3, activation="sigmoid").fit(data)
    weights = {name: value.astype(np.float64) for name, value in model.weights_.items()}
    code = CODES["sigmoid"](data.by_user[[3]] @ weights["encode/kernel"] + weights["encode/bias"] + weights["nodes"][3])
    expected = (code @ weights["decode/kernel"] + weights["decode/bias"])[0]
    found = model.recommend([data.user_ids[3]], n=40, exclude="none")
    assert found.scores[0] == pytest.approx(expected[found.items[0]], abs=1e-4)


def cdae(activation: Any, kind: Any) -> CollaborativeNetwork:
    return CollaborativeNetwork(
        n_people=4, n_items=6, factors=3, activation=activation, kind=kind, negatives=NEGATIVES, noise=0.0,
        regularization=REGULARIZATION,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["mult-dae", "mult-vae", "cdae"])
def test_patience_keeps_the_best_epoch(name: str) -> None:
    model = lt.make(name, factors=4, epochs=30, batch_size=16, learning_rate=0.03, patience=3)
    model.fit(toy_worlds()["implicit"].train)
    scores = [epoch["score"] for epoch in model.training_]
    assert len(scores) < 30 or scores[-1] == max(scores)
    assert model.report.best == 1 + int(np.argmax(scores))


def test_a_known_user_without_rows_gets_what_most_have_met() -> None:
    data = ragged()  # its last user has no rows
    model = lt.CDAE(factors=4, epochs=1).fit(data)
    nobody = np.array([data.n_users - 1], dtype=np.int32)
    met = data.item_counts > 0
    assert model._score_users(nobody)[0][met] == pytest.approx(model.popularity_[met])
