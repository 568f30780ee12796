"""The loop against one written out in NumPy: the same losses and the same weights, whatever the optimizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from longtail.algorithms.trainer import Network, RowFeed, Settings, Table, keras, train
from longtail.algorithms.trainer.optimizers import rates
from longtail.rng import generator


@dataclass(eq=False, kw_only=True)
class Curve(Network):
    """v . tanh(x W + b), squared differences, and a penalty on v."""

    inputs: int = 3
    hidden: int = 4

    def build(self) -> None:
        self.layer = self.dense(self.inputs, self.hidden, "tanh")
        self.v = self.weight((self.hidden,), self.normal(1.0))

    def loss(self, batch: Any, training: bool) -> Any:
        return keras.ops.square(self.answer(batch) - batch["y"])

    def answer(self, batch: Any) -> Any:
        return keras.ops.sum(self.layer(batch["x"]) * self.v, axis=1)

    def penalty(self, batch: Any) -> Any:
        return 0.05 * keras.ops.sum(keras.ops.square(self.v))


Weights = dict[str, np.ndarray]
NAMES = ("layer/kernel", "layer/bias", "v")


def loss_and_gradient(w: Weights, x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[float, Weights]:
    h = np.tanh(x @ w["layer/kernel"] + w["layer/bias"])
    off = h @ w["v"] - y
    share = weight / weight.sum()
    outer = 2 * share * off
    inner = outer[:, None] * w["v"] * (1 - h**2)
    gradient = {"layer/kernel": x.T @ inner, "layer/bias": inner.sum(0), "v": h.T @ outer + 0.1 * w["v"]}
    return float(share @ off**2 + 0.05 * w["v"] @ w["v"]), gradient


def sgd(w, g, memory, rate, step, momentum):  # type: ignore[no-untyped-def]
    m = memory.setdefault("m", np.zeros_like(w))
    m[...] = momentum * m - rate * g
    return w + m


def adagrad(w, g, memory, rate, step, momentum):  # type: ignore[no-untyped-def]
    total = memory["sum"] = memory.get("sum", 0) + g**2
    move = memory["step"] = momentum * memory.get("step", 0) + rate * g / np.sqrt(total + 1e-6)
    return w - move


def adam(w, g, memory, rate, step, momentum):  # type: ignore[no-untyped-def]
    first = memory["first"] = 0.9 * memory.get("first", 0) + 0.1 * g
    second = memory["second"] = 0.999 * memory.get("second", 0) + 0.001 * g**2
    left = 1 - np.float32(0.999) ** np.float32(step)  # in single precision, where it is off by up to 6e-5 of itself
    return w - rate * np.sqrt(left) / (1 - 0.9**step) * first / (np.sqrt(second) + 1e-7)


def rmsprop(w, g, memory, rate, step, momentum):  # type: ignore[no-untyped-def]
    mean = memory["mean"] = 0.9 * memory.get("mean", 0) + 0.1 * g**2
    move = memory["move"] = momentum * memory.get("move", 0) + rate * g / np.sqrt(mean + 1e-7)
    return w - move


RULES = {"sgd": sgd, "adagrad": adagrad, "adam": adam, "rmsprop": rmsprop}


def by_hand(w: Weights, feed: RowFeed, settings: Settings) -> tuple[list[float], Weights]:
    """Epochs of steps, one after another, in double precision."""
    w, memories, step, losses = {name: v.astype(np.float64) for name, v in w.items()}, {}, 0, []
    total = settings.epochs * feed.steps
    for epoch in range(1, settings.epochs + 1):
        lost = []
        for chunk in feed.epoch(generator(settings.seed, "batches", epoch)):
            for x, y, weight in zip(chunk["x"], chunk["y"], chunk["weight"], strict=True):
                rate = settings.learning_rate * min(1.0, (step + 1) / max(1, settings.warmup))
                if settings.schedule == "linear":
                    past = max(0, step - settings.warmup) / (total - settings.warmup)
                    rate = min(rate, settings.learning_rate * (1 - past))
                step += 1
                loss, gradient = loss_and_gradient(w, x, y, weight)
                lost.append(loss)
                if settings.clip_norm:
                    length = np.sqrt(sum(np.sum(g**2) for g in gradient.values()))
                    gradient = {name: g * min(1.0, settings.clip_norm / length) for name, g in gradient.items()}
                for name, g in gradient.items():
                    value = w[name]
                    if settings.weight_decay:
                        value = value - rate * settings.weight_decay * value
                    memory = memories.setdefault(name, {})
                    w[name] = RULES[settings.optimizer](value, g, memory, rate, step, settings.momentum)
        losses.append(float(np.mean(lost)))
    return losses, w


def points(n: int = 50) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 3)).astype(np.float32)
    return {"x": x, "y": np.sin(x.sum(1)).astype(np.float32)}


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        ("sgd", {}),
        ("sgd", {"momentum": 0.8, "clip_norm": 0.3}),
        ("sgd", {"weight_decay": 0.1}),
        ("adagrad", {}),
        ("adagrad", {"momentum": 0.3, "warmup": 5}),
        ("adam", {}),
        ("adam", {"schedule": "linear", "warmup": 4, "clip_norm": 0.5}),
        ("rmsprop", {"momentum": 0.5}),
    ],
)
def test_losses_and_weights_are_those_of_a_loop_in_numpy(optimizer, options) -> None:
    network = Curve(seed=4)
    feed = RowFeed(points(), batch_size=8)
    settings = Settings(epochs=4, learning_rate=0.02, optimizer=optimizer, seed=7, **options)
    before = network.values()
    assert set(before) == set(NAMES)
    losses, weights = by_hand(before, feed, settings)
    report = train(network, feed, settings)
    assert [epoch["loss"] for epoch in report.epochs] == pytest.approx(losses, abs=1e-5)
    for name, value in network.values().items():
        np.testing.assert_allclose(value, weights[name], atol=1e-5)
        assert np.abs(value - before[name]).max() > 1e-3


def test_gradients_are_those_of_finite_differences() -> None:
    """One step of plain descent moves each weight by the rate times its gradient."""
    data = points(16) | {"weight": np.linspace(0.5, 2, 16).astype(np.float32)}
    network = Curve(seed=2)
    before = network.values()
    moved = Curve(seed=2)
    train(moved, Once(data), Settings(epochs=1, learning_rate=1.0, optimizer="sgd"))
    for name, value in moved.values().items():
        slope = np.zeros_like(value, dtype=np.float64)
        for place in np.ndindex(value.shape):
            ends = []
            for end in (1e-4, -1e-4):
                w = {key: each.astype(np.float64) for key, each in before.items()}
                w[name][place] += end
                ends.append(loss_and_gradient(w, data["x"], data["y"], data["weight"])[0])
            slope[place] = (ends[0] - ends[1]) / 2e-4
        np.testing.assert_allclose(before[name] - value, slope, rtol=1e-3, atol=1e-4)


class Once:
    """One step with all rows, in order."""

    steps = 1

    def __init__(self, data: dict[str, np.ndarray]) -> None:
        self.data = data

    def epoch(self, rng: np.random.Generator) -> Any:
        yield {name: array[None] for name, array in self.data.items()}


# -- tables of which a step reads few rows -----------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class Pairs(Network):
    """Dot products of rows of two tables, one with a bias of each row; trained by rows or whole."""

    n_users: int = 40
    n_items: int = 300
    by_rows: bool = True

    def build(self) -> None:
        self.users = self.weight((self.n_users, 3), self.normal(0.5))
        self.items = self.weight((self.n_items, 3), self.normal(0.5))
        self.bias = self.weight((self.n_items,))
        self.center = self.weight((1,), 0.2)

    def tables(self) -> tuple[Table, ...]:
        return (Table(("items", "bias"), ("item", "other")),) if self.by_rows else ()

    def loss(self, batch: Any, training: bool) -> Any:
        ops = keras.ops
        users = ops.take(self.users, batch["user"], axis=0)

        def score(ids: Any) -> Any:
            vectors = ops.take(self.items, ids, axis=0)
            return ops.sum(users * vectors, axis=1) + ops.take(self.bias, ids, axis=0) + self.center[0]

        return ops.softplus(score(batch["other"]) - score(batch["item"])) + ops.square(score(batch["item"]) - 1)

    def answer(self, batch: Any) -> Any:
        return batch["user"]


def clicks(n: int = 90) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    draw = lambda top: rng.integers(0, top, n).astype(np.int32)  # noqa: E731
    return {"user": draw(40), "item": draw(12) * 25, "other": draw(300)}  # few items, so that batches hold them twice


def pairs(by_rows: bool, **options: Any) -> tuple[Pairs, list[float]]:
    network = Pairs(seed=1, by_rows=by_rows)
    report = train(network, RowFeed(clicks(), 20), Settings(epochs=3, learning_rate=0.1, seed=2, **options))
    return network, [epoch["loss"] for epoch in report.epochs]


@pytest.mark.parametrize(
    "options", [{"optimizer": "sgd"}, {"optimizer": "adagrad"}, {"optimizer": "sgd", "clip_norm": 0.1}]
)
def test_a_table_updated_by_rows_ends_as_one_updated_whole(options) -> None:
    (rows, row_losses), (whole, losses) = pairs(True, **options), pairs(False, **options)
    assert row_losses == pytest.approx(losses, rel=1e-6)
    for name, value in whole.values().items():
        np.testing.assert_allclose(rows.values()[name], value, rtol=1e-5, atol=1e-6)


def test_rows_that_no_step_reads_stay_as_they_were_even_under_momentum() -> None:
    network, _ = pairs(True, optimizer="adam")
    before, after, data = Pairs(seed=1).values(), network.values(), clicks()
    read = np.unique(np.concatenate([data["item"], data["other"]]))
    unread = np.setdiff1d(np.arange(300), read)
    assert len(unread)
    np.testing.assert_array_equal(after["items"][unread], before["items"][unread])
    assert (after["items"][read] != before["items"][read]).all()
    assert not after["bias"][unread].any()


def test_rows_that_fill_up_a_batch_change_nothing() -> None:
    """90 rows in batches of 20 leave ten places empty; as five steps of their own rows they say the same."""

    class Bare:
        steps = 5

        def epoch(self, rng: np.random.Generator) -> Any:
            for chunk in RowFeed(clicks(), 20).epoch(rng):
                for step in range(len(chunk["weight"])):
                    full = chunk["weight"][step] > 0
                    yield {name: array[step][full][None] for name, array in chunk.items()}

    settings = Settings(epochs=1, learning_rate=0.1, optimizer="sgd", seed=2)
    filled, bare = Pairs(seed=1), Pairs(seed=1)
    train(filled, RowFeed(clicks(), 20), settings)
    for chunk in list(Bare().epoch(generator(2, "batches", 1))):
        step = Once({name: array[0] for name, array in chunk.items()})
        train(bare, step, settings)
    for name, value in filled.values().items():
        np.testing.assert_allclose(bare.values()[name], value, rtol=1e-5, atol=1e-6)


# -- the learning rate -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
@pytest.mark.parametrize("warmup", [0, 6])
def test_rates_by_formula_step_by_step(schedule, warmup) -> None:
    total, peak = 30, 0.4
    expected = []
    for step in range(total):
        past = max(0, step - warmup) / (total - warmup)
        fall = {"constant": 1.0, "linear": 1 - past, "cosine": (1 + np.cos(np.pi * past)) / 2}[schedule]
        rise = (step + 1) / warmup if warmup and step < warmup else 1.0
        expected.append(peak * min(rise, fall))
    parts = [rates(schedule, peak, warmup, 10, total, first) for first in (0, 10, 20)]
    assert np.concatenate(parts).tolist() == pytest.approx(expected, rel=1e-5, abs=1e-7)
