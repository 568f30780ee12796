"""Epochs, scores and patience, the best weights, progress, interrupts and divergence."""

from __future__ import annotations

import gc
import logging
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from longtail.algorithms.trainer import Network, RowFeed, Settings, Table, answers, backend, keras, train
from longtail.errors import ConfigError

on_jax = pytest.mark.skipif(backend.name() != "jax", reason="of the loop on JAX")


@dataclass(eq=False, kw_only=True)
class Counter(Network):
    """Its only weight goes up by the learning rate with every step, whatever the batch."""

    start: float = 0.0

    def build(self) -> None:
        self.w = self.weight((1,), self.start)

    def loss(self, batch: Any, training: bool) -> Any:
        return keras.ops.broadcast_to(-self.w, keras.ops.shape(batch["x"]))

    def answer(self, batch: Any) -> Any:
        return batch["x"] * self.w

    @property
    def value(self) -> float:
        return float(self.values()["w"][0])


FEED = RowFeed({"x": np.ones(6, dtype=np.float32)}, batch_size=2)  # three steps


def settings(epochs: int = 8, patience: int = 0, rate: float = 1.0) -> Settings:
    return Settings(epochs=epochs, learning_rate=rate, optimizer="sgd", patience=patience)


def scores(*values: float) -> Any:
    left = iter(values)
    return lambda: next(left)


def test_without_a_score_the_last_weights_are_kept() -> None:
    network = Counter()
    report = train(network, FEED, settings(epochs=4))
    assert network.value == 12
    assert [epoch["epoch"] for epoch in report.epochs] == [1, 2, 3, 4]
    assert [epoch["loss"] for epoch in report.epochs] == [-1, -4, -7, -10]
    assert report.best == 4
    assert not report.interrupted


def test_the_weights_of_the_best_score_are_kept() -> None:
    network = Counter()
    report = train(network, FEED, settings(epochs=4), scores(0.1, 0.4, 0.3, 0.2))
    assert network.value == 6
    assert report.best == 2
    assert [epoch["score"] for epoch in report.epochs] == [0.1, 0.4, 0.3, 0.2]


def test_patience_ends_it_and_of_equal_scores_the_first_counts() -> None:
    network = Counter()
    report = train(network, FEED, settings(patience=2), scores(0.1, 0.4, 0.4, 0.3, 0.9))
    assert len(report.epochs) == 4
    assert report.best == 2
    assert network.value == 6


def test_a_score_sees_the_weights_of_its_epoch() -> None:
    network, seen = Counter(), []
    train(network, FEED, settings(epochs=3), lambda: seen.append(network.value) or 0.0)
    assert seen == [3, 6, 9]


def test_training_goes_on_from_the_weights_there_are() -> None:
    network = Counter(start=5.0)
    train(network, FEED, settings(epochs=1))
    train(network, FEED, settings(epochs=1))
    assert network.value == 11


# -- interrupts --------------------------------------------------------------------------------------------------------


class Stopping:
    """The feed, but in one of its epochs, before a chunk, somebody presses Ctrl-C."""

    steps = 3

    def __init__(self, epoch: int) -> None:
        self.left = epoch

    def epoch(self, rng: np.random.Generator) -> Iterator[Any]:
        self.left -= 1
        for chunk in FEED.epoch(rng):
            for step in range(3):
                if self.left == 0 and step == 1:
                    raise KeyboardInterrupt
                yield {name: array[step : step + 1] for name, array in chunk.items()}


def test_an_interrupt_keeps_the_best_weights_so_far(caplog) -> None:
    network = Counter()
    report = train(network, Stopping(4), settings(), scores(0.1, 0.5, 0.2))
    assert network.value == 6
    assert (report.interrupted, report.best, len(report.epochs)) == (True, 2, 3)
    assert "interrupted after 3 of 8 epochs; the best weights so far are kept" in caplog.text


def test_an_interrupt_while_scoring_keeps_the_best_weights_so_far() -> None:
    def score() -> float:
        asked.append(1)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return 0.5 / len(asked)

    asked: list[int] = []
    network = Counter()
    report = train(network, FEED, settings(), score)
    assert network.value == 3
    assert (report.interrupted, report.best, len(report.epochs)) == (True, 1, 2)


def test_an_interrupt_without_scores_keeps_the_last_weights() -> None:
    network = Counter()
    report = train(network, Stopping(3), settings())
    assert network.value == 7
    assert report.interrupted


