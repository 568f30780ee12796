"""Dropout as a layer that counts its calls: its masks cost next to nothing, and are the same on every backend."""

from __future__ import annotations

import functools
from typing import Any

from longtail.algorithms.trainer.backend import keras
from longtail.algorithms.trainer.noise import dropped

__all__ = ["make"]

_GOLDEN = -1640531527
"""2**32 over the golden ratio, as a signed number: steps of this size meet every number before they repeat."""


def make(rate: float, seed: int) -> Any:
    """A built layer that sets entries to 0 when called with `training=True`, each time others (see `noise.dropped`).

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
