"""Training on TensorFlow and PyTorch: `keras.Model.fit`, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from longtail.algorithms.trainer import backend, optimizers
from longtail.algorithms.trainer.feeds import Chunk
from longtail.algorithms.trainer.network import Network
from longtail.algorithms.trainer.settings import Settings
from longtail.algorithms.trainer.weighing import mean_loss
from longtail.errors import ConfigError
from longtail.types import FloatArray

__all__ = ["FitEngine", "answering"]


class FitEngine:
    """Runs chunks of steps by `fit`."""

    def __init__(self, network: Network, settings: Settings) -> None:
        self.model = Fitted(network)
        clip = settings.clip_norm or None
        optimizer = optimizers.make(settings.optimizer, 1.0, settings.momentum, settings.weight_decay)
        optimizer.global_clipnorm = clip
        self.model.compile(optimizer=optimizer)

    def run(self, chunk: Chunk, rates: FloatArray) -> float:
        """Run the steps of a chunk; returns the sum of their losses."""

        def batches() -> Iterator[tuple[dict[str, Any]]]:
            for step in range(len(rates)):
                yield ({name: array[step] for name, array in chunk.items()},)

        told = self.model.fit(
            batches(), steps_per_epoch=len(rates), epochs=1, verbose=0, callbacks=[_Rates(rates)], shuffle=False
        )
        return float(told.history["loss"][-1]) * len(rates)

    def sync(self) -> None:
        """The weights are the network's own."""

    def finish(self) -> None:
        """The weights are the network's own."""


class Fitted(keras.Model):  # type: ignore[misc]
    """A network as Keras trains it: its output is its loss."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network, self.held = network, list(network.variables().values())
        self.parts = [layer for _, layer in network._layers()]
        self.built = True
        if len({variable.path for variable in self.held}) != len(self.held):
            raise ConfigError(f"{type(network).__name__}: two of its variables have the same name")

    def call(self, batch: Any, training: bool = False) -> Any:
        """The mean loss of a batch."""
        loss = mean_loss(self.network, batch)
        self.add_loss(loss)
        return loss

    def build(self, shapes: Any = None) -> None:
        """Nothing: the network has made its weights."""
        self.built = True


class _Rates(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the learning rate of every step."""

    def __init__(self, rates: FloatArray) -> None:
        super().__init__()
        self.rates = rates

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = float(self.rates[batch])


def answering(network: Network) -> Any:
    """The `answer` of a network without gradients: batch -> array."""

    def answer(batch: Any) -> Any:
        tensors = {name: keras.ops.convert_to_tensor(np.asarray(array)) for name, array in batch.items()}
        if backend.name() != "torch":
            return network.answer(tensors)
        import torch

        with torch.no_grad():
            return network.answer(tensors)

    return answer
