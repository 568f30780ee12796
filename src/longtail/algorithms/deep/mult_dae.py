"""Mult-DAE: an autoencoder of what a person has met, with a multinomial likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn, Scores
from longtail.algorithms.preferences import Preference
from longtail.algorithms.ranker import Ranker
from longtail.algorithms.trainer import Batch, Network, Tensor, Trained, keras
from longtail.algorithms.trainer.histories import HistoryFeed, laid_out
from longtail.algorithms.trainer.validation import hold_out
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.params import hyper

__all__ = ["MultDAE"]


@dataclass(eq=False, kw_only=True)
class DenoisingNetwork(Network):
    """History -> tanh -> logits over the items."""

    n_items: int
    factors: int
    noise: float
    regularization: float

    def build(self) -> None:
        """One layer in, one layer out."""
        self.noisy = self.dropout(self.noise)
        self.encode = self.dense(self.n_items, self.factors, "tanh")
        self.decode = self.dense(self.factors, self.n_items)

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """Minus the log-likelihood of what each person has met."""
        ops = keras.ops
        history = laid_out(batch, batch["value"], self.n_items)
        logits = self.logits(history, training)
        return -ops.sum(ops.log_softmax(logits, axis=1) * history, axis=1)

    def penalty(self, batch: Batch) -> Tensor:
        """Half the squared weights of both layers."""
        squares = (keras.ops.sum(keras.ops.square(layer.kernel)) for layer in (self.encode, self.decode))
        return 0.5 * self.regularization * sum(squares)

    def answer(self, batch: Batch) -> Tensor:
        """Logits for histories (n, n_items)."""
        return self.logits(batch["history"], training=False)

    def logits(self, history: Tensor, training: bool) -> Tensor:
        """(n, n_items) of histories, scaled to length 1."""
        ops = keras.ops
        length = ops.sqrt(ops.sum(ops.square(history), axis=1, keepdims=True))
        return self.decode(self.encode(self.noisy(history / ops.maximum(length, 1e-9), training=training)))


@dataclass(kw_only=True)
class MultDAE(Trained, Ranker):
    """Denoising autoencoder with a multinomial likelihood (Liang, Krishnan, Hoffman and Jebara 2018, section 2.2.2).

    With x the preferences of a person, scaled to length 1, and noise that drops each entry with probability `dropout`,

        f = W_2 tanh(W_1 noisy(x) + b_1) + b_2,   loss = - sum over items i of x_i log softmax(f)_i + penalty

    The penalty is regularization / 2 (|W_1|^2 + |W_2|^2). Anyone is answered by their history alone.

    Attributes:
        preference: see `Ranker`.
        factors: units between the two layers.
        dropout: share of the entries dropped in training.
        regularization: weight of the squared weights.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = MultDAE(factors=8, epochs=100, learning_rate=0.01).fit(data)
        >>> sorted(model.recommend_for([{0: 1, 2: 1}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "exact"

    preference: Preference = "binary"
    factors: int = hyper(200, at_least=1, search=(50, 600), log=True)
    dropout: float = hyper(0.5, at_least=0.0, at_most=0.9, search=(0.0, 0.8))
    regularization: float = hyper(1e-4, at_least=0.0, search=(1e-6, 1e-2), log=True)
    epochs: int = hyper(50, at_least=1, search=(10, 200), log=True)

    def _network(self) -> Network:
        return DenoisingNetwork(
            n_items=len(self.item_ids_), factors=self.factors, noise=self.dropout, regularization=self.regularization,
            precision=self.precision, seed=self.seed,
        )  # fmt: skip

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        if not self.patience:
            return self._train(self._feed(weights))
        left, held = hold_out(weights, seed=self.seed)
        return self._train(self._feed(left), lambda: held.ndcg(lambda _, rows: self._score_preferences(rows)))

    def _feed(self, weights: sparse.csr_array) -> HistoryFeed:
        return HistoryFeed(weights[np.diff(weights.indptr) > 0], self.batch_size)

    def _score_preferences(self, weights: sparse.csr_array) -> Scores:
        return self._answers({"history": weights.toarray()})
