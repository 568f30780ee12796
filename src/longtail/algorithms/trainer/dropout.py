"""Dropout whose masks cost next to nothing: a hash of each place and of how often a layer was called.

JAX's own random numbers are made for more than this, and on a CPU a mask of them costs about ten times what the
layer around it does. The masks here are also the same on every backend, so that a training can be compared between
them.
"""

from __future__ import annotations

import functools
from typing import Any

from longtail.algorithms.trainer import backend
from longtail.algorithms.trainer.backend import keras

__all__ = ["make"]

_ALL = 0xFFFFFFFF
_GOLDEN = 0x9E3779B9


def make(rate: float, seed: int) -> Any:
    """A built layer that sets entries to 0 when called with `training=True`, each time others.

    Each entry is dropped with probability `rate`; the others are scaled up so that means stay as they are. It counts
    its calls, so it cannot stand inside of a loop of the backend (`ops.scan`).

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
        """Dropout (Srivastava and others 2014), its masks drawn by `uniform_bits`."""

        def __init__(self, rate: float, seed: int) -> None:
            super().__init__()
            self.rate, self.seed = rate, seed

        def build(self, shape: Any) -> None:
            if self.rate:
                start = keras.ops.convert_to_numpy(keras.ops.array([self.seed, 0], dtype="int32"))
                self.calls = keras.Variable(start, dtype="int32", trainable=False, name="seed_and_calls")

        def call(self, inputs: Any, training: bool = False) -> Any:
            if not training or not self.rate:
                return inputs
            ops = keras.ops
            kept = _bits(ops.shape(inputs), self.calls[0], self.calls[1]) >= _constant(int(self.rate * 2**32))
            self.calls.assign(self.calls + ops.array([0, 1], dtype="int32"))
            return ops.where(kept, inputs * (1.0 / (1.0 - self.rate)), ops.zeros_like(inputs))

    return Dropout


def _bits(shape: tuple[Any, ...], seed: Any, calls: Any) -> Any:
    """Whole numbers from 0 to 2**32 - 1, of a shape, that look independent between places, calls and seeds."""
    ops, kind = keras.ops, _kind()
    key = _mixed(_mixed(ops.cast(seed, kind)) ^ _times(ops.cast(calls, kind), _GOLDEN))
    size: Any = 1
    for side in shape:
        size = size * side
    places = ops.reshape(ops.cast(ops.arange(size, dtype="int32"), kind), shape)
    return _mixed(_times(places, _GOLDEN) ^ key)


def _mixed(bits: Any) -> Any:
    """The last steps of MurmurHash3 (Appleby 2011): every bit comes to depend on every other."""
    bits = _times(_folded(bits, 16), 0x85EBCA6B)
    bits = _times(_folded(bits, 13), 0xC2B2AE35)
    return _folded(bits, 16)


def _folded(bits: Any, places: int) -> Any:
    return bits ^ keras.ops.right_shift(bits, _constant(places))


def _times(bits: Any, factor: int) -> Any:
    """The lower 32 bits of a product."""
    product = bits * _constant(factor)
    return product if _kind() == "uint32" else product & _constant(_ALL)


def _constant(number: int) -> Any:
    return keras.ops.cast(keras.ops.convert_to_tensor(number, dtype=_kind()), _kind())


def _kind() -> str:
    """JAX has no 64 bits unless asked; PyTorch does not multiply unsigned numbers."""
    return "uint32" if backend.name() == "jax" else "int64"
