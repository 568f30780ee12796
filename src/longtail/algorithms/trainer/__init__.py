"""Training by gradients, written once.

A `Network` says what it loses on a batch, a `Feed` makes the batches, `train` does the rest, on JAX, TensorFlow or
PyTorch. `Trained` is what a recommender inherits: its hyperparameters of training, and where the weights are kept.
"""

from __future__ import annotations

from longtail.algorithms.trainer.backend import keras
from longtail.algorithms.trainer.feeds import Chunk, Feed, RowFeed, steps_of
from longtail.algorithms.trainer.loop import Report, answers, train
from longtail.algorithms.trainer.network import Batch, Network, Precision, Start, Table, Tensor
from longtail.algorithms.trainer.samplers import Sampler
from longtail.algorithms.trainer.settings import Settings
from longtail.algorithms.trainer.trained import Trained

__all__ = [
    "Batch",
    "Chunk",
    "Feed",
    "Network",
    "Precision",
    "Report",
    "RowFeed",
    "Sampler",
    "Settings",
    "Start",
    "Table",
    "Tensor",
    "Trained",
    "answers",
    "keras",
    "steps_of",
    "train",
]
