"""Training on TensorFlow and PyTorch: step by step, by the optimizers of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from longtail.algorithms.trainer import backend, optimizers
from longtail.algorithms.trainer.feeds import Chunk
from longtail.algorithms.trainer.network import Network
from longtail.algorithms.trainer.settings import Settings
from longtail.algorithms.trainer.weighing import mean_loss
from longtail.types import FloatArray

__all__ = ["StepEngine", "answering"]


class StepEngine:
    """Runs chunks a step at a time, on the weights of the network itself; tables are updated whole."""

    def __init__(self, network: Network, settings: Settings) -> None:
        self.trained = [variable for variable in network.variables().values() if variable.trainable]
        self.optimizer = optimizers.make(settings.optimizer, 1.0, settings.momentum, settings.weight_decay)
        self.optimizer.global_clipnorm = settings.clip_norm or None
        self.optimizer.build(self.trained)
        make = _step_on_torch if backend.name() == "torch" else _step_on_tensorflow
        self.step = make(network, self.trained, self.optimizer)

    def run(self, chunk: Chunk, rates: FloatArray) -> float:
        """Run the steps of a chunk; returns the sum of their losses."""
        total: Any = 0.0
        for at, rate in enumerate(rates):
            self.optimizer.learning_rate = float(rate)
            total = total + self.step({name: _tensor(array[at]) for name, array in chunk.items()})
        return float(keras.ops.convert_to_numpy(total))

    def sync(self) -> None:
        """The weights are the network's own."""

    def finish(self) -> None:
        """The weights are the network's own."""


def _step_on_torch(network: Network, trained: list[Any], optimizer: Any) -> Callable[[dict[str, Any]], Any]:
    import torch

    def step(batch: dict[str, Any]) -> Any:
        loss = mean_loss(network, batch)
        loss.backward()
        gradients = [torch.zeros_like(v.value) if v.value.grad is None else v.value.grad for v in trained]
        with torch.no_grad():
            optimizer.apply(gradients, trained)
        for variable in trained:
            variable.value.grad = None
        return loss.detach()

    return step


def _step_on_tensorflow(network: Network, trained: list[Any], optimizer: Any) -> Callable[[dict[str, Any]], Any]:
    import tensorflow as tf

    def step(batch: dict[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            loss = mean_loss(network, batch)
        gradients = tape.gradient(loss, [v.value for v in trained], unconnected_gradients="zero")
        optimizer.apply([tf.convert_to_tensor(gradient) for gradient in gradients], trained)
        return loss

    compiled: Callable[[dict[str, Any]], Any] = tf.function(step)
    return compiled


def answering(network: Network) -> Any:
    """The `answer` of a network without gradients: batch -> array."""

    def answer(batch: Any) -> Any:
        tensors = {name: _tensor(array) for name, array in batch.items()}
        if backend.name() != "torch":
            return network.answer(tensors)
        import torch

        with torch.no_grad():
            return network.answer(tensors)

    return answer


def _tensor(array: Any) -> Any:
    return keras.ops.convert_to_tensor(np.asarray(array))
