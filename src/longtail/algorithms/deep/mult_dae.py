"""Mult-DAE: a denoising autoencoder of what a person has met, with a multinomial likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

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
from longtail.algorithms.trainer import Batch, Network, Tensor
from longtail.params import hyper

__all__ = ["MultDAE"]


@dataclass(eq=False, kw_only=True)
class DenoisingNetwork(MultinomialNetwork):
    """History -> tanh layers -> logits over the items."""

    def build(self) -> None:
        """The code is a layer of tanh, too."""
        self.noisy = self.dropout(self.noise)
        self.encode = self.stack(self.n_items, *self.hidden, self.factors, last="tanh")
        self.decode = self.stack(self.factors, *reversed(self.hidden), self.n_items, last=None)

    def loss(self, batch: Batch, training: bool) -> Tensor:
        """Minus the log-likelihood of what each person has met, given a part of it."""
        return self.log_loss(batch, self.logits(noisy_history(batch, self.n_items, self.noisy, training)))

    def penalty(self, batch: Batch) -> Tensor:
        """The squared weights of all layers."""
        return self.regularization * squares([*self.encode, *self.decode])

    def answer(self, batch: Batch) -> Tensor:
        """Logits for histories (n, n_items)."""
        return self.logits(of_length_one(batch["history"]))

    def logits(self, history: Tensor) -> Tensor:
        """(n, n_items) of histories of length 1, noisy or not."""
        return through(self.decode, through(self.encode, history))


@dataclass(kw_only=True)
class MultDAE(AutoencoderRanker):
    """Denoising autoencoder with a multinomial likelihood (Liang, Krishnan, Hoffman and Jebara 2018, section 2.2.2).

    With x the preferences of a person, and noise that drops each entry of x / |x| with probability `dropout` and
    divides the others by 1 - dropout,

        f = W_2 tanh(W_1 noise(x / |x|) + b_1) + b_2,   loss = - sum over items i of x_i log softmax(f)_i

    averaged over people, plus regularization (|W_1|^2 + |W_2|^2). `hidden` puts more layers of tanh in front of the
    code, and the same in reverse behind it. Anyone is answered by their history alone, without noise.

    Attributes:
        preference: see `Ranker`.
        hidden: widths of further layers, from the history to the code.
        factors: units of the code.
        dropout: share of the entries dropped in training.
        regularization: weight of the squared weights (the authors took 0.01 / 500 = 2e-5 on the 20 million ratings
            of MovieLens; the default is for a thousand people).
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
    hidden: tuple[int, ...] = hyper((), at_least=1)
    factors: int = hyper(400, at_least=1, search=(100, 600), log=True)
    dropout: float = hyper(0.5, at_least=0.0, at_most=0.9, search=(0.0, 0.8))
    regularization: float = hyper(0.005, at_least=0.0, search=(1e-3, 3e-2), log=True)
    epochs: int = hyper(100, at_least=1, search=(20, 200), log=True)

    def _network(self) -> Network:
        return DenoisingNetwork(
            n_items=len(self.item_ids_), hidden=self.hidden, factors=self.factors, noise=self.dropout,
            regularization=self.regularization, precision=self.precision, seed=self.seed,
        )  # fmt: skip
