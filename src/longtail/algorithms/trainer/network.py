"""`Network`: weights, what they lose on a batch, and what they answer, in `keras.ops` and Keras layers."""

from __future__ import annotations

import contextlib
import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from longtail.algorithms.trainer import dropout
from longtail.algorithms.trainer.backend import keras
from longtail.errors import ConfigError
from longtail.rng import generator
from longtail.types import AnyArray, FloatArray

__all__ = ["Batch", "Network", "Precision", "Start", "Table", "Tensor"]

Tensor: TypeAlias = Any
"""An array of the backend in use, or a Keras variable."""
Batch: TypeAlias = Mapping[str, Any]
"""Arrays of one step, by name. "weight", where there is one, says how much each loss counts."""
Precision = Literal["float32", "mixed"]
Start: TypeAlias = Callable[[tuple[int, ...]], FloatArray]
"""Draws the first values of a weight of a given shape."""


@dataclass(frozen=True)
class Table:
    """Weights of which a step touches a few rows only: it then costs what those rows cost, whatever the others are.

    Attributes:
        weights: names of attributes of the network, variables with a row each for the same things.
        indices: names of the arrays of a batch that hold row numbers; nothing else may say which rows a loss reads.
    """

    weights: tuple[str, ...]
    indices: tuple[str, ...]


