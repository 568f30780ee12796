"""Dropout as a layer that counts its calls: its masks cost next to nothing, and are the same on every backend."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from longtail.algorithms.trainer.backend import keras

__all__ = ["dropped", "make"]

_GOLDEN = -1640531527
"""2**32 over the golden ratio, as a signed number: steps of this size meet every number before they repeat."""


def make(rate: float, seed: int) -> Any:
    """A built layer that sets entries to 0 when called with `training=True`, each time others (see `dropped`).

    It counts its calls in a variable, so it cannot stand inside of a loop of the backend (`ops.scan`).

    Args:
        rate: from 0, for nothing to happen, to below 1.
        seed: below 2**31.
    """
    layer = _dropout()(rate, seed)
    layer.build(None)
    return layer


@functools.cache
def _dropout() -> type[Any]:
    class Dropout(keras.layers.Layer):  # type: ignore[misc]
        """Dropout (Srivastava and others 2014)."""

        def __init__(self, rate: float, seed: int) -> None:
            super().__init__()
            self.rate, self.seed = rate, seed

        def build(self, shape: Any) -> None:
            if self.rate:
                self.state = keras.Variable([self.seed], dtype="int32", trainable=False, name="state")

        def call(self, inputs: Any, training: bool = False) -> Any:
            if not training or not self.rate:
                return inputs
            found = dropped(inputs, self.rate, self.state.value, layer=0)
            self.state.assign(self.state + keras.ops.convert_to_tensor([_GOLDEN], dtype="int32"))
            return found

    return Dropout


def dropped(values: Any, rate: float, seed: Any, layer: int) -> Any:
    """`values` with each entry 0 with probability `rate`, and else divided by 1 - rate (Srivastava and others 2014).

    Which entries are dropped follows from `seed`, `layer` and where they stand, by the mixing function of MurmurHash3
    (Appleby 2011) in 32 bits. On a CPU that is several times faster than a generator of random numbers.

    Args:
        values: any shape.
        rate: at least 0 and below 1.
        seed: (1,) int32, of the step.
        layer: tells one use within a step from another.

    Examples:
        >>> seed = np.array([5], dtype=np.int32)
        >>> kept = np.asarray(dropped(keras.ops.ones((100, 100)), 0.25, seed, layer=1))
        >>> np.unique(kept).round(2).tolist(), bool(abs(kept.mean() - 1) < 0.03)
        ([0.0, 1.3300000429153442], True)
    """
    if not rate:
        return values
    ops, shape = keras.ops, tuple(values.shape)
    places = ops.reshape(ops.arange(int(np.prod(shape)), dtype="int32"), shape)
    salt = _mixed(ops.convert_to_tensor(seed) + np.int32(layer * 40503))
    drawn = _mixed(ops.bitwise_xor(places * np.int32(-1640531527), salt))
    kept = np.int32(round((1.0 - rate) * 2**32) - 2**31)
    return ops.where(drawn < kept, values * (1.0 / (1.0 - rate)), ops.zeros_like(values))


def _mixed(bits: Any) -> Any:
    """The finalizer of MurmurHash3, on int32: products wrap around, and shifts to the right bring in zeros."""
    ops = keras.ops

    def shifted(values: Any, places: int) -> Any:
        return ops.bitwise_and(ops.right_shift(values, np.int32(places)), np.int32(2 ** (32 - places) - 1))

    bits = ops.bitwise_xor(bits, shifted(bits, 16)) * np.int32(-2048144789)
    bits = ops.bitwise_xor(bits, shifted(bits, 13)) * np.int32(-1028477387)
    return ops.bitwise_xor(bits, shifted(bits, 16))