def test_an_interrupt_in_the_first_epoch_is_passed_on() -> None:
    with pytest.raises(KeyboardInterrupt):
        train(Counter(), Stopping(1), settings())


@on_jax
def test_an_interrupt_while_steps_are_run_loses_no_weights(monkeypatch) -> None:
    """The weights handed to the compiled loop are gone when it returns: nothing may come between."""
    from longtail.algorithms.trainer.on_jax import _Program

    def initial(self: Any, network: Any) -> Any:
        run, calls = self.run, []

        def interrupted(*args: Any) -> Any:
            made = run(*args)
            calls.append(1)
            if len(calls) == 5:
                signal.raise_signal(signal.SIGINT)
            return made

        monkeypatch.setattr(self, "run", interrupted)
        return before(self, network)

    before = _Program.initial
    monkeypatch.setattr(_Program, "initial", initial)
    network = Counter()
    listening = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores interrupts
    try:
        report = train(network, FEED, settings())
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, listening)
    assert report.interrupted
    assert network.value == 15


# -- what is told ------------------------------------------------------------------------------------------------------


def test_every_epoch_is_told_with_loss_and_score(caplog) -> None:
    with caplog.at_level(logging.INFO, logger="longtail.training"):
        train(Counter(), FEED, settings(epochs=2), scores(0.25, 0.5))
    assert [record.getMessage().partition(" (")[0] for record in caplog.records] == [
        "epoch 1 of 2: loss -1.0000, score 0.2500",
        "epoch 2 of 2: loss -4.0000, score 0.5000",
    ]


@pytest.mark.parametrize("start", [np.nan, np.inf])
def test_divergence_is_said_in_one_line(start) -> None:
    with pytest.raises(ConfigError) as caught:
        train(Counter(start=start), FEED, settings(rate=0.5))
    assert str(caught.value) == "learning diverged in epoch 1 with learning_rate 0.5; choose a lower one"


# -- what is compiled --------------------------------------------------------------------------------------------------


@on_jax
def test_a_second_training_of_the_same_kind_compiles_nothing(caplog) -> None:
    import jax

    train(Counter(seed=1), FEED, settings(epochs=2))
    with jax.log_compiles(), caplog.at_level(logging.WARNING, logger="jax"):
        train(Counter(seed=2), FEED, settings(epochs=3, rate=0.3), scores(1.0, 2.0, 3.0))
        again = [record.getMessage() for record in caplog.records if "Compiling" in record.getMessage()]
        assert not again
        caplog.clear()
        train(Counter(start=1.0), FEED, settings(epochs=1))  # another network: the log does show compilation
        assert any("Compiling" in record.getMessage() for record in caplog.records)


@dataclass(eq=False, kw_only=True)
class Wide(Network):
    """Weights that can be told from all others by their size."""

    n: int = 12_347
    by_rows: bool = False

    def build(self) -> None:
        self.w = self.weight((self.n, 2), 1.0)

    def tables(self) -> tuple[Table, ...]:
        return (Table(("w",), ("x",)),) if self.by_rows else ()

    def loss(self, batch: Any, training: bool) -> Any:
        return keras.ops.sum(keras.ops.take(self.w, batch["x"], axis=0), axis=1)

    def answer(self, batch: Any) -> Any:
        return keras.ops.take(self.w, batch["x"], axis=0)


@on_jax
@pytest.mark.parametrize("by_rows", [False, True])
def test_a_compiled_program_keeps_no_weights(by_rows) -> None:
    """Programs stay for the next network of their kind: they must not hold on to as much memory as one."""
    import jax

    x = np.arange(6, dtype=np.int32)
    for _ in range(2):
        network = Wide(by_rows=by_rows)
        train(network, RowFeed({"x": x}, batch_size=2), Settings(epochs=2, learning_rate=0.1))
        answered = answers(network, {"x": x})
        np.testing.assert_array_equal(answered, network.values()["w"][x])
        del network
        gc.collect()
        assert not [array.shape for array in jax.live_arrays() if array.shape[:1] == (12_347,)]


@on_jax
def test_programs_of_forgotten_networks_are_let_go(monkeypatch) -> None:
    from longtail.algorithms.trainer import on_jax

    monkeypatch.setattr(on_jax, "_PROGRAMS", {})
    monkeypatch.setattr(on_jax, "_MOST_PROGRAMS", 2)
    for n in range(4):
        train(Counter(start=float(n)), FEED, settings(epochs=1))
    assert [dict(key[0][1:])["start"] for key in on_jax._PROGRAMS] == [2.0, 3.0]
