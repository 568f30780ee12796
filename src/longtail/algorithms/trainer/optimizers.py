"""Optimizers by name, and how the learning rate changes over a training."""

from __future__ import annotations

import functools
import math
from typing import Any, Literal

import numpy as np

from longtail.algorithms.trainer.backend import keras
from longtail.types import FloatArray

__all__ = ["Optimizer", "Schedule", "make", "rates"]

Optimizer = Literal["adam", "adamw", "adagrad", "sgd", "rmsprop"]
Schedule = Literal["constant", "linear", "cosine"]


def make(name: Optimizer, learning_rate: float, momentum: float = 0.0, weight_decay: float = 0.0) -> Any:
    """A Keras optimizer.

    "adagrad" divides by the root of the sum of squared gradients, starting from nothing, and adds `momentum` times the
    step before (as the published session networks are trained); "sgd" and "rmsprop" take the momentum as Keras does.
    """
    decay = weight_decay or None
    if name == "adagrad":
        return _adagrad()(learning_rate=learning_rate, momentum=momentum, weight_decay=decay)
    if name in ("adam", "adamw"):
        kind = keras.optimizers.AdamW if name == "adamw" else keras.optimizers.Adam
        return kind(learning_rate=learning_rate, weight_decay=decay if decay or name == "adam" else 0.004)
    kind = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop}[name]
    return kind(learning_rate=learning_rate, momentum=momentum, weight_decay=decay)


def rates(schedule: Schedule, learning_rate: float, warmup: int, steps: int, total: int, first: int) -> FloatArray:
    """The learning rates of `steps` steps from step `first` on, of a training of `total`.

    It rises evenly over the first `warmup` steps, and then stays, or falls to 0 along a line or half a cosine.

    Examples:
        >>> rates("linear", 1.0, warmup=2, steps=6, total=6, first=0).tolist()
        [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    step = np.arange(first, first + steps, dtype=np.float64)
    left = 1.0 - np.clip((step - warmup) / max(1, total - warmup), 0.0, 1.0)
    falling = {"constant": np.ones(steps), "linear": left, "cosine": 0.5 - 0.5 * np.cos(math.pi * left)}[schedule]
    found: FloatArray = (learning_rate * np.minimum(falling, (step + 1) / max(1, warmup))).astype(np.float32)
    return found


@functools.cache
def _adagrad() -> type[Any]:
    class Adagrad(keras.optimizers.Optimizer):  # type: ignore[misc]
        """Adagrad (Duchi, Hazan and Singer 2011, diagonal form), with momentum over the steps taken."""

        def __init__(self, learning_rate: float, momentum: float = 0.0, **options: Any) -> None:
            super().__init__(learning_rate=learning_rate, name="adagrad", **options)
            self.momentum = momentum

        def build(self, variables: list[Any]) -> None:
            if self.built:
                return
            super().build(variables)
            self.sums = [self.add_variable_from_reference(v, "sum") for v in variables]
            moving = variables if self.momentum else []
            self.steps = [self.add_variable_from_reference(v, "step") for v in moving]

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            at, ops = self._get_variable_index(variable), keras.ops
            gradient = ops.cast(gradient, variable.dtype)
            total = ops.add(self.sums[at], ops.square(gradient))
            self.assign(self.sums[at], total)
            step = ops.cast(learning_rate, variable.dtype) * gradient / ops.sqrt(total + 1e-6)
            if self.momentum:
                step = step + self.momentum * self.steps[at]
                self.assign(self.steps[at], step)
            self.assign_sub(variable, step)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "momentum": self.momentum}

    return Adagrad
