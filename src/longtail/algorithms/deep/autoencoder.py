"""What the autoencoders of preferences share: noisy histories in, layers of tanh, a score for every item out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from longtail.algorithms.base import Scores
from longtail.algorithms.ranker import Ranker
from longtail.algorithms.trainer import Batch, Network, Tensor, Trained, keras
from longtail.algorithms.trainer.histories import HistoryFeed, laid_out
from longtail.algorithms.trainer.validation import hold_out
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.types import FloatArray, IntArray

__all__ = ["AutoencoderRanker", "MultinomialNetwork", "noisy_history", "of_length_one", "squares", "through"]


@dataclass(eq=False, kw_only=True)
class MultinomialNetwork(Network):
    """Two stacks of tanh layers, history -> code and code -> logits, with what their loss is made of.

    Attributes:
        n_items: width of both ends.
        hidden: widths of the layers between history and code, and in reverse between code and logits.
        factors: width of the code.
        noise: share of a history that is dropped in training.
        regularization: weight of the squared weights.
    """

    n_items: int
    hidden: tuple[int, ...]
    factors: int
    noise: float
    regularization: float

    def stack(self, *widths: int, last: str | None) -> list[Any]:
        """Dense layers between those widths, the last with the activation `last`, the others with tanh.

        Weights begin at Glorot's uniform values, biases close to 0, as in the authors' code.
        """
        pairs = list(pairwise(widths))
        layers = []
        for at, (inputs, outputs) in enumerate(pairs):
            layers.append(self.dense(inputs, outputs, last if at == len(pairs) - 1 else "tanh"))
            layers[-1].bias.assign(self.normal(0.001)((outputs,)))
        return layers

    def log_loss(self, batch: Batch, logits: Tensor) -> Tensor:
        """(batch,): minus the multinomial log-likelihood of what each person has met."""
        history = laid_out(batch, batch["value"], self.n_items)
        return -keras.ops.sum(keras.ops.log_softmax(logits, axis=1) * history, axis=1)


def through(layers: Sequence[Any], values: Tensor) -> Tensor:
    """What comes out of one layer after the other."""
    for layer in layers:
        values = layer(values)
    return values


def noisy_history(batch: Batch, n_items: int, dropout: Any, training: bool, scaled: bool = True) -> Tensor:
    """(batch, n_items): the histories of a batch of `HistoryFeed`, entries dropped at random and the others grown.

    With `scaled` each history has length 1 before entries are dropped. Only entries are drawn for, not empty cells.
    """
    ops, values = keras.ops, batch["value"]
    if scaled:
        rows = batch["weight"].shape[0]
        squares = ops.segment_sum(ops.square(values), batch["row"], num_segments=rows + 1)
        values = values / ops.take(ops.sqrt(ops.maximum(squares, 1e-18)), batch["row"])
    return laid_out(batch, dropout(values, training=training), n_items)


def of_length_one(histories: Tensor) -> Tensor:
    """(n, n_items): each row divided by its length; a row of zeros stays one."""
    ops = keras.ops
    return histories / ops.maximum(ops.sqrt(ops.sum(ops.square(histories), axis=1, keepdims=True)), 1e-9)


def squares(layers: Sequence[Any]) -> Tensor:
    """The sum of the squared weights of dense layers, biases left out."""
    return sum(keras.ops.sum(keras.ops.square(layer.kernel)) for layer in layers)


@dataclass(kw_only=True)
class AutoencoderRanker(Trained, Ranker):
    """A ranker whose network answers anybody's history with a score for every item."""

    def _feed(self, weights: sparse.csr_array) -> HistoryFeed:
        """The people with a history, in batches."""
        return HistoryFeed(weights[np.diff(weights.indptr) > 0], self.batch_size)

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        if not self.patience:
            self._train(self._feed(weights))
            return
        left, held = hold_out(weights, seed=self.seed)
        self._train(self._feed(left), lambda: held.ndcg(self._score_people))

    def _score_people(self, people: IntArray, weights: sparse.csr_array) -> Scores:
        """Scores (n, n_items) of training users, by their numbers and their preferences."""
        return self._score_preferences(weights)

    def _score_preferences(self, weights: sparse.csr_array) -> FloatArray:
        return self._answers({"history": weights.toarray()})
