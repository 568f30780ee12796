"""`Trained`: what a recommender has that learns by the one training loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from longtail.algorithms.trainer.feeds import Feed
from longtail.algorithms.trainer.loop import Report, answers, train
from longtail.algorithms.trainer.network import Batch, Network, Precision
from longtail.algorithms.trainer.optimizers import Optimizer, Schedule
from longtail.algorithms.trainer.settings import Settings
from longtail.errors import ConfigError
from longtail.params import hyper
from longtail.types import AnyArray

__all__ = ["Trained"]


@dataclass(kw_only=True)
class Trained(ABC):
    """Trains a network and keeps its weights; to be inherited beside `Recommender` or a base of it, first.

    Attributes:
        epochs: passes over the training data, at most.
        batch_size: rows in a step.
        learning_rate: the highest step size.
        optimizer: the rule of the steps.
        schedule: how the learning rate falls: not at all ("constant"), along a line or half a cosine, to 0.
        clip_norm: the longest that all gradients together may be; 0 for any length.
        patience: epochs in a row without a better score on held-out data after which to stop, to keep the weights of
            the best; 0 to learn from all data for all epochs.
        precision: "mixed" computes in bfloat16, for hardware that is faster so.
        seed: of the first weights, of all draws, and of what is held out.
        weights_: by name, float32.
        training_: of each epoch its number, mean loss and score; `report` also knows how long it took.
        interrupted_: whether the training was stopped by hand, with the best weights so far.
    """

    epochs: int = hyper(20, at_least=1, search=(5, 100), log=True)
    batch_size: int = hyper(256, at_least=1)
    learning_rate: float = hyper(1e-3, at_least=0.0, search=(1e-4, 1e-2), log=True)
    optimizer: Optimizer = hyper("adam", shared=True)
    schedule: Schedule = hyper("constant", shared=True)
    clip_norm: float = hyper(0.0, at_least=0.0)
    patience: int = hyper(0, at_least=0)
    precision: Precision = hyper("float32", shared=True)
    seed: int = hyper(0, at_least=0)

    @abstractmethod
    def _network(self) -> Network:
        """An untrained network of the sizes that hyperparameters and training data call for."""

    def _settings(self) -> Settings:
        """How to train; an algorithm with more to say than the common hyperparameters overrides it."""
        return Settings(
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            optimizer=self.optimizer,
            schedule=self.schedule,
            clip_norm=self.clip_norm,
            patience=self.patience,
            seed=self.seed,
        )

    def _train(
        self, feed: Feed, score: Callable[[], float] | None = None, start: Mapping[str, AnyArray] | None = None
    ) -> None:
        """Train a new network on a feed, from `start` if given; sets `weights_`, `training_` and `interrupted_`.

        While `score` is asked, `_answers` answers with the weights of the epoch; `validation` helps to make one.

        Raises:
            ConfigError: if there is `patience` and no score; or as `train`.
        """
        if self.patience and score is None:
            raise ConfigError(f"{type(self).__name__} does not stop early; set patience to 0")
        network = self._network()
        if start is not None:
            network.assign(start)
        self._held: tuple[Any, Network] = (None, network)
        report = train(network, feed, self._settings(), score)
        self.weights_ = network.values()
        self.training_ = [{name: epoch[name] for name in ("epoch", "loss", "score")} for epoch in report.epochs]
        self.interrupted_, self._report = report.interrupted, report
        self._held = (self.weights_, network)

    @property
    def report(self) -> Report | None:
        """How the training of this process went, with times; None for a model that was loaded."""
        return getattr(self, "_report", None)

    def _answers(self, batch: Batch) -> AnyArray:
        """What the trained network answers, a row for each of the batch."""
        return answers(self._trained_network(), batch)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy is made of: the weights, not the network they are held in."""
        return {name: value for name, value in vars(self).items() if name != "_held"}

    def _trained_network(self) -> Network:
        """The network with the learned weights, made again when they came from an artifact."""
        weights: Any = getattr(self, "weights_", None)
        held = getattr(self, "_held", None)
        if held is None or held[0] is not weights:
            network = self._network()
            network.assign(weights)
            self._held = (weights, network)
        return self._held[1]
