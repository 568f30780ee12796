"""What recommenders by attention share: they are asked for the vector of the last place of a history."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.powers import LearnsOnline
from longtail.algorithms.sequential import Sequential
from longtail.algorithms.trainer import Batch, Feed, Trained
from longtail.algorithms.trainer.validation import hold_out
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError
from longtail.kernels.topk import LowRank
from longtail.params import hyper
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["Attentive"]

BLOCK = 1024
"""How many histories are answered at a time."""


@dataclass(kw_only=True)
class Attentive(Trained, Sequential, LearnsOnline, ABC):
    """Scores by the vector that a `Transformer` gives a history, times those of the items.

    Anyone is answered by their history alone; what is learned online is the end of a history.

    Attributes:
        preference: see `Sequential`.
        factors: of items and positions.
        length: events looked back on.
        layers: of attention and feed-forward network.
        heads: of attention; they divide `factors`.
        dropout: of embeddings, attention weights and the output of each layer.
        negatives: of a catalogue with more items than this, so many are drawn for a step to stand for it, corrected for
            how likely each was; a smaller one takes part whole, and so does any if 0.
        exponent: they are drawn with probability count ** exponent.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned. `batch_size` counts rows
            of `length` events, each a window or several short ones.
    """

    fold_in: ClassVar[FoldIn] = "exact"

    factors: int = hyper(64, at_least=1, search=(32, 256), log=True)
    length: int = hyper(50, at_least=2, search=(20, 200), log=True)
    layers: int = hyper(2, at_least=1, search=(1, 3))
    heads: int = hyper(1, at_least=1)
    dropout: float = hyper(0.2, at_least=0.0, at_most=0.9, search=(0.1, 0.6))
    negatives: int = hyper(2048, at_least=0)
    exponent: float = hyper(0.5, at_least=0.0)
    epochs: int = hyper(50, at_least=1, search=(10, 200), log=True)
    batch_size: int = hyper(64, at_least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.factors % self.heads:
            raise ConfigError(f"heads must divide factors, and {self.heads} does not divide {self.factors}")

    @abstractmethod
    def _feed(self, sequences: sparse.csr_array) -> Feed:
        """The batches of histories in order."""

    @abstractmethod
    def _asked(self, histories: sparse.csr_array) -> Batch:
        """What the network is asked, for a block of histories."""

    def _samples(self, n_items: int) -> bool:
        return 0 < self.negatives < n_items

    def _items(self) -> tuple[FloatArray, FloatArray]:
        """The vectors of the items, and what is added to each one's score."""
        items = self._learned("items")
        return items, np.zeros(len(items), dtype=np.float32)

    def _learned(self, name: str) -> FloatArray:
        """A weight by name; while training goes on, as it is now."""
        weights: Any = getattr(self, "weights_", None)
        found: FloatArray = (self._trained_network().values() if weights is None else weights)[name]
        return found

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        if not self.patience:
            return self._train(self._feed(weights))
        left, held = hold_out(weights, which="last", seed=self.seed)
        once = weights.copy()
        once.sum_duplicates()
        again = once.nnz < weights.nnz  # then a list that leaves out what was met could not hold all that comes

        def score() -> float:
            return held.ndcg(lambda people, rows: self._score_preferences(rows), exclude_seen=not again)

        return self._train(self._feed(left), score)

    def _score_preferences(self, weights: sparse.csr_array) -> LowRank:
        blocks = (weights[lo : lo + BLOCK] for lo in range(0, weights.shape[0], BLOCK))
        nobody: AnyArray = np.empty((0, self.factors), dtype=np.float32)
        vectors = np.concatenate([nobody, *(self._answers(self._asked(block)) for block in blocks)])
        return LowRank(vectors, *self._items())

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        """Nothing: the histories hold it already."""
