"""Dropout: the rate, the scaling, and that no mask tells anything about another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from longtail.algorithms.trainer import Network, RowFeed, Settings, dropout, keras, train


def masks(rate: float, seed: int, shape: tuple[int, ...], n: int) -> np.ndarray:
    layer = dropout.make(rate, seed)
    ones = np.ones(shape, dtype=np.float32)
    return np.stack([keras.ops.convert_to_numpy(layer(ones, training=True)) for _ in range(n)])


def by_hand(rate: float, seed: int, call: int, size: int) -> np.ndarray:
    """The mask in whole numbers of Python."""

    def mixed(h: int) -> int:
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
            h = (h ^ (h >> shift)) * factor % 2**32
        return h

    golden = 0x9E3779B9
    salt = mixed((seed + call * golden) % 2**32)
    drawn = np.array([mixed(place * golden % 2**32 ^ salt) for place in range(size)], dtype=np.uint32)
    return drawn.astype(np.int32) < round((1 - rate) * 2**32) - 2**31


def test_masks_are_those_of_the_hash_by_hand() -> None:
    drawn = masks(0.4, 77, (5, 30), 3) > 0
    for call in range(3):
        assert drawn[call].ravel().tolist() == by_hand(0.4, 77, call, 150).tolist()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_rate_of_every_place_and_of_every_call(rate) -> None:
    drawn = masks(rate, 5, (40, 50), 200)
    kept = drawn > 0
    assert np.unique(drawn[kept]) == pytest.approx(1 / (1 - rate))
    deviation = np.sqrt(rate * (1 - rate))
    for axis, n in (((1, 2), 2000), (0, 200), ((0, 2), 10000), ((0, 1), 8000)):
        z = (kept.mean(axis=axis) - (1 - rate)) / (deviation / np.sqrt(n))
        assert np.abs(z).max() < 5.5
        assert abs(np.mean(z**2) - 1) < 4 * np.sqrt(2 / z.size)  # no evener and no more uneven than by chance


def test_masks_of_calls_seeds_and_places_are_uncorrelated() -> None:
    kept = (masks(0.5, 1, (10000,), 40) > 0) - 0.5
    other = (masks(0.5, 2, (10000,), 40) > 0) - 0.5
    between = 4 * kept @ kept.T / 10000
    np.fill_diagonal(between, 0)
    assert np.abs(between).max() < 0.06
    assert np.abs(4 * kept @ other.T / 10000).max() < 0.06
    for lag in (1, 2, 7, 64, 1024):
        assert abs(4 * np.mean(kept[:, :-lag] * kept[:, lag:])) < 0.01


def test_nothing_is_dropped_outside_of_training_or_at_rate_0() -> None:
    x = np.arange(6, dtype=np.float32)
    for rate in (0.0, 0.5):
        assert keras.ops.convert_to_numpy(dropout.make(rate, 1)(x)).tolist() == x.tolist()
    assert keras.ops.convert_to_numpy(dropout.make(0.0, 1)(x, training=True)).tolist() == x.tolist()


@dataclass(eq=False, kw_only=True)
class Noted(Network):
    """Its loss notes in a memory which entries each step kept."""

    rate: float = 0.25

    def build(self) -> None:
        self.first, self.second = self.dropout(self.rate), self.dropout(self.rate)
        self.scale = self.weight((1,), 1.0)
        self.seen = self.memory((2, 64))

    def loss(self, batch: Any, training: bool) -> Any:
        ones = batch["x"]
        kept = keras.ops.stack([self.first(ones, training=training), self.second(ones, training=training)])
        self.seen.assign(self.seen + kept)
        return self.scale[0] * ones

    def answer(self, batch: Any) -> Any:
        return batch["x"]


def test_every_step_of_a_training_has_masks_of_its_own() -> None:
    network = Noted(seed=3)
    train(network, RowFeed({"x": np.ones(64 * 40, np.float32)}, 64), Settings(epochs=5, learning_rate=0.0))
    kept = keras.ops.convert_to_numpy(network.seen.value) * 0.75
    counts = np.round(kept)
    assert np.abs(kept - counts).max() < 1e-3
    assert counts.mean() == pytest.approx(150, abs=3.0)
    assert counts.std() == pytest.approx(np.sqrt(200 * 0.25 * 0.75), rel=0.3)
    assert np.corrcoef(counts)[0, 1] == pytest.approx(0, abs=0.4)
    assert network.first.seed != network.second.seed
    assert set(network.values()) == {"scale"}
