"""The one number that a step makes smaller."""

from __future__ import annotations

from typing import Any

from longtail.algorithms.trainer.backend import keras
from longtail.algorithms.trainer.network import Batch, Network

__all__ = ["mean_loss"]


def mean_loss(network: Network, batch: Batch) -> Any:
    """The mean loss of a batch, each weighed by "weight" where there is one, and the network's penalty."""
    ops = keras.ops
    losses = ops.cast(network.loss(batch, training=True), "float32")
    if "weight" not in batch:
        return ops.mean(losses) + network.penalty(batch)
    weight = batch["weight"]
    return ops.sum(losses * weight) / ops.maximum(ops.sum(weight), 1e-12) + network.penalty(batch)
