"""Mult-VAE: a variational autoencoder of what a person has met, with a multinomial likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from longtail.algorithms.base import FoldIn
from longtail.algorithms.deep.autoencoder import (
    AutoencoderRanker,
    MultinomialNetwork,
    noisy_history,
    of_length_one,
    squares,
    through,
)
from longtail.algorithms.preferences import Preference
from longtail.algorithms.trainer import Batch, Chunk, Network, Tensor, keras
from longtail.algorithms.trainer.histories import HistoryFeed
from longtail.algorithms.trainer.optimizers import Schedule
from longtail.params import hyper
from longtail.types import AnyArray

__all__ = ["MultVAE"]


@dataclass(eq=False, kw_only=True)
class VariationalNetwork(MultinomialNetwork):
    """History -> tanh layers -> mean and log-variance of a code; a draw of it -> tanh layers -> logits."""

    def build(self) -> None:
        """The encoder ends in twice the code, without activation."""
        self.noisy = self.dropout(self.noise)
        self.draws = keras.layers.GaussianNoise(1.0, seed=int(self._rng.integers(2**31)))
        self.draws.build((None, self.factors))
        self.encode = self.stack(self.n_items, *self.hidden, 2 * self.factors, last=None)
        self.decode = self.stack(self.factors, *reversed(self.hidden), self.n_items, last=None)

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """Minus the evidence lower bound, its divergence weighed by "kl_weight" (batch,)."""
        ops = keras.ops
        mean, log_variance = self.posterior(noisy_history(batch, self.n_items, self.noisy, training))
        code = mean
        if training:
            code = mean + ops.exp(0.5 * log_variance) * self.draws(ops.zeros_like(mean), training=True)
        divergence = divergence_from_normal(mean, log_variance)
        return self.log_loss(batch, through(self.decode, code)) + batch["kl_weight"] * divergence

    def penalty(self, batch: Batch) -> Tensor:
        """The squared weights of all layers."""
        return self.regularization * squares([*self.encode, *self.decode])

    def answer(self, batch: Batch) -> Tensor:
        """Logits for histories (n, n_items), from the mean of the code."""
        return through(self.decode, self.posterior(of_length_one(batch["history"]))[0])

    def posterior(self, history: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the code, (n, factors) each, of histories of length 1, noisy or not."""
        both = through(self.encode, history)
        return both[:, : self.factors], both[:, self.factors :]


def divergence_from_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """(n,): the Kullback-Leibler divergence of N(mean, diag(exp(log_variance))) from N(0, I)."""
    ops = keras.ops
    return 0.5 * ops.sum(ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance, axis=1)


def annealed(weight: float, steps: float) -> Callable[[np.random.Generator, Chunk], dict[str, AnyArray]]:
    """What a feed adds to its chunks: "kl_weight" (steps, batch), which grows from 0 to `weight` in that many steps.

    Examples:
        >>> more = annealed(0.2, steps=4)
        >>> chunk = {"weight": np.ones((3, 1))}
        >>> [more(np.random.default_rng(0), chunk)["kl_weight"].ravel().astype(float).round(2).tolist() for _ in "ab"]
        [[0.0, 0.05, 0.1], [0.15, 0.2, 0.2]]
    """
    done = 0

    def more(rng: np.random.Generator, chunk: Chunk) -> dict[str, AnyArray]:
        nonlocal done
        shape = chunk["weight"].shape
        share = np.arange(done, done + shape[0]) / max(steps, 1e-9)
        done += shape[0]
        grown = (weight * np.minimum(1.0, share)).astype(np.float32)
        return {"kl_weight": np.broadcast_to(grown[:, None], shape)}

    return more


@dataclass(kw_only=True)
class MultVAE(AutoencoderRanker):
    """Variational autoencoder with a multinomial likelihood (Liang, Krishnan, Hoffman and Jebara 2018, section 2).

    With x the preferences of a person and noise as in `MultDAE`, the code z is drawn from a normal distribution with

        [mu, log s^2] = g(noise(x / |x|)),   z = mu + s e,   e from N(0, I)

    and the loss is the negative evidence lower bound with the divergence from N(0, I) weighed by beta (equation 6):

        - sum over items i of x_i log softmax(f(z))_i  +  beta / 2 sum over k of (s_k^2 + mu_k^2 - 1 - log s_k^2)

    averaged over people. g and f have the layers `hidden`, with tanh. beta grows evenly from 0 to `kl_weight` over the
    first `annealing` part of the training, and stays: below 1 it asks less of the code than the bound does, so that it
    can tell people apart (section 2.2.1). Anyone is answered by their history alone, by z = mu, without noise.

    Attributes:
        preference: see `Ranker`.
        hidden: widths of the layers from the history to the code, and in reverse from the code to the scores.
        factors: units of the code.
        dropout: share of the entries dropped in training.
        kl_weight: the highest beta.
        annealing: part of the training in which it is reached.
        regularization: weight of the squared weights; none in the paper.
        epochs: see `Trained`; likewise the hyperparameters that follow, and what is learned.

    Examples:
        >>> import longtail as lt
        >>> rows = [(u, i) for u in range(20) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
        >>> users, items = zip(*rows, strict=True)
        >>> data = lt.Interactions.from_frame({"user": users, "item": items})
        >>> model = MultVAE(hidden=(16,), factors=8, epochs=100, learning_rate=0.01).fit(data)
        >>> sorted(model.recommend_for([{0: 1, 2: 1}], n=8).of(0))
        [4, 6, 8, 10, 12, 14, 16, 18]
    """

    fold_in: ClassVar[FoldIn] = "exact"

    preference: Preference = "value"
    hidden: tuple[int, ...] = hyper((), at_least=1)
    factors: int = hyper(100, at_least=1, search=(50, 400), log=True)
    dropout: float = hyper(0.35, at_least=0.0, at_most=0.9, search=(0.0, 0.8))
    kl_weight: float = hyper(0.3, at_least=0.0, search=(0.02, 1.0), log=True)
    annealing: float = hyper(0.5, at_least=0.0, at_most=1.0)
    regularization: float = hyper(3e-4, at_least=0.0)
    epochs: int = hyper(150, at_least=1, search=(20, 200), log=True)
    batch_size: int = hyper(32, at_least=1)
    learning_rate: float = hyper(9e-4, at_least=0.0, search=(1e-4, 1e-2), log=True)
    schedule: Schedule = hyper("cosine", shared=True)

    def _network(self) -> Network:
        return VariationalNetwork(
            n_items=len(self.item_ids_), hidden=self.hidden, factors=self.factors, noise=self.dropout,
            regularization=self.regularization, precision=self.precision, seed=self.seed,
        )  # fmt: skip

    def _feed(self, weights: sparse.csr_array) -> HistoryFeed:
        feed = super()._feed(weights)
        more = annealed(self.kl_weight, self.annealing * feed.steps * self.epochs)
        return HistoryFeed(feed.histories, self.batch_size, more)
