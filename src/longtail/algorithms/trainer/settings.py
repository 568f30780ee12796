"""How to train: what `train` is told besides the network and its batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from longtail.algorithms.trainer.optimizers import Optimizer, Schedule

__all__ = ["Settings"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to train a network.

    Attributes:
        epochs: passes over the feed, at most.
        learning_rate: its highest value.
        optimizer: see `optimizers.make`; likewise `momentum` and `weight_decay`.
        schedule: see `optimizers.rates`; likewise `warmup`, in steps.
        clip_norm: the longest all gradients together may be, as one vector; 0 for any length.
        patience: epochs in a row without a better score after which to stop; 0 to take all epochs and keep the last.
        seed: of the batches.
    """

    epochs: int
    learning_rate: float
    optimizer: Optimizer = "adam"
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: Schedule = "constant"
    warmup: int = 0
    clip_norm: float = 0.0
    patience: int = 0
    seed: int = 0

    @property
    def program(self) -> tuple[Any, ...]:
        """What a compiled step depends on."""
        return self.optimizer, self.momentum, self.weight_decay, self.clip_norm
