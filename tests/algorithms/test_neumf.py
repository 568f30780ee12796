"""NeuMF beside its derivation in NumPy: loss, gradients, the vectors of somebody new, both parts joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import longtail as lt
from longtail.algorithms.deep.neumf import joined
from longtail.algorithms.deep.neural_cf import NeuralCF
from longtail.algorithms.trainer import Chunk, Settings, answers, train
from longtail.errors import ConfigError
from longtail.testing.worlds import ragged, toy_worlds
from longtail.types import AnyArray

SIZES: dict[str, Any] = {
    "n_users": 4, "n_items": 6, "factors": 3, "hidden": (4, 5, 2), "parts": "both", "negatives": 2,
    "regularization": 0.0, "fold_in_steps": 400, "fold_in_rate": 0.02,
}  # fmt: skip
Weights = dict[str, AnyArray]


@dataclass
class Once:
    """One step with these arrays."""

    batch: dict[str, AnyArray]
    steps: int = 1

    def epoch(self, rng: np.random.Generator) -> Iterator[Chunk]:
        yield {name: array[None] for name, array in self.batch.items()}


def random_network(seed: int = 0, **changes: Any) -> tuple[NeuralCF, Weights]:
    network, rng = NeuralCF(**{**SIZES, **changes}), np.random.default_rng(seed)
    network.assign({name: rng.normal(0, 0.6, v.shape).astype(np.float32) for name, v in network.values().items()})
    return network, {name: value.astype(np.float64) for name, value in network.values().items()}


def score(w: Weights, gmf: AnyArray, mlp: AnyArray, item: int) -> float:
    """Equations 11 and 12 of the paper, for one pair, the first layer on both vectors side by side."""
    total = float(w["bias"][0])
    if "head_gmf" in w:
        total += float(w["head_gmf"] @ (gmf * w["item_gmf"][item]))
    if "head_mlp" in w:
        layer = np.concatenate([mlp, w["item_mlp"][item]])
        for n in range(sum(name.startswith("kernels.") for name in w)):
            layer = np.maximum(layer @ w[f"kernels.{n}"] + w[f"shifts.{n}"], 0)
        total += float(w["head_mlp"] @ layer)
    return total


def pair_score(w: Weights, user: int, item: int) -> float:
    nothing = np.zeros(0)
    gmf = w["user_gmf"][user] if "user_gmf" in w else nothing
    return score(w, gmf, w["user_mlp"][user] if "user_mlp" in w else nothing, item)


def log_loss(value: float, met: bool) -> float:
    chance = 1.0 / (1.0 + np.exp(-value))
    return float(-np.log(chance if met else 1.0 - chance))


def loss(w: Weights, batch: dict[str, AnyArray], regularization: float) -> float:
    total = 0.0
    for row, weight in enumerate(batch["weight"]):
        user, item = batch["user"][row], batch["item"][row]
        lost = log_loss(pair_score(w, user, item), True)
        lost += sum(log_loss(pair_score(w, user, other), False) for other in batch["drawn"][row])
        for name, at in (("user_gmf", user), ("user_mlp", user), ("item_gmf", item), ("item_mlp", item)):
            lost += 0.5 * regularization * float((w[name][at] ** 2).sum()) if name in w else 0.0
        total += float(weight) * lost / float(batch["weight"].sum())
    return total


BATCH = {
    "user": np.array([0, 1, 3], dtype=np.int32),
    "item": np.array([2, 5, 2], dtype=np.int32),
    "drawn": np.array([[1, 0], [4, 4], [3, 5]], dtype=np.int32),
    "weight": np.array([1.0, 2.0, 0.5], dtype=np.float32),
}


@pytest.mark.parametrize(("parts", "regularization"), [("both", 0.2), ("gmf", 0.0), ("mlp", 0.1)])
def test_loss_and_gradients_are_those_derived(parts: str, regularization: float) -> None:
    network, weights = random_network(parts=parts, regularization=regularization)
    before = network.values()
    report = train(network, Once(BATCH), Settings(epochs=1, learning_rate=1.0, optimizer="sgd"))
    found = {name: before[name] - after for name, after in network.values().items()}
    assert report.epochs[0]["loss"] == pytest.approx(loss(weights, BATCH, regularization), rel=1e-5)
    for name, value in weights.items():
        wanted = np.zeros_like(value)
        for at in np.ndindex(value.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = {**weights, name: value.copy()}
                moved[name][at] += step
                ends.append(loss(moved, BATCH, regularization))
            wanted[at] = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(found[name], wanted, atol=2e-5, rtol=1e-4, err_msg=name)


def test_scores_of_everything_are_those_of_the_pairs() -> None:
    network, weights = random_network()
    vectors = network.values()
    found = answers(network, {"gmf": vectors["user_gmf"], "mlp": vectors["user_mlp"]})
    wanted = [[pair_score(weights, user, item) for item in range(6)] for user in range(4)]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def row_loss(w: Weights, vector: AnyArray, batch: dict[str, AnyArray], row: int, regularization: float) -> float:
    """What somebody new loses: their row, with vectors `vector` (widths,)."""
    gmf, mlp, total = vector[:3], vector[3:], 0.0
    for kind, met in (("history", True), ("drawn", False)):
        for item, weight in zip(batch[kind][row], batch[f"{kind}_weight"][row], strict=True):
            total += float(weight) * log_loss(score(w, gmf, mlp, int(item)), met)
    return total + 0.5 * regularization * float(batch["history_weight"][row].sum() * (vector**2).sum())


def test_somebody_new_gets_the_vectors_that_lower_the_loss_of_their_row_most() -> None:
    """The gradient there is zero by finite differences of the derivation, unless a ReLU unit turns there."""
    network, weights = random_network(regularization=0.3, seed=2)
    batch = {
        "history": np.array([[2, 5, 0], [1, 0, 0]], dtype=np.int32),
        "history_weight": np.array([[1.0, 0.5, 0.0], [1.0, 0.0, 0.0]], dtype=np.float32),
        "drawn": np.array([[0, 1], [3, 4]], dtype=np.int32),
        "drawn_weight": np.array([[1.5, 1.5], [1.0, 0.0]], dtype=np.float32),
        "start": np.tile(np.concatenate([network.values()["user_gmf"][0], network.values()["user_mlp"][0]]), (2, 1)),
    }
    solved = answers(network, batch).astype(np.float64)
    for row in range(2):
        begun = row_loss(weights, batch["start"][row].astype(np.float64), batch, row, 0.3)
        ended = row_loss(weights, solved[row], batch, row, 0.3)
        nearby = [row_loss(weights, solved[row] + 0.02 * way, batch, row, 0.3) for way in [*np.eye(5), *-np.eye(5)]]
        assert ended < begun - 0.1
        assert ended <= min(nearby)


def test_the_slope_for_somebody_new_is_the_gradient() -> None:
    network, weights = random_network(seed=4)
    rng = np.random.default_rng(0)
    items = rng.integers(0, 6, (2, 4)).astype(np.int32)
    amounts, met = rng.random((2, 4)).astype(np.float32), np.array([[1, 1, 0, 0], [1, 0, 0, 0]], dtype=np.float32)
    vectors = rng.normal(size=(2, 5)).astype(np.float32)
    of_items = network._of_items({name: network.values()[f"item_{name}"][items] for name in ("gmf", "mlp")})
    found = np.asarray(network.slope(vectors, of_items, amounts, met))
    for row in range(2):

        def lost(vector: AnyArray, row: int = row) -> float:
            pairs = zip(items[row], amounts[row], met[row], strict=True)
            return sum(
                float(a) * log_loss(score(weights, vector[:3], vector[3:], int(i)), bool(m)) for i, a, m in pairs
            )

        at = vectors[row].astype(np.float64)
        wanted = [(lost(at + step) - lost(at - step)) / 2e-6 for step in 1e-6 * np.eye(5)]
        np.testing.assert_allclose(found[row], wanted, rtol=1e-4, atol=1e-5)


def test_joined_parts_score_the_mean_of_both() -> None:
    gmf, one = random_network(parts="gmf", seed=1)
    mlp, two = random_network(parts="mlp", seed=2)
    both = NeuralCF(**SIZES)
    both.assign(joined(gmf.values(), mlp.values()))
    w = {name: value.astype(np.float64) for name, value in both.values().items()}
    for user, item in np.ndindex(4, 6):
        mean = (pair_score(one, user, item) + pair_score(two, user, item)) / 2
        assert pair_score(w, user, item) == pytest.approx(mean, rel=1e-5)


def test_negatives_are_drawn_anew_in_every_epoch_and_never_met() -> None:
    model = lt.make("neumf", factors=2, hidden=(4, 2), epochs=1).fit(ragged())
    feed = model._feed(model.histories_)
    chunks = [next(iter(feed.epoch(np.random.default_rng(seed)))) for seed in (0, 1)]
    assert chunks[0]["drawn"].shape[2] == 4
    assert not np.array_equal(chunks[0]["drawn"], chunks[1]["drawn"])
    met = model.histories_.toarray() > 0
    for chunk in chunks:
        users, drawn = chunk["user"][..., None], chunk["drawn"]
        few = met.sum(axis=1)[users] < 100  # who has met nearly everything may be given something met
        assert not (met[users, drawn] & few).any()
        assert (model.popularity_[drawn] > 0).all()


def test_pretraining_begins_lower() -> None:
    data = toy_worlds()["implicit"].train
    small: dict[str, Any] = {"factors": 8, "hidden": (16, 8), "epochs": 4, "batch_size": 64, "learning_rate": 0.02}
    first = {way: lt.make("neumf", pretraining=way, **small).fit(data).training_[0]["loss"] for way in (True, False)}
    assert first[True] < first[False] - 0.2


def test_early_stopping_keeps_the_best_epoch() -> None:
    model = lt.make("neumf", factors=4, hidden=(8, 4), epochs=6, learning_rate=0.02, patience=2).fit(ragged())
    scores = [epoch["score"] for epoch in model.training_]
    assert model.report.best == int(np.argmax(scores)) + 1


def test_impossible_layers_are_refused() -> None:
    for hidden in ((64,), (9, 4)):
        with pytest.raises(ConfigError, match="hidden"):
            lt.make("neumf", hidden=hidden)


def test_a_long_history_is_answered_as_a_short_one() -> None:
    """Blocks of people of different lengths: each gets what they would get alone."""
    model = lt.make("neumf", factors=4, hidden=(8, 4), epochs=2, learning_rate=0.02).fit(ragged())
    rows = model._preferences(model.histories_)[[0, 298, 5, 297]]
    together = model._solved(rows)
    alone = np.concatenate([model._solved(sparse.csr_array(rows[[row]])) for row in range(4)])
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-4)


def test_what_somebody_new_is_compared_with_weighs_as_the_negatives_of_their_pairs() -> None:
    model = lt.make("neumf", factors=4, hidden=(8, 4), negatives=3, epochs=1).fit(ragged())
    rows = model._preferences(model.histories_)[[0, 5, 297]]
    batch = model._as_batch(rows, 256, np.zeros((3, 8), dtype=np.float32))
    assert batch["drawn_weight"].sum(axis=1) == pytest.approx(3 * batch["history_weight"].sum(axis=1), rel=1e-5)
    assert not batch["drawn_weight"][rows.toarray()[:, model.unseen_] > 0].any()