@dataclass(eq=False, kw_only=True)
class Network(ABC):
    """Base of every network: a dataclass of sizes and constants whose `build` makes weights and layers.

    Two networks with equal fields (but for the seed) compile to the same program, which is compiled once. So a field
    is a plain value, and data belong in batches. Weights begin at values drawn by NumPy from `seed`: they are the same
    on every backend.

    Attributes:
        seed: of the first weights and of dropout.
        precision: "mixed" computes in bfloat16 and keeps weights in float32.
    """

    seed: int = 0
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        self._rng = generator(self.seed, "weights")
        self._memories: list[Any] = []
        self._made = 0
        with _in_precision(self.precision):
            self.build()
        for name, layer in self._layers():
            if not layer.built:
                raise ConfigError(f"{type(self).__name__}: layer {name} must be built in build()")

    @abstractmethod
    def build(self) -> None:
        """Make weights (`weight`, `dense`, Keras layers that are built) and keep them in attributes."""

    @abstractmethod
    def loss(self, batch: Batch, training: bool) -> Tensor:
        """What is lost on each row of a batch, of the shape of its "weight" where it has one; a mean is minimized."""

    @abstractmethod
    def answer(self, batch: Batch) -> Tensor:
        """What the trained network is asked for, a row for each row of the batch."""

    def penalty(self, batch: Batch) -> Tensor:
        """A scalar added to the mean loss, for regularization."""
        return 0.0

    def tables(self) -> tuple[Table, ...]:
        """The weights of which a step touches few rows."""
        return ()

    # -- making weights ----------------------------------------------------------------------------------------------

    def weight(self, shape: tuple[int, ...], start: Start | float = 0.0) -> Tensor:
        """A trainable variable, all entries `start` or drawn by it."""
        value = start(shape) if callable(start) else np.full(shape, start, dtype=np.float32)
        return self._variable(value, trainable=True)

    def memory(self, shape: tuple[int, ...]) -> Tensor:
        """A variable of zeros that a loss may assign to, carried from step to step and not kept after training."""
        variable = self._variable(np.zeros(shape, dtype=np.float32), trainable=False)
        self._memories.append(variable)
        return variable

    def constant(self, shape: tuple[int, ...], dtype: str = "float32") -> Tensor:
        """A variable of zeros that no step changes and that is not kept: to be set after building.

        It is for data that all batches share, such as a graph: they are then neither part of the program nor sent with
        every step. Whoever makes the network sets it anew.
        """
        variable = self._variable(np.zeros(shape, dtype=dtype), trainable=False, dtype=dtype)
        self._memories.append(variable)
        return variable

    def _variable(self, value: AnyArray, *, trainable: bool, dtype: str = "float32") -> Tensor:
        self._made += 1  # PyTorch knows variables by their names: two of one name would be one
        return keras.Variable(value, dtype=dtype, trainable=trainable, name=f"weight_{self._made}")

    def dense(
        self, inputs: int, outputs: int, activation: str | None = None, *, start: Start | None = None, **options: Any
    ) -> Any:
        """A built Keras `Dense` layer, its kernel drawn by `start`, or by `glorot`."""
        layer = keras.layers.Dense(outputs, activation=activation, kernel_initializer="zeros", **options)
        layer.build((None, inputs))
        layer.kernel.assign((start or self.glorot())((inputs, outputs)))
        return layer

    def dropout(self, rate: float) -> Any:
        """A layer that drops entries in training, called as Keras's `Dropout` is, with a seed of its own."""
        return dropout.make(rate, int(self._rng.integers(2**31)))

    def normal(self, deviation: float) -> Start:
        """Starting values from a normal distribution of mean 0."""
        return lambda shape: self._rng.normal(0.0, deviation, shape).astype(np.float32)

    def uniform(self, limit: float) -> Start:
        """Starting values between -limit and limit."""
        return lambda shape: self._rng.uniform(-limit, limit, shape).astype(np.float32)

    def glorot(self) -> Start:
        """Uniform between +-sqrt(6 / (rows + columns)) (Glorot and Bengio 2010, equation 16)."""
        return lambda shape: self.uniform(float(np.sqrt(6.0 / (shape[-2] + shape[-1]))))(shape)

    # -- what there is -----------------------------------------------------------------------------------------------

    @property
    def key(self) -> tuple[Any, ...]:
        """What the compiled program depends on."""
        fields = (field.name for field in dataclasses.fields(self) if field.name != "seed")
        return (type(self), *((name, getattr(self, name)) for name in fields))

    def variables(self) -> dict[str, Any]:
        """Every variable by the attribute that holds it, and within a layer by its own name."""
        found: dict[str, Any] = {}
        for name, value in _leaves("", vars(self)):
            parts = (
                [(name, value)] if not hasattr(value, "built") else [(f"{name}/{v.name}", v) for v in value.variables]
            )
            for place, variable in parts:
                taken = sum(known.partition("#")[0] == place for known in found)
                found[f"{place}#{taken}" if taken else place] = variable
        return found

    def values(self) -> dict[str, AnyArray]:
        """The learned weights as arrays, by the names of `variables`, without seeds and memories."""
        kept = {name: v for name, v in self.variables().items() if self._is_learned(v)}
        return {name: np.array(keras.ops.convert_to_numpy(v.value)) for name, v in kept.items()}

    def assign(self, values: Mapping[str, Any]) -> None:
        """Set the weights to `values`, as `values()` gives them.

        Raises:
            ConfigError: if they are not those of this network.
        """
        own = {name: v for name, v in self.variables().items() if self._is_learned(v)}
        if set(own) != set(values) or any(tuple(own[name].shape) != tuple(values[name].shape) for name in own):
            raise ConfigError(f"{type(self).__name__}: these are not the weights of this network")
        for name, variable in own.items():
            variable.assign(values[name])

    def _is_learned(self, variable: Any) -> bool:
        memory = any(variable is each for each in self._memories)
        return not memory and "float" in str(variable.dtype)

    def _layers(self) -> Iterator[tuple[str, Any]]:
        return ((name, value) for name, value in _leaves("", vars(self)) if hasattr(value, "built"))


def _leaves(prefix: str, held: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Layers and variables in attributes, and in lists, tuples and dicts there, in order; private ones left out."""
    for key, value in held.items():
        if str(key).startswith("_"):
            continue
        if isinstance(value, (keras.Variable, keras.Layer)):
            yield f"{prefix}{key}", value
        elif isinstance(value, dict):
            yield from _leaves(f"{prefix}{key}.", value)
        elif isinstance(value, (list, tuple)):
            yield from _leaves(f"{prefix}{key}.", dict(enumerate(value)))


@contextlib.contextmanager
def _in_precision(precision: Precision) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "mixed" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
